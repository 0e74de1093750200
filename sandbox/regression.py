"""The library under old and new knowledge, pair by pair; each pair is a row of work, counted once."""

from dataclasses import asdict

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from cases import recording
from cases.evaluation.run import evaluate_session, passed
from cases.models import Case, CaseVersion, Session
from cases.transcript import Level, Transcript
from cloudmate.states import transition
from cloudmate.work import Work, cancel, fail, finish, held, retry
from sandbox import admission, runs
from sandbox.agents.base import Budget, RunParameters
from sandbox.divergence import divergence_of
from sandbox.knowledge.retrieval import affected, differing
from sandbox.knowledge.rule import Knowledge
from sandbox.models import Pair, Regression, Snapshot
from sandbox.report import outcome_of
from sandbox.values import knowledge_of, stored


class RegressionError(Exception):
    """A regression that cannot be opened; the message says what is missing."""


def open_for(
    *,
    base: Knowledge,
    candidate: Knowledge,
    engine: str = "offline",
    seeds: tuple[int, ...] = (0,),
    budget: Budget = Budget(),
    target_case: Case | None = None,
) -> Regression:
    """Open a regression over every case that gates and the target; pairs wait in the queue.

    A case without a snapshot is accounted for as inconclusive, never left out; one whose snapshot is held back does
    not gate, and the report names it. Raises RegressionError where there is no case at all to test on.
    """
    cases = list(admission.gating().select_related("current"))
    if target_case is not None and target_case.pk not in {case.pk for case in cases}:
        cases.append(target_case)
    if not cases and (held := admission.not_gating().first()):
        raise RegressionError(f"No confirmed case may gate; {held.case.name}, for one, does not: {held.held_back}")
    if not cases:
        raise RegressionError("There is no confirmed case to test on: confirm cases in the library first")
    latest = {
        snapshot.case_id: snapshot
        for snapshot in Snapshot.objects.filter(case__in=[case.pk for case in cases]).order_by("number")
    }
    with transaction.atomic():
        regression = Regression.objects.create(
            base=stored(base),
            candidate=stored(candidate),
            engine=engine,
            budget=asdict(budget),
            seeds=list(seeds),
            target_case=target_case,
        )
        Pair.objects.bulk_create(
            _pair(regression, case.current, latest.get(case.pk), seed) for case in cases for seed in seeds
        )
    return regression


def untested(regression: Regression) -> QuerySet[Case]:
    """Confirmed cases that gate as they are now, and that this regression did not try so."""
    return admission.gating().exclude(current__in=regression.pairs.values("case_version"))


def execute_pair(pair: Pair) -> None:
    """Claim ``pair``, play both arms and record how they compare, in one UPDATE.

    The candidate arm is not run where no rule that differs could act on the base run: it is
    then the same run by induction. Raises TransitionError where another worker holds the pair.
    """
    with held(pair):
        _play_arms(pair)


def give_up(pair: Pair, *, error: str) -> None:
    """A pair that could not be run is inconclusive, with the reason; it is neither passed nor failed."""
    fail(pair, error=error, outcome=Pair.Outcome.INCONCLUSIVE, reason=f"error: {error}"[:300])


def close_if_done(regression: Regression) -> bool:
    """Close an open regression whose every pair has ended; True where this call closed it."""
    if regression.state != Regression.State.OPEN or regression.pairs.filter(state__in=_UNFINISHED).exists():
        return False
    transition(regression, Regression.State.CLOSED, closed_at=timezone.now())
    return True


def cancel_regression(regression: Regression) -> None:
    """Stop what has not started. What has ended is kept; ``resume`` runs only the rest."""
    transition(regression, Regression.State.CANCELLED, closed_at=timezone.now())
    cancel(regression.pairs.all())


def resume(regression: Regression) -> None:
    """Take up a cancelled regression again: only pairs without an outcome run."""
    transition(regression, Regression.State.OPEN, closed_at=None)
    for pair in regression.pairs.filter(state=Work.State.FAILED, outcome=""):
        retry(pair)


