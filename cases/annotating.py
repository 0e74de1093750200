"""What people say of a session while and after it happens: notes, evidence, hypotheses, marks, pauses, scores."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from cases import redacting
from cases.models import Annotation, Bearing, Score, ScoreReview, Session, Step
from cases.redaction import redact
from cases.shapes import find


class AnnotationError(Exception):
    """What was said does not fit what was seen; the message is for the person who said it."""


def annotate(
    session: Session,
    *,
    kind: str,
    by,
    text: str = "",
    quote: str = "",
    step: Step | None = None,
    line: int = 1,
) -> Annotation:
    """Keep a note, a hypothesis, or a passage of a return as evidence; secrets are redacted first.

    Of the places where the passage stands in the return, the first from ``line`` on is meant (lines count from 1).
    Raises AnnotationError where there is nothing to keep, or where the passage is not in the step's return.
    """
    own = redacting.own()
    text, quote = redact(text.strip(), own).text, redact(quote.strip("\n"), own).text
    if kind not in Annotation.Kind.values:
        raise AnnotationError(f"{kind!r} is no kind of annotation: choose {', '.join(Annotation.Kind.values)}.")
    span = None
    if kind == Annotation.Kind.EVIDENCE:
        if step is None or not quote.strip():
            raise AnnotationError("Select the passage of the return that is the evidence, then mark it.")
        span = find(quote, step.raw.text, line=line)
        if span is None:
            raise AnnotationError(
                "That passage does not stand in the return like this: show the return as printed, and select it there."
            )
        quote = step.raw.text[span[0] : span[1]]
    elif not text:
        raise AnnotationError("Write what you want to keep.")
    return Annotation.objects.create(
        session=session,
        step=step,
        kind=kind,
        text=text,
        quote=quote,
        start=span[0] if span else None,
        end=span[1] if span else None,
        hypothesis_state=Annotation.HypothesisState.OPEN if kind == Annotation.Kind.HYPOTHESIS else "",
        by=by,
    )


def judge_hypothesis(hypothesis: Annotation, state: str) -> None:
    """Open, supported or ruled out: the state a hypothesis of a session has now."""
    if hypothesis.kind != Annotation.Kind.HYPOTHESIS or state not in Annotation.HypothesisState.values:
        raise AnnotationError("Only a hypothesis is open, supported or ruled out.")
    hypothesis.hypothesis_state = state
    hypothesis.save(update_fields=["hypothesis_state"])


def bear(evidence: Annotation, hypothesis: Annotation, stance: str) -> None:
    """A passage speaks for a hypothesis, against it, or, with "", has nothing to do with it.

    Raises AnnotationError where it is no passage, no hypothesis, or of another session.
    """
    kinds = (evidence.kind, hypothesis.kind)
    if kinds != (Annotation.Kind.EVIDENCE, Annotation.Kind.HYPOTHESIS) or evidence.session_id != hypothesis.session_id:
        raise AnnotationError("Only a passage of evidence bears on a hypothesis, of the same session.")
    if stance not in ("", *Bearing.Stance.values):
        raise AnnotationError("Evidence speaks for a hypothesis, against it, or not at all.")
    if stance:
        Bearing.objects.update_or_create(evidence=evidence, hypothesis=hypothesis, defaults={"stance": stance})
    else:
        Bearing.objects.filter(evidence=evidence, hypothesis=hypothesis).delete()


def explain(step: Step, *, why: str, key_evidence: bool, dead_end: bool) -> None:
    """Why this call was made and what became of it. Only while the session is being recorded."""
    if step.session.state != Session.State.RECORDING:
        raise AnnotationError("This session is finished. Add a note instead.")
    if key_evidence and dead_end:
        raise AnnotationError("A step is key evidence or a dead end, not both.")
    step.why, step.key_evidence, step.dead_end = redact(why.strip(), redacting.own()).text, key_evidence, dead_end
    step.save(update_fields=["why", "key_evidence", "dead_end"])


def pauses_of(session: Session) -> list[dict[str, Any]]:
    return list(session.parameters.get("pauses", []))


def paused(session: Session) -> bool:
    pauses = pauses_of(session)
    return bool(pauses) and pauses[-1]["until"] is None


def pause(session: Session, *, now=None) -> None:
    """Stop the clock. Pausing twice is one pause."""
    if session.state != Session.State.RECORDING:
        raise AnnotationError("This session is finished: its clock stands still.")
    if not paused(session):
        _keep(session, [*pauses_of(session), {"since": (now or timezone.now()).isoformat(), "until": None}])


def go_on(session: Session, *, now=None) -> None:
    """Let the clock run again."""
    if paused(session):
        *before, last = pauses_of(session)
        _keep(session, [*before, {**last, "until": (now or timezone.now()).isoformat()}])


def _keep(session: Session, pauses: list[dict[str, Any]]) -> None:
    session.parameters = {**session.parameters, "pauses": pauses}
    session.save(update_fields=["parameters"])


def worked_ms(session: Session, *, now=None) -> int:
    """Milliseconds of work so far: from the start to the end, without the pauses."""
    end = session.finished_at or now or timezone.now()
    spent = end - session.started_at
    for one in pauses_of(session):
        since = datetime.fromisoformat(one["since"])
        until = datetime.fromisoformat(one["until"]) if one["until"] else end
        spent -= max(min(until, end) - since, timedelta(0))
    return max(int(spent.total_seconds() * 1000), 0)


def review_score(score: Score, *, value: float, reason: str, by) -> ScoreReview:
    """A person's own score beside the judge's. The judge's stays; the person's newest counts."""
    if not 0 <= value <= 1:
        raise AnnotationError("A score is between 0 and 1.")
    return ScoreReview.objects.create(score=score, value=value, reason=redact(reason.strip()).text, by=by)
