"""Rules tried before they are proposed: what the checks say, and on whose recorded runs they would act. Writes nothing."""

import time
from dataclasses import dataclass

from django.db.models import OuterRef, Subquery

from cases import recording
from cases.models import Case, Session
from cases.transcript import Transcript
from rules import patches, versions
from rules.diffs import Changed, diff_of
from rules.gate import Finding, static_findings
from rules.patching import PatchingError, apply, difference
from sandbox.agents.offline.read import CaseFile
from sandbox.knowledge.retrieval import ANY_CONCLUSION, Situation, triggered
from sandbox.knowledge.rule import Implies, Knowledge, Rule

SECONDS = 8.0  # a person waits no longer; what was not looked at is said


@dataclass(frozen=True)
class Checked:
    """``problem`` says why it does not fit the head; else what changes, and the findings that the gate would refuse for."""

    rules: tuple[Rule, ...]
    changes: tuple[Changed, ...] = ()
    findings: tuple[Finding, ...] = ()
    problem: str = ""


def check(rules: tuple[Rule, ...], removed: tuple[str, ...]) -> Checked:
    """What the gate's static checks will say of this change of the current version."""
    base = versions.knowledge(versions.head())
    try:
        candidate = apply(base, add=rules, remove=removed)
    except PatchingError as problem:
        return Checked(rules, problem=str(problem))
    if candidate.digest == base.digest:
        return Checked(rules, problem="This changes nothing: the current version already says so" if rules else "")
    findings = static_findings(base, candidate, known_names=patches.known_names())
    return Checked(rules, tuple(diff_of(base, candidate)["changes"]), findings)


@dataclass(frozen=True)
class Tried:
    """A case on whose newest run a changed rule acts. ``kind``: positive, near_miss, or touched where it names no class."""

    case: Case
    session: int
    rules: tuple[str, ...]
    step: int  # the first at which one applies; the number of steps: the conclusion
    kind: str
    fault_class: str


@dataclass(frozen=True)
class Preview:
    """``tried`` of ``looked`` cases; ``total`` are confirmed, ``unrun`` of those have no run to look at."""

    tried: tuple[Tried, ...]
    looked: int
    total: int
    unrun: int

    @property
    def near_misses(self) -> int:
        return sum(item.kind == "near_miss" for item in self.tried)

    @property
    def positives(self) -> int:
        return sum(item.kind == "positive" for item in self.tried)

    @property
    def left(self) -> int:
        return self.total - self.unrun - self.looked


def preview(rules: tuple[Rule, ...], removed: tuple[str, ...], *, seconds: float = SECONDS) -> Preview:
    """On which confirmed cases' newest runs a rule that differs would act, as far as ``seconds`` allow.

    Raises PatchError where the change does not fit the current version.
    """
    base = versions.knowledge(versions.head())
    try:
        candidate = apply(base, add=rules, remove=removed)
    except PatchingError as problem:
        raise patches.PatchError(str(problem)) from problem
    changed = _changed(base, candidate)
    newest = (
        Session.objects.finished()
        .filter(version=OuterRef("current"), engine="offline")
        .order_by("-pk")
        .values("pk")[:1]
    )
    confirmed = Case.objects.confirmed().annotate(newest=Subquery(newest)).select_related("current").order_by("-pk")
    total = confirmed.count()
    cases = list(confirmed.exclude(newest=None))
    sessions = Session.objects.select_related("version__case__system")
    until, tried, looked = time.monotonic() + seconds, [], 0
    for case in cases:
        if time.monotonic() > until:
            break
        looked += 1
        transcript = recording.transcript_of(sessions.get(pk=case.newest))
        if acting := acts(transcript, changed):
            tried.append(_tried(case, acting, changed))
    return Preview(tuple(tried), looked, total, total - len(cases))


def acts(transcript: Transcript, rules: tuple[Rule, ...]) -> dict[str, int]:
    """The first decision of a run at which each of these rules applies, whatever was about to be concluded."""
    found: dict[str, int] = {}
    tools = {tool.name for tool in transcript.task.tools}
    file = CaseFile(transcript.task)
    for number in range(len(transcript.steps) + 1):
        if number:
            file.add(transcript.steps[number - 1])
        situation = Situation(
            file.evidence, file.alert.families, tools, file.symptom_components(), conclusion=ANY_CONCLUSION
        )
        for rule in rules:
            if rule.name not in found and triggered(rule, situation):
                found[rule.name] = number
        if len(found) == len({rule.name for rule in rules}):
            break
    return found


def _changed(base: Knowledge, candidate: Knowledge) -> tuple[Rule, ...]:
    """Both sides of each rule that differs: taking one away acts where it applied."""
    changes = difference(base, candidate).changes
    return tuple(rule for change in changes for rule in (change.before, change.after) if rule is not None)


def _tried(case: Case, acting: dict[str, int], rules: tuple[Rule, ...]) -> Tried:
    named = {
        operator.fault_class
        for rule in rules
        if rule.name in acting
        for operator in rule.then
        if isinstance(operator, Implies) and operator.weight > 0
    }
    fault_class = case.current.fault_class
    kind = "touched" if not named else "positive" if fault_class in named else "near_miss"
    return Tried(case, case.newest, tuple(acting), min(acting.values()), kind, fault_class)
