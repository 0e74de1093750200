"""What each sandbox page shows; a page and its fragment build the same context."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from difflib import SequenceMatcher

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Now

from cases import proposing, recording
from cases.access import EXPERT, LEAD, REVIEWER, has_role
from cases.calls import canonical
from cases.models import Case, Evaluation, Session, Step
from cases.recording import task_of
from cases.transcript import Step as StepValue
from cloudmate import prepared
from sandbox import misses, runs
from sandbox.archive import MODALITY_NAMES
from sandbox.branches import archive_of, spent
from sandbox.divergence import divergence_of
from sandbox.following import following
from sandbox.forms import InjectForm
from sandbox.knowledge.retrieval import differing
from sandbox.models import Branch, Derivation, Exploration, KnowledgeValue, Pair, Run
from sandbox.values import knowledge_of

JUDGED_WITHIN = timedelta(minutes=1)  # a page waits no longer than this for the verdict of what just ended


@dataclass(frozen=True)
class AlignedStep:
    """One line of two sessions side by side: ``kind`` is same, old, new or changed."""

    kind: str
    old: StepValue | None
    new: StepValue | None
    first_divergence: bool = False


def comparison(old: Session, new: Session) -> dict:
    """Two sessions of one case, aligned call by call, the first divergence marked and its rule named."""
    for session in (old, new):
        session.version.case = session.case  # the same row: not read again
    before, after = recording.transcript_of(old), recording.transcript_of(new)
    keys = [
        [canonical(step.tool, step.arguments, t.task.tool(step.tool)).key for step in t.steps] for t in (before, after)
    ]
    lines: list[AlignedStep] = []
    marked = False
    for tag, i, j, k, m in SequenceMatcher(a=keys[0], b=keys[1], autojunk=False).get_opcodes():
        for offset in range(max(j - i, m - k)):
            left = before.steps[i + offset] if i + offset < j else None
            right = after.steps[k + offset] if k + offset < m else None
            kind = "same" if tag == "equal" else "changed" if left and right else "old" if left else "new"
            first = kind != "same" and not marked
            marked = marked or first
            lines.append(AlignedStep(kind, left, right, first))
    newest = {evaluation.session_id: evaluation for evaluation in prepared.rows(_evaluations, old.pk, new.pk)}
    divergence = divergence_of(before, after, differing=_differing(old, new))
    arms = {old.origin, new.origin} == {Session.Origin.REGRESSION}
    return {
        "names": ("Old:", "New:") if arms else ("First:", "Second:"),
        "old": old,
        "new": new,
        "old_evaluation": newest.get(old.pk),
        "new_evaluation": newest.get(new.pk),
        "before": before,
        "after": after,
        "lines": lines,
        "divergence": divergence,
        "parting": next((line.kind for line in lines if line.first_divergence), ""),
        "ends": (before, after),
        "parts_at_the_end": not marked and divergence is not None,
        "same": sum(line.kind == "same" for line in lines),
    }


def _differing(old: Session, new: Session) -> set[str] | None:
    """The names of the rules that the two did not share; None where one ran without knowledge, as a person does."""
    values = {
        value.pk: knowledge_of(value) for value in prepared.rows(_knowledge, old.knowledge_digest, new.knowledge_digest)
    }
    if not {old.knowledge_digest, new.knowledge_digest} <= values.keys():
        return None
    return {rule.name for rule in differing(values[old.knowledge_digest], values[new.knowledge_digest])}


def _knowledge(old: str, new: str) -> QuerySet[KnowledgeValue]:
    return KnowledgeValue.objects.filter(pk__in=[old, new])


def _evaluations(old: int, new: int) -> QuerySet[Evaluation]:
    """What was said of two sessions, the newest last."""
    return Evaluation.objects.filter(session__in=[old, new]).only("session", "verdict").order_by("pk")


@dataclass(frozen=True)
class ShownBranch:
    row: Branch
    differs: tuple[tuple[str, str], ...]
    running: bool

    @property
    def waits(self) -> bool:
        return not self.row.run_id and not self.row.verdict


def differences(branch: Branch) -> tuple[tuple[str, str], ...]:
    """How a branch differs, as (operator, value in words)."""
    return tuple((name.replace("_", " "), _operand(value)) for name, value in branch.operators.items())


def _operand(value) -> str:
    if isinstance(value, dict):  # a fork: the steps kept, and the call made instead
        return f"after step {value.get('step', 0)}, {value.get('tool', 'another call')}"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)


def bases(row: Exploration):
    """The sessions whose first steps a person's own branch may keep: the failed one, and what the branches made."""
    made = Branch.objects.filter(exploration=row, run__session__isnull=False)
    return _finished([row.session_id, *made.values_list("run__session", flat=True)])


