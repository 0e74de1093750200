"""Evaluations as rows: what is due, what one session is worth, and whether it passed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django.db import transaction
from django.db.models import Q, QuerySet

from cases import recording, reviewing
from cases.diagnosis import DiagnosisError
from cases.evaluation import thresholds
from cases.evaluation.base import CODE_VERSION, COSTLY_FROM, Cost, EvidenceSource, Judge, Result
from cases.evaluation.evidence import evidence_for
from cases.evaluation.registry import evaluate
from cases.evaluation.verdict import TAINTED, UNSCORED
from cases.models import CaseVersion, Evaluation, Score, Session
from cases.transcript import Transcript, digest_of

COMPARABLE = 20  # sessions at least, before one is called costly
NEWEST = 200  # of them, at most
RETESTED = 10  # one session in so many is judged twice


class EvaluationError(Exception):
    """A session that cannot be evaluated; the message says why and what to do."""


def evaluator_version(judge: Judge | None = None) -> str:
    """What an evaluation is by: the code's version, and the judge's where there is one."""
    return f"{CODE_VERSION}+{digest_of(judge.version)[:16]}" if judge else CODE_VERSION


def answering(session: Session) -> CaseVersion:
    """The case version a session is measured against: the current one where its task is what the session saw."""
    current = session.case.current
    return current if current and current.task_digest == session.version.task_digest else session.version


def due() -> QuerySet[Session]:
    """Finished sessions that this version of the code has not measured against the answer as it is now, oldest first.

    Each session carries the version that measured it, so two index ranges answer, however many are done. Binding
    a judge makes nothing due again: it would ask a model about the whole past.
    """
    return (
        Session.objects.finished()
        .filter(Q(measured_by__lt=CODE_VERSION) | Q(measured_by__gt=CODE_VERSION))
        .select_related("case__current", "version__case__system")
        .order_by("pk")
    )


def evaluate_session(
    session: Session, *, evidence: EvidenceSource | None = None, judge: Judge | None = None
) -> Evaluation:
    """Evaluate a finished session and store its scores, once per evaluator version.

    ``evidence`` is what its world knows, looked up where it is not given. A second call with the same version and
    answer returns the row that is there. A judge is asked before the
    transaction begins. What cannot be read is stored as unscored, so that it is not due for ever.
    Raises EvaluationError while the session is still being recorded.
    """
    if session.state != Session.State.FINISHED:
        raise EvaluationError(f"Session {session.pk} is still being recorded: finish it first.")
    evaluator, version = evaluator_version(judge), answering(session)
    if known := session.evaluations.filter(evaluator=evaluator, version=version).first():
        _mark(session)
        return known
    try:
        transcript, answer = transcript_for(session), version.parsed_answer()
    except DiagnosisError as error:
        return _store(session, version, evaluator, Result.unreadable(f"What is stored cannot be read: {error}"))
    bars = thresholds.read(session.case.system.thresholds)
    result = evaluate(
        transcript,
        answer,
        evidence=evidence or evidence_for(session, transcript),
        judge=judge,
        retest=judge is not None and asked_twice(session, judge),
        limit=usual_cost(session, bars.cost),
        thresholds=bars,
    )
    return _store(session, version, evaluator, result)


def asked_twice(session: Session, judge: Judge) -> bool:
    """Whether a session is in the sample whose judge is asked a second time: one in ten, by digest."""
    return int(digest_of([session.pk, judge.version])[:8], 16) % RETESTED == 0


def leave_unscored(session: Session, why: str, *, judge: Judge | None = None) -> Evaluation:
    """Store that this evaluator could not measure the session, and why: neither passed nor failed."""
    said = why.replace("\x00", "\ufffd").encode(errors="replace").decode()[:500]
    return _store(session, answering(session), evaluator_version(judge), Result.unreadable(said))


def transcript_for(session: Session) -> Transcript:
    """The transcript as evaluation reads it: a session that a person recorded is an expert's, whoever imported it."""
    transcript = recording.transcript_of(session)
    return replace(transcript, engine="expert") if session.actor == Session.Actor.EXPERT else transcript


def _store(session: Session, version: CaseVersion, evaluator: str, result: Result) -> Evaluation:
    with transaction.atomic():
        evaluation, made = Evaluation.objects.get_or_create(
            session=session,
            version=version,
            evaluator=evaluator,
            defaults={
                "judge": result.judge[:200],
                "verdict": result.verdict,
                "correct": result.correct,
                "grounded": result.grounded,
                "metrics": result.metrics,
                "findings": [finding.as_dict() for finding in result.findings],
                "reasons": list(result.reasons),
                "low_scoring": result.low_scoring,
                "signature": result.signature,
            },
        )
        if made:
            scores = Score.objects.bulk_create(
                Score(
                    evaluation=evaluation,
                    dimension=score.dimension,
                    source=score.source,
                    value=score.value,
                    reason=score.reason,
                    details=score.details,
                )
                for score in result.scores
            )
            reviewing.enqueue(session, evaluation, scores)
        _mark(session)
    return evaluation


def _mark(session: Session) -> None:
    """No longer due, unless the answer has moved on meanwhile."""
    Session.objects.filter(pk=session.pk, case__current=session.case.current_id).update(measured_by=CODE_VERSION)


def usual_cost(session: Session, percentile: float = COSTLY_FROM) -> Cost:
    """A percentile of the calls and tokens of comparable sessions: recorded, same system, same engine.

    Only recorded sessions are held to it; explorations differ in cost on purpose.
    """
    if session.origin != Session.Origin.RECORDED or session.actor != Session.Actor.AGENT:
        return Cost()
    others = Evaluation.objects.filter(
        session__case__system=session.case.system_id,
        session__origin=Session.Origin.RECORDED,
        session__actor=Session.Actor.AGENT,
        session__engine=session.engine,
    ).exclude(session=session.pk)
    rows = others.order_by("-pk").values_list("metrics__calls", "session__tokens")[:NEWEST]
    calls, tokens = zip(*rows, strict=True) if rows else ((), ())
    return Cost(calls=_at(percentile, calls), tokens=_at(percentile, tokens))


def _at(percentile: float, values: Sequence[int | None]) -> int | None:
    known = sorted(value for value in values if value is not None)
    return known[int(percentile * (len(known) - 1))] if len(known) >= COMPARABLE else None


def passed(evaluation: Evaluation | Result) -> bool | None:
    """True = right, False = not; None = neither, since nothing was measured, or what it rests on was not captured.

    What only a judge settled counts as soon as that judge may gate, and not before.
    """
    if evaluation.verdict in (TAINTED, UNSCORED) or evaluation.correct is None:
        return None
    if evaluation.metrics.get("correct_by") == "judge" and not _judge_may_gate(evaluation.judge):
        return None
    return evaluation.correct


def _judge_may_gate(judge: str) -> bool:
    from cases.evaluation.agreement import may_gate  # reads reviews; only asked where a judge settled the matter

    return may_gate(judge).allowed