_UNFINISHED = (Work.State.QUEUED, Work.State.RUNNING)


def _pair(regression: Regression, version: CaseVersion, snapshot: Snapshot | None, seed: int) -> Pair:
    pair = Pair(regression=regression, case_version=version, snapshot=snapshot, seed=seed)
    pair.target = regression.target_case_id == version.case_id
    if snapshot is None:
        pair.state, pair.outcome, pair.reason = Work.State.DONE, Pair.Outcome.INCONCLUSIVE, "no snapshot"
    return pair


def _play_arms(pair: Pair) -> None:
    regression = pair.regression
    base_knowledge, candidate_knowledge = knowledge_of(regression.base), knowledge_of(regression.candidate)
    parameters = RunParameters(regression.engine, pair.seed, budget=Budget(**regression.budget))
    base = _base_session(pair, base_knowledge, parameters)
    base_transcript = recording.transcript_of(base)
    base_passed = _passed(base)
    if _proven_unaffected(regression, base_transcript, base_knowledge, candidate_knowledge):
        outcome = Pair.Outcome.INCONCLUSIVE if base_passed is None else Pair.Outcome.UNAFFECTED
        reason = _why_unsettled(base) if base_passed is None else ""
        _record(pair, base, base, base_passed, base_passed, outcome, reason)
        return
    candidate = runs.settle(
        pair.case_version,
        pair.snapshot,
        knowledge=candidate_knowledge,
        parameters=parameters,
        known=runs.Known(base_transcript, base_knowledge),
    )
    candidate_passed = _passed(candidate)
    divergence = divergence_of(
        base_transcript,
        recording.transcript_of(candidate),
        differing={rule.name for rule in differing(base_knowledge, candidate_knowledge)},
    )
    reason = "; ".join(
        f"{arm}: {_why_unsettled(session)}"
        for arm, session, result in (("old", base, base_passed), ("new", candidate, candidate_passed))
        if result is None
    )
    outcome = outcome_of(base_passed, candidate_passed).value
    _record(pair, base, candidate, base_passed, candidate_passed, outcome, reason, divergence)


def _proven_unaffected(regression: Regression, transcript: Transcript, base: Knowledge, candidate: Knowledge) -> bool:
    return regression.engine in runs.DETERMINISTIC and affected(transcript, base, candidate) is None


def _base_session(pair: Pair, knowledge: Knowledge, parameters: RunParameters) -> Session:
    """The old arm's session: one an earlier regression proved the same under this knowledge, or a run."""
    if parameters.engine in runs.DETERMINISTIC:
        proven = (
            Pair.objects.filter(
                regression__candidate=pair.regression.base_id,
                regression__engine=parameters.engine,
                regression__budget=pair.regression.budget,
                case_version=pair.case_version_id,
                snapshot=pair.snapshot_id,
                seed=pair.seed,
                candidate_session__isnull=False,
            )
            .select_related("candidate_session")
            .order_by("pk")
            .first()
        )
        if proven is not None:
            return proven.candidate_session
    return runs.settle(pair.case_version, pair.snapshot, knowledge=knowledge, parameters=parameters)


def _record(pair, base, candidate, base_passed, candidate_passed, outcome, reason="", divergence=None) -> None:
    finish(
        pair,
        base_session=base,
        candidate_session=candidate,
        base_passed=base_passed,
        candidate_passed=candidate_passed,
        outcome=outcome,
        reason=reason[:300],
        divergence=asdict(divergence) if divergence else None,
    )


def _passed(session: Session) -> bool | None:
    return passed(evaluate_session(session))


def _why_unsettled(session: Session) -> str:
    misses = session.steps.filter(level=Level.MISS).count()
    return evaluate_session(session).get_verdict_display().lower() + (
        f", {misses} calls not captured" if misses else ""
    )