def _finished(sessions: Iterable[int]) -> QuerySet[Session]:
    return Session.objects.finished().filter(pk__in=sessions).order_by("pk")


def _branches(exploration: int) -> QuerySet[Branch]:
    related = ("run", "confirms", "continues", "added_by")
    return Branch.objects.filter(exploration=exploration).select_related(*related).order_by("index")


def exploration(row: Exploration, user, *, form: InjectForm | None = None) -> dict:
    """The exploration page: the plan with what came of each branch, what they cover, and the map where it was handed over."""
    branches = prepared.rows(_branches, row.pk)
    made = [branch.run.session_id for branch in branches if branch.run and branch.run.session_id]
    row.session.version.case = row.session.case  # the same row: not read again
    ended = sum(bool(branch.verdict) for branch in branches)
    running = row.state == Exploration.State.OPEN
    return {
        "exploration": row,
        "branches": [ShownBranch(branch, differences(branch), running) for branch in branches],
        "ended": ended,
        "total": len(branches),
        "not_needed": 0 if running else len(branches) - ended,
        "may_act": has_role(user, EXPERT, REVIEWER, LEAD),
        "may_record": has_role(user, EXPERT, LEAD),
        "found": sum(branch.verdict == Evaluation.Verdict.SUCCESS for branch in branches),
        "running": running,
        "scored": prepared.first(_scored, row.session_id),
        "repeats": _repeats(row, branches),
        "may_get_more": row.outcome != "success",
        "spent": spent(row),
        "modalities": MODALITY_NAMES,
        "coverage": archive_of(branches).table(),
        "verdicts": Counter(branch.verdict for branch in branches if branch.run_id and branch.verdict).most_common(),
        "form": form or InjectForm(sessions=_finished([row.session_id, *made]), initial={"after": row.session_id}),
        "tools": [tool for tool in task_of(row.session.version).tools if not tool.effectful],
        "evidence_map": sorted((row.evidence_map or {}).items()),
        "shown_by": prepared.first(_shown_by, row.session.case_id) if row.outcome == "handed_over" else None,
    }


def _repeats(row: Exploration, branches: Iterable[Branch]) -> tuple[int, int]:
    """On how many fresh seeds the best branch was right again, of how many."""
    best = next((branch.pk for branch in branches if branch.run and branch.run.session_id == row.best_id), None)
    again = [branch.verdict for branch in branches if branch.verdict and best and branch.confirms_id == best]
    return again.count(Evaluation.Verdict.SUCCESS), len(again)


def _scored(session: int) -> QuerySet[Evaluation]:
    return Evaluation.objects.filter(session=session).only("verdict").order_by("-pk")[:1]


def _shown_by(case: int) -> QuerySet[Session]:
    """An expert's session that found the cause."""
    found = Session.objects.recorded().finished().filter(case=case, actor=Session.Actor.EXPERT).with_verdict()
    return found.filter(verdict=Evaluation.Verdict.SUCCESS).only("pk").order_by("-pk")[:1]


