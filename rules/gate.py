"""The decision on a regression: accept, refuse or inconclusive, with the reason. No Django here.

A deterministic agent's loss is a proof: one case that passed and no longer does refuses at once.
A sampling agent is judged pair by pair with a test that is valid at any stopping time (``sampling``).
A gate refuses; a person rejects.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from cases.redaction import redact
from rules.conflicts import conflicts
from rules.patching import difference
from rules.sampling import Trial, weigh
from sandbox.knowledge.language import RuleSyntaxError, lint, parse_rule, text_of
from sandbox.knowledge.rule import Knowledge, Prefer, Require, Rule, ToolTest
from sandbox.report import Outcome, Report, Row

DETERMINISTIC = frozenset({"offline", "scripted"})


class Decision(StrEnum):
    ACCEPT = "accept"
    REFUSE = "refuse"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class Policy:
    """What a lead may set. ``needs_target``: the case the patch was written for must be fixed by it."""

    needs_target: bool = True
    alpha: float = 0.05
    eps: float = 0.05
    minimum_pairs: int = 2
    maximum_pairs: int = 20
    deterministic: frozenset[str] = DETERMINISTIC


@dataclass(frozen=True)
class Finding:
    """A static check that does not hold. ``check`` is grammar, lint, secrets, conflicts or scope."""

    check: str
    rule: str
    text: str

    def __str__(self) -> str:
        return f"{self.check}: rule {self.rule}: {self.text}"


@dataclass(frozen=True)
class CaseNote:
    """A case the verdict names, its counts, and where its two runs part."""

    case: int | str
    name: str
    base: str
    candidate: str
    words: str


@dataclass(frozen=True)
class Verdict:
    decision: Decision
    reason: str
    static: tuple[Finding, ...] = ()
    losses: tuple[CaseNote, ...] = ()
    gains: tuple[CaseNote, ...] = ()
    unsettled: tuple[CaseNote, ...] = ()  # pairs a loss may hide behind
    settle: tuple[str, ...] = ()  # what would settle it
    record: dict[str, Any] = field(default_factory=dict)
    does_not_show: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def static_findings(
    base: Knowledge, candidate: Knowledge, *, known_names: Sequence[str] = (), known_tools: Sequence[str] = ()
) -> tuple[Finding, ...]:
    """What grammar, linter, redaction, conflicts and scope say of the rules a patch adds or changes.

    ``known_names`` are the library's component names, ``known_tools`` its tools; either may be empty: not checked.
    """
    changed = [change.after for change in difference(base, candidate).changes if change.after is not None]
    found: list[Finding] = []
    for rule in changed:
        found += [Finding("grammar", rule.name, text) for text in _grammar(rule)]
        found += [Finding("lint", rule.name, text) for text in lint(rule, known_names=known_names)]
        found += [
            Finding("secrets", rule.name, f"holds {item.count} of kind {item.kind}: take it out")
            for item in redact(text_of(rule)).redactions
        ]
        found += [Finding("scope", rule.name, text) for text in _scope(rule, known_tools)]
    names = frozenset(rule.name for rule in changed)
    for conflict in conflicts(candidate, among=names):
        if conflict.refuses:
            ours, theirs = sorted(conflict.rules, key=lambda name: name not in names)
            found.append(Finding("conflicts", ours, f"with {theirs}: {conflict.text}"))
    return tuple(found)


def decide(report: Report, *, static: Iterable[Finding] = (), policy: Policy = Policy()) -> Verdict:
    """Judge a patch by its report; ``static`` as ``static_findings`` gave it.

    A loss refuses even while pairs are still open: no later pair can take it back.
    """
    static = tuple(static)
    if static:
        return _verdict(report, Decision.REFUSE, f"Refused before running: {static[0]}", static=static)
    if report.engine in policy.deterministic:
        return _decide_deterministic(report, policy)
    return _decide_sampling(report, policy)


def _decide_deterministic(report: Report, policy: Policy) -> Verdict:
    lost = [row for row in report.rows if row.harms]
    if lost:
        return _verdict(report, Decision.REFUSE, _loss_words(lost))
    unsettled = _blocked(report)
    target = _target_words(report, policy)
    if target and not target.open:
        return _verdict(report, Decision.REFUSE, target.words)
    if unsettled or target:
        reason = target.words if target else _unsettled_words(unsettled)
        return _verdict(report, Decision.INCONCLUSIVE, reason, settle=_settle(unsettled))
    totals = report.totals
    if not totals.protected and not totals.fixed:
        settle = ("confirm cases that the agent already solves", "name a case that it mends")
        return _verdict(
            report, Decision.INCONCLUSIVE, "No case passed before and none does now: nothing is shown", settle=settle
        )
    reason = f"No case is lost ({totals.protected} that passed were held); {totals.fixed} fixed"
    return _verdict(report, Decision.ACCEPT, reason)


def _decide_sampling(report: Report, policy: Policy) -> Verdict:
    """Chance excuses no loss of a case that must pass."""
    if floor := [row for row in report.rows if row.must_pass and row.harms]:
        return _verdict(report, Decision.REFUSE, f"{_loss_words(floor)}: it must pass")
    trials = {row.case: Trial(row.harms, row.gains, sum(p.settled for p in row.pairs)) for row in report.rows}
    affected = {case: trial for case, trial in trials.items() if not _proven(report, case)}
    weighed = weigh(affected, alpha=policy.alpha, eps=policy.eps, least=policy.minimum_pairs, most=policy.maximum_pairs)
    shown = {"alpha": policy.alpha, "eps": policy.eps, "e_values": weighed.e_values, "pooled_e": weighed.pooled}
    if weighed.harmed or weighed.pooled_harm:
        rows = [row for row in report.rows if row.case in weighed.harmed] or [row for row in report.rows if row.harms]
        return _verdict(report, Decision.REFUSE, _loss_words(rows), record=shown)
    target = _target_words(report, policy)
    if target and not target.open:
        return _verdict(report, Decision.REFUSE, target.words, record=shown)
    unsettled = _blocked(report)
    if unsettled or target or weighed.undecided:
        settle = _settle(unsettled) + tuple(
            f"run more pairs of {row.name}: {row.base} under the base, {row.candidate} with the patch"
            for row in report.rows
            if row.case in weighed.undecided
        )
        reason = target.words if target else _unsettled_words(unsettled) or "Too few pairs to tell a loss from chance"
        return _verdict(report, Decision.INCONCLUSIVE, reason, settle=settle, record=shown)
    return _verdict(report, Decision.ACCEPT, "No case has net harm after the pairs the policy asks for", record=shown)


@dataclass(frozen=True)
class _Target:
    words: str
    open: bool  # not known yet, so inconclusive rather than refused


def _target_words(report: Report, policy: Policy) -> _Target | None:
    """None where the target is fixed, grounded and failed before (or the policy asks for none)."""
    if not policy.needs_target:
        return None
    row = report.target
    if row is None:
        return _Target("The case this patch was written for is not among the cases that ran", open=True)
    waiting = [pair for pair in row.pairs if not pair.settled]
    if waiting or not row.pairs:
        why = row.reason or "it has not run yet"
        return _Target(f"{row.name}, the case this patch was written for, is not settled: {why}", open=True)
    unproven = row.outcome is Outcome.UNAFFECTED
    if unproven or not row.gains:
        kind = "is not affected by the patch" if unproven else f"was {row.base} before and is {row.candidate} with it"
        return _Target(f"{row.name}, the case this patch was written for, {kind}: it fixes nothing", open=False)
    lucky = [pair for pair in row.pairs if pair.outcome is Outcome.FIXED and pair.candidate_verdict == "lucky"]
    if lucky:
        return _Target(f"{row.name} is now right but not grounded in what was seen: lucky is not learned from", False)
    return None


def _blocked(report: Report) -> list[Row]:
    return [row for row in report.rows if any(pair.could_hide_a_loss for pair in row.pairs)]


def _proven(report: Report, case: int | str) -> bool:
    return any(row.case == case and row.outcome is Outcome.UNAFFECTED for row in report.rows)


def _loss_words(rows: Sequence[Row]) -> str:
    first = rows[0]
    where = f" ({first.divergence})" if first.divergence else ""
    more = f", and {len(rows) - 1} more" if len(rows) > 1 else ""
    return f"{first.name} passed and no longer does: {first.base} -> {first.candidate}{where}{more}"


def _unsettled_words(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    first = rows[0]
    why = first.reason or "not run yet"
    more = f", and {len(rows) - 1} more" if len(rows) > 1 else ""
    return f"A loss could hide in {first.name}: {why}{more}"


def _settle(rows: Sequence[Row]) -> tuple[str, ...]:
    remedies = {
        "miss": "record the calls its snapshot misses",
        "snapshot": "freeze a snapshot of it",
        "unscored": "give it an answer that can be scored, or a judge",
        "error": "mend the error and run it again",
    }
    said = []
    for row in rows:
        why = row.reason.lower()
        remedy = next((words for word, words in remedies.items() if word in why), "run it to its end")
        said.append(f"{row.name}: {remedy}")
    return tuple(said)


def _grammar(rule: Rule) -> list[str]:
    try:
        read = parse_rule(text_of(rule))
    except RuleSyntaxError as problem:
        return [str(problem)]
    return [] if read == rule else ["its text does not read back as the same rule"]


def _scope(rule: Rule, known_tools: Sequence[str]) -> list[str]:
    """A rule must say when it applies, and ask only for what some case of the library can do."""
    said = []
    if not any(not isinstance(test, ToolTest) and not getattr(test, "negated", False) for test in rule.when):
        said.append("nothing seen, alerted or concluded triggers it, so it would apply to every case: say when")
    for operator in rule.then:
        if known_tools and isinstance(operator, Require | Prefer) and operator.tool not in known_tools:
            said.append(f"asks for {operator.tool}, a tool no case of the library has")
    return said


def _verdict(report: Report, decision: Decision, reason: str, *, static=(), settle=(), record=None) -> Verdict:
    totals = report.totals
    bound = totals.bound if not any(row.harms for row in report.rows) else None
    return Verdict(
        decision=decision,
        reason=reason,
        static=tuple(static),
        losses=tuple(_note(row) for row in report.rows if row.harms),
        gains=tuple(_note(row) for row in report.rows if row.gains),
        unsettled=tuple(_note(row) for row in _blocked(report)),
        settle=tuple(settle),
        record={
            "engine": report.engine,
            "base": report.base_digest,
            "candidate": report.candidate_digest,
            "seeds": list(report.seeds),
            "cases": totals.cases,
            "settled": totals.settled,
            "protected": totals.protected,
            "passed_base": str(totals.base),
            "passed_candidate": str(totals.candidate),
            "fixed": totals.fixed,
            "proven_unaffected": totals.unaffected,
            "inconclusive": totals.inconclusive,
            "open": totals.open,
            "levels": dict(report.levels),
            "cost": dict(report.cost),
            "loss_rate_below": bound,
            **(record or {}),
        },
        does_not_show=_limits(report, bound),
    )


def _limits(report: Report, bound: float | None) -> tuple[str, ...]:
    totals = report.totals
    said = []
    if bound is not None:
        said.append(
            f"0 losses in {totals.protected} cases that passed before bounds the true rate of loss at {bound:.1%}, not at 0"
        )
    if totals.inconclusive + totals.open:
        said.append(f"{totals.inconclusive + totals.open} of {totals.cases} cases are not settled")
    if totals.unaffected:
        said.append(f"{totals.unaffected} cases did not run: their runs are identical by proof, audited by full runs")
    said.append("Cases outside the library, and other agents than this one, were not tried")
    return tuple(said)


def _note(row: Row) -> CaseNote:
    words = str(row.divergence) if row.divergence else row.reason
    return CaseNote(row.case, row.name, str(row.base), str(row.candidate), words)
