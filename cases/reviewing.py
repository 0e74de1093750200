"""Score review: people judge scores themselves, blind and one at a time, and then see what the judge said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from cases.access import EXPERT, LEAD, REVIEWER, closed_to, has_role, left_out
from cases.evaluation.selection import choose
from cases.evaluation.thresholds import read
from cases.models import Evaluation, ReviewItem, ReviewSeat, Score, ScoreReview, Session
from cases.redaction import redact
from cloudmate import prepared
from cloudmate.states import TransitionError, transition

LEASE = timedelta(minutes=20)
ANSWERS = ("yes", "no", "insufficient")
AT_ONCE = 8  # candidates tried before looking again
RUBRIC = {
    "evidence": "Is every claim borne out by the passages it cites, taken from steps before it was made?",
    "coherence": "Does the chain lead from the root cause to the reported symptom without a break?",
    "intent": "Does the conclusion answer what was asked, for the scope and time asked about?",
}

State, Decision = ReviewSeat.State, ReviewSeat.Decision


class ReviewError(Exception):
    """What cannot be done with an item of the queue; the message says why and what to do."""


class NothingTold(ReviewError):
    """Every question is answered with "cannot tell", and no flag says what is missing."""


@dataclass(frozen=True)
class Asked:
    """One binary question of the rubric, as a reviewer sees it."""

    id: str
    text: str


def enqueue(session: Session, evaluation: Evaluation, scores: Sequence[Score]) -> None:
    """Put what people should judge into the queue, once; replays of a regression and trials are not asked about."""
    if session.origin in (Session.Origin.REGRESSION, Session.Origin.TRIAL):
        return
    chosen = choose(scores, correct=evaluation.correct, key=f"{session.transcript_digest} {session.pk}")
    wanted = read(session.case.system.thresholds).reviewers
    ReviewItem.objects.bulk_create(
        (
            ReviewItem(score=one.score, why=one.why, priority=one.priority, left=wanted, author_id=session.by_id)
            for one in chosen
        ),
        ignore_conflicts=True,
    )


def open_to(user) -> QuerySet[ReviewItem]:
    """Items that want a reviewer and may have this one: not done by them, and not of a session of their own."""
    mine = ReviewSeat.objects.filter(item=OuterRef("pk"), by=user).exclude(state=State.LAPSED)
    return ReviewItem.objects.filter(left__gt=0).exclude(author=user).exclude(Exists(mine))


def wanted_from(user, scores: Iterable[int]) -> set[int]:
    """Those of ``scores`` that still want this person's own answer: nobody else's is shown to them until it is given."""
    if not has_role(user, EXPERT, REVIEWER, LEAD):
        return set()
    return set(open_to(user).filter(score__in=list(scores)).values_list("score", flat=True))


def blind(session: Session, user) -> bool:
    """Whether this person holds a review of this session whose own answer is still to come."""
    return prepared.first(_held_of, session.pk, user.pk) is not None


def _held_of(session: int, user: int) -> QuerySet:
    held = ReviewSeat.objects.filter(by=user, state=State.HELD, item__score__evaluation__session=session)
    return held.order_by().values("pk")[:1]


def seat_of(user) -> ReviewSeat | None:
    """What this person sits over now: an answer to decide about first, then a lease that still runs."""
    return prepared.first(_seats, user.pk)


def _seats(user: int) -> QuerySet[ReviewSeat]:
    mine = ReviewSeat.objects.filter(by=user).filter(Q(state=State.ANSWERED) | Q(state=State.HELD, until__gt=Now()))
    session = "item__score__evaluation__session"
    return mine.select_related(f"{session}__case__system", f"{session}__version", "review").order_by("state", "pk")[:1]


def claim(user, *, now=None) -> ReviewSeat | None:
    """The item this person sits over, or the next one of the queue, leased; None where nothing waits.

    That an item is held once is a constraint of the database: of two people who ask at the same moment one gets
    the next item. A lease that ran out lapses here, its draft kept for whoever wrote it.
    """
    now = now or timezone.now()
    if (sitting := seat_of(user)) and sitting.item.score.evaluation.session.case_id != closed_to(user):
        return sitting
    ReviewSeat.objects.filter(state=State.HELD, until__lte=now).update(state=State.LAPSED)
    held = ReviewSeat.objects.filter(item=OuterRef("pk"), state=State.HELD)
    waiting = left_out(open_to(user), user, case="score__evaluation__session__case")
    while candidates := list(waiting.exclude(Exists(held))[:AT_ONCE]):
        for item in candidates:
            try:
                with transaction.atomic():
                    seat, made = ReviewSeat.objects.get_or_create(item=item, by=user, defaults={"until": now + LEASE})
                    if not made:
                        transition(seat, State.HELD, until=now + LEASE)
                return seat
            except (IntegrityError, TransitionError):
                continue  # somebody else was faster
    return None


def questions_of(score: Score) -> tuple[Asked, ...]:
    """What the judge was asked, in its words; where only code judged, the rubric of the dimension."""
    rows = score.details.get("questions", [])
    asked = tuple(Asked(row["id"], row["question"]) for row in rows)
    return asked or (Asked(score.dimension, RUBRIC[score.dimension]),)


def save_draft(seat: ReviewSeat, *, answers: Mapping[str, str], reason: str, now=None) -> None:
    """Keep what is filled in so far, and the lease with it. The judge's answer stays hidden."""
    answers = _known(seat, answers)
    now = now or timezone.now()
    kept = ReviewSeat.objects.filter(pk=seat.pk, state=State.HELD).update(
        answers=answers, reason=redact(reason.strip()).text, until=now + LEASE
    )
    if not kept:
        raise ReviewError("This item is no longer held by you: open the queue again.")