def case_panel(case: Case, user) -> dict:
    """What the sandbox knows of a case: snapshot, misses, runs, explorations."""
    snapshot = runs.snapshot_of(case.current) if case.current_id else None
    return {
        "case": case,
        "may_act": has_role(user, EXPERT, REVIEWER, LEAD),
        "snapshot": snapshot,
        "redactions": snapshot.redactions if snapshot else [],
        "admission": snapshot.admission if snapshot else None,
        "misses": prepared.rows(misses.most_asked, snapshot.pk, (20,)) if snapshot else [],
        "misses_total": prepared.count(misses.most_asked, snapshot.pk, ()) if snapshot else 0,
        "runs": prepared.rows(_newest_runs, case.pk),
        "working": prepared.first(_unfinished, case.pk) is not None,
        "judging": prepared.first(_unjudged, case.pk) is not None,
        "explorations": prepared.rows(_explorations, case.pk),
        "pairs": prepared.rows(_newest_pairs, case.pk),
    }


def _newest_runs(case: int) -> QuerySet[Run]:
    evaluations = Evaluation.objects.filter(session=OuterRef("session")).order_by("-pk")
    runs = Run.objects.filter(case_version__case=case, origin=Session.Origin.RECORDED)
    return runs.annotate(verdict=Subquery(evaluations.values("verdict")[:1]))[:5]


def _unfinished(case: int) -> QuerySet:
    return Run.objects.filter(case_version__case=case).unfinished().order_by().values("pk")[:1]


def _unjudged(case: int) -> QuerySet:
    just_ended = Session.objects.finished().filter(case=case, finished_at__gt=Now() - JUDGED_WITHIN, evaluations=None)
    return just_ended.order_by().values("pk")[:1]


def _explorations(case: int) -> QuerySet[Exploration]:
    return Exploration.objects.filter(session__case=case).select_related("session")[:5]


def _newest_pairs(case: int) -> QuerySet[Pair]:
    pairs = Pair.objects.filter(case_version__case=case).exclude(outcome="")
    return pairs.select_related("regression").order_by("-pk")[:5]


def session_panel(session: Session, user) -> dict:
    """Beside a session: how its observations were answered, and what was explored from it."""
    levels = dict(prepared.rows(_levels, session.pk))
    exploration_row = prepared.first(_exploration, session.pk)
    derivation = prepared.first(_derivation, session.pk)
    others = prepared.rows(_others, session.case_id, session.pk)
    return {
        "session": session,
        "may_act": has_role(user, EXPERT, REVIEWER, LEAD),
        "levels": levels,
        "exploration": exploration_row,
        "others": others,
        "better": [other for other in others if other.verdict == Evaluation.Verdict.SUCCESS],
        "has_snapshot": runs.snapshot_of(session.version) is not None,
        "derivation": derivation,
        "teaches": sum(bool(row["kept"]) for row in derivation.rationales) if derivation else 0,
        **(_of_an_expert(session, derivation) if session.actor == Session.Actor.EXPERT else {}),
    }


def _levels(session: int) -> QuerySet:
    return Step.objects.filter(session=session).values_list("level").annotate(n=Count("pk")).order_by("level")


def _exploration(session: int) -> QuerySet[Exploration]:
    return Exploration.objects.filter(session=session)[:1]


def _derivation(session: int) -> QuerySet[Derivation]:
    return Derivation.objects.filter(guidance__session=session)[:1]


def _others(case: int, session: int) -> QuerySet[Session]:
    others = Session.objects.finished().filter(case=case).exclude(pk=session).with_verdict()
    return others.exclude(origin__in=[Session.Origin.REGRESSION, Session.Origin.TRIAL]).order_by("-pk")[:20]


def _of_an_expert(session: Session, derivation: Derivation | None) -> dict:
    """An expert's session beside the agent's it guides, or else the agent's newest of the case."""
    if session.state != Session.State.FINISHED:
        return {}
    agents = Session.objects.finished().recorded().filter(case=session.case_id, actor=Session.Actor.AGENT)
    guided = derivation.guidance.failed_id if derivation else None
    agent = (agents.filter(pk=guided).first() if guided else None) or agents.order_by("-pk").first()
    found = following(recording.transcript_of(session), recording.transcript_of(agent)) if agent else None
    return {
        "agent_session": agent,
        "following": found,
        "not_proposed": proposing.why_not(session),
        "accepted": sum(bool(row.get("accepted_by")) for row in derivation.rationales) if derivation else 0,
    }
