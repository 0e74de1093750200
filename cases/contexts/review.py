"""Score review: what one reviewer sees of one item, before and after the own answer."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet

from cases import reviewing
from cases.access import EXPERT, LEAD, REVIEWER, counted_by, has_role
from cases.contexts.chain import ordered
from cases.diagnosis import Claim
from cases.models import ReviewItem, ReviewSeat
from cases.recording import transcript_of
from cases.transcript import Transcript
from cloudmate import prepared

AROUND = 1200  # characters of a return shown on each side of a quoted passage
COUNTED = 1000  # counts of a queue stop here


@dataclass(frozen=True)
class Seen:
    """A cited return, cut around what is cited: ``before``, the passage, ``after``."""

    step: int
    tool: str
    arguments: dict[str, Any]
    before: str
    passage: str
    after: str
    left_out: int  # characters not shown
    quote: str

    @property
    def number(self) -> int:
        return self.step + 1


@dataclass(frozen=True)
class Stated:
    claim: Claim
    seen: tuple[Seen, ...]


@dataclass(frozen=True)
class Line:
    """One question with my answer; the judge's ``judged``, ``quote`` and ``because`` only once mine is stored."""

    id: str
    text: str
    mine: str
    judged: str = ""
    quote: str = ""
    because: str = ""


def to_judge(user) -> QuerySet[ReviewItem]:
    """The scores that wait for this person to judge them; of a long queue any COUNTED, as they are only counted."""
    may = has_role(user, EXPERT, REVIEWER, LEAD)
    return reviewing.open_to(user).order_by()[:COUNTED] if may else ReviewItem.objects.none()


def progress(user) -> dict[str, int]:
    seats = dict(prepared.rows(_seats_by_state, user.pk))
    done = seats.get(ReviewSeat.State.DONE, 0)
    at_it = seats.get(ReviewSeat.State.HELD, 0) + seats.get(ReviewSeat.State.ANSWERED, 0)
    return {"done": done, "of": done + at_it + counted_by(user, to_judge)}


def _seats_by_state(user: int) -> QuerySet:
    return ReviewSeat.objects.filter(by=user).order_by().values_list("state").annotate(n=Count("pk"))


def review_page(seat: ReviewSeat | None, user) -> dict[str, Any]:
    shown: dict[str, Any] = {"seat": seat, **progress(user)}
    if seat is None:
        shown["held_by_others"] = ReviewItem.objects.filter(left__gt=0).exists()
        return shown
    score = seat.item.score
    session = score.evaluation.session
    session.version.case = session.case  # the same row: not read again
    transcript = transcript_of(session)
    revealed = seat.state == ReviewSeat.State.ANSWERED
    return shown | {
        "session": session,
        "task": transcript.task,
        "diagnosis": transcript.diagnosis,
        "stated": stated(transcript),
        "dimension": score.get_dimension_display(),
        "rubric": reviewing.RUBRIC[score.dimension],
        "lines": _lines(seat, revealed=revealed),
        "revealed": revealed,
        "score": score if revealed else None,
        "agrees": revealed and (score.value >= 0.5) == (seat.review.value >= 0.5),
    }


def _lines(seat: ReviewSeat, *, revealed: bool) -> list[Line]:
    rows = {row["id"]: row for row in seat.item.score.details.get("questions", [])} if revealed else {}
    found = []
    for one in reviewing.questions_of(seat.item.score):
        row = rows.get(one.id, {})
        judged = (row.get("answer", ""), row.get("quote", ""), row.get("reason", ""))
        found.append(Line(one.id, one.text, seat.answers.get(one.id, ""), *judged))
    return found


def stated(transcript: Transcript) -> list[Stated]:
    """Every claim with what it cites, causes before effects."""
    if transcript.diagnosis is None:
        return []
    return [
        Stated(claim, tuple(_seen(ref.step, ref.quote, transcript) for ref in claim.refs))
        for claim in ordered(transcript.diagnosis)
    ]


def _seen(at: int, quote: str, transcript: Transcript) -> Seen:
    if at >= len(transcript.steps):
        return Seen(at, "", {}, "", "", "", 0, quote)
    step = transcript.steps[at]
    output = step.observation.output
    start = output.find(quote) if quote else -1
    if start < 0:
        shown = output[: 2 * AROUND]
        return Seen(at, step.tool, step.arguments, shown, "", "", len(output) - len(shown), quote)
    end = start + len(quote)
    before, after = output[max(0, start - AROUND) : start], output[end : end + AROUND]
    left = len(output) - len(before) - len(quote) - len(after)
    return Seen(at, step.tool, step.arguments, before, quote, after, left, quote)