def answer(
    seat: ReviewSeat,
    *,
    answers: Mapping[str, str],
    reason: str = "",
    flag: str = "",
    second_opinion: bool = False,
) -> ScoreReview:
    """Store the own answer, blind, for good; from here on the judge's is shown.

    Takes one of the item's places; with ``second_opinion`` it gives one back, so that somebody else is asked too.
    Raises ReviewError where a question is open, or the item already has all its reviewers; NothingTold where all
    answers are "cannot tell" and no flag says why.
    """
    answers = _known(seat, answers)
    missing = [one.text for one in questions_of(seat.item.score) if one.id not in answers]
    if missing:
        raise ReviewError(f"Answer every question first: {missing[0]}")
    settled = [given == "yes" for given in answers.values() if given != "insufficient"]
    if not settled and not flag.strip():
        raise NothingTold("Every answer is “cannot tell”: flag the item and say what is missing.")
    with transaction.atomic():
        if not ReviewItem.objects.filter(pk=seat.item_id, left__gt=0).update(
            left=F("left") - (0 if second_opinion else 1)
        ):
            raise ReviewError("This item already has all its reviewers: open the next one.")
        review = ScoreReview.objects.create(
            score=seat.item.score,
            by=seat.by,
            value=round(sum(settled) / len(settled), 4) if settled else 0.5,
            reason=redact(reason.strip()).text,
            answers=answers,
            blind=bool(settled),
        )
        _move(
            seat,
            State.ANSWERED,
            "Your lease ran out and the item went back to the queue: open the next one.",
            review=review,
            answers=answers,
            reason=review.reason,
            flag=redact(flag.strip()).text,
            second_opinion=second_opinion,
        )
    return review


def complete(seat: ReviewSeat, *, decision: str, reason: str = "") -> None:
    """Decide about the judge's answer, now that it is seen. The blind answer stays what it was.

    Overriding the judge wants a reason.
    """
    if decision not in Decision.values:
        raise ReviewError("Choose: the judge is right, or your answer stands.")
    score, reason = seat.item.score, redact(reason.strip()).text
    if decision == Decision.OVERRIDE and not reason:
        raise ReviewError("Say why your answer stands against the judge's: it is what the judge learns from.")
    with transaction.atomic():
        gone = "This item is done already: open the next one."
        _move(seat, State.DONE, gone, decision=decision, done_at=timezone.now())
        ScoreReview.objects.create(
            score=score,
            by=seat.by,
            value=score.value if decision == Decision.AGREE else seat.review.value,
            reason=reason or Decision.AGREE.label,
            answers=seat.answers,
        )


def undo(user) -> ReviewSeat | None:
    """Take back the newest decision, to decide again; what was answered blind stands. None where there is none."""
    newest = ReviewSeat.objects.filter(by=user, state=State.DONE).order_by("-done_at").first()
    if newest is not None:
        _move(newest, State.ANSWERED, "That decision has been taken back already.", decision="", done_at=None)
    return newest


def hand_back(seat: ReviewSeat) -> None:
    """Leave an item to somebody else; a draft stays for its author."""
    _move(seat, State.LAPSED, "This item is no longer held by you: open the queue again.", until=timezone.now())


def _move(seat: ReviewSeat, to: str, gone: str, **changes) -> None:
    try:
        transition(seat, to, **changes)
    except TransitionError as error:
        raise ReviewError(gone) from error


def _known(seat: ReviewSeat, answers: Mapping[str, str]) -> dict[str, str]:
    asked = {one.id for one in questions_of(seat.item.score)}
    wrong = [given for name, given in answers.items() if name in asked and given not in ANSWERS]
    if wrong:
        raise ReviewError(f"{wrong[0]!r} is no answer: choose yes, no or cannot tell.")
    return {name: given for name, given in answers.items() if name in asked}
