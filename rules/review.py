"""A person's decision on a patch. Nobody decides on what they made themselves."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet

from cases import log
from cases.access import require_role
from cloudmate import prepared
from cloudmate.states import transition
from rules.models import Patch, PatchComment, PatchRevision, Review

NOTED = {
    Review.Decision.APPROVE: "approved a patch",
    Review.Decision.CHANGES: "asked for changes",
    Review.Decision.REJECT: "rejected a patch",
}


class ReviewError(Exception):
    """A decision that may not be taken; the message says why."""


def decide(
    patch: Patch,
    *,
    by,
    decision: str,
    reason: str = "",
    words: str = "",
    revision: int | None = None,
    by_flag: bool = False,
) -> Review:
    """Record one decision on the current revision. Approving lets it merge; it does not merge.

    ``revision`` is the one that the person has read: where another stands by now, nothing is recorded. A rejection needs a reason from the list, a request for changes needs words. ``by_flag`` marks
    a decision given on the command line in the name of ``by``. Comments that ``by`` held back are sent with it,
    and do for the words of a request for changes. Raises ReviewError.
    """
    require_role(by, "reviewer", "lead")
    if why := why_not(patch, by):
        raise ReviewError(why)
    if revision is not None and revision != patch.revision_number:
        raise ReviewError(
            f"You read revision {revision}; revision {patch.revision_number} stands now: read it, then decide"
        )
    if decision not in Review.Decision.values:
        raise ReviewError(f"{decision!r} is no decision: choose one of {', '.join(Review.Decision.values)}")
    if decision == Review.Decision.REJECT and not reason:
        raise ReviewError("Choose the reason for rejecting: it is what the critic learns from")
    if reason not in Review.Reason.values:
        raise ReviewError(f"{reason!r} is no reason of the list")
    held_back = patch.comments.filter(by=by, pending=True)
    if decision == Review.Decision.CHANGES and not words.strip() and not held_back.exists():
        raise ReviewError("Say what should change: in words here, or in a comment on a line")
    with transaction.atomic():
        review = Review.objects.create(
            patch=patch,
            revision_number=patch.revision_number,
            decision=decision,
            reason=reason,
            words=words.strip(),
            by=by,
            by_flag=by_flag,
        )
        held_back.update(pending=False, at=review.at)
        if decision == Review.Decision.REJECT:
            transition(patch, Patch.State.REJECTED)
        elif decision == Review.Decision.CHANGES:
            transition(patch, Patch.State.DRAFT)
        said = f"{review.get_reason_display()}: {review.words}" if reason else review.words
        log.note(NOTED[review.decision], by=by, case=patch.case, subject=f"patch {patch.pk}", words=said)
    return review


def why_not(patch: Patch, user) -> str:
    """Why ``user`` may not decide on this patch, in words; "" where they may."""
    if patch.state != Patch.State.IN_REVIEW:
        return f"It is {patch.standing}: only a patch in review can be decided on"
    if user.pk in makers(patch):
        return "You made it: someone else has to decide"
    return ""


def makers(patch: Patch) -> set[int]:
    """Everybody whose hand is in it: its author and the authors of its revisions."""
    found = set(prepared.rows(_revised_by, patch.pk))
    return found | ({patch.author_id} if patch.author_id else set())


def _revised_by(patch: int) -> QuerySet:
    return PatchRevision.objects.filter(patch=patch).exclude(by=None).order_by().values_list("by", flat=True)


@dataclass(frozen=True)
class Said:
    """What people said of a patch: every review, the oldest first, and how many comments hold it up."""

    reviews: tuple[Review, ...]
    open_comments: int


def said_of(patch: Patch) -> Said:
    return Said(reviews_of(patch), prepared.count(_holding_up, patch.pk))


def reviews_of(patch: Patch) -> tuple[Review, ...]:
    return tuple(prepared.rows(_reviews, patch.pk))


def _reviews(patch: int) -> QuerySet[Review]:
    return Review.objects.filter(patch=patch).select_related("by").order_by("pk")


def _holding_up(patch: int) -> QuerySet[PatchComment]:
    return PatchComment.objects.holding_up().filter(patch=patch).order_by()


def approvals(patch: Patch, said: Said | None = None) -> list[Review]:
    """Approvals of the current revision that still stand: the newest word of each person counts."""
    newest: dict[int, Review] = {}
    for review in said.reviews if said else reviews_of(patch):
        if review.revision_number == patch.revision_number:
            newest[review.by_id] = review
    return [review for review in newest.values() if review.decision == Review.Decision.APPROVE]
