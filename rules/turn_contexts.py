"""What waits for one person among patches, and since when."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from cases.access import asked_by, has_role, left_out
from cases.contexts.turn import ALL, Turn
from rules.models import Patch, PatchComment, PatchRevision, QueueEntry, Review

TURNS_SHOWN = 20
ASKS = {  # of whom a patch waits for, in words
    Patch.State.DRAFT: "your draft: propose it or close it",
    Patch.State.REFUSED: "the gate refused yours: narrow it, or close it",
    Patch.State.IN_REVIEW: "the gate let it through: review it",
    Patch.State.INCONCLUSIVE: "the gate could not settle it: take it on or run it again",
}


def waiting_for(user) -> QuerySet[Patch]:
    """Patches that wait for this person: to review, to take on where the gate could not settle, or to answer for.

    One that waits in the merge queue waits for nobody.
    """
    mine = Q(author=user) | Exists(PatchRevision.objects.filter(patch=OuterRef("pk"), by=user))
    wanted = Q(pk__in=[])
    if has_role(user, "reviewer", "lead"):
        queued = Exists(QueueEntry.objects.waiting().filter(patch=OuterRef("pk")))
        wanted |= Q(state=Patch.State.IN_REVIEW) & ~mine & ~queued
    if has_role(user, "lead"):
        wanted |= Q(state=Patch.State.INCONCLUSIVE)
    if has_role(user, "expert", "reviewer", "lead"):
        asked = Q(state__in=[Patch.State.IN_REVIEW, Patch.State.INCONCLUSIVE]) & _asked_by_others(user)
        wanted |= (Q(state__in=[Patch.State.DRAFT, Patch.State.REFUSED]) | asked) & mine
    return Patch.objects.filter(wanted).order_by("updated_at")


def _asked_by_others(user) -> Exists:
    return Exists(PatchComment.objects.holding_up().filter(patch=OuterRef("pk")).exclude(by=user))


def your_turn(user) -> tuple[list[Turn], int]:
    """The patches that have waited longest for this person, and how many there are beyond those."""
    waiting = asked_by(user, _longest_waiting)
    shown = [
        Turn(patch.get_absolute_url(), patch.title, _asks(patch), "patch", patch.state, patch.updated_at)
        for patch in waiting
    ]
    return shown, waiting[0].all - len(waiting) if waiting else 0


def _longest_waiting(user) -> QuerySet[Patch]:
    mine = Exists(PatchRevision.objects.filter(patch=OuterRef("pk"), by=user))
    approving = Review.objects.filter(
        patch=OuterRef("pk"), revision_number=OuterRef("revision_number"), decision=Review.Decision.APPROVE
    )
    waiting = left_out(waiting_for(user), user, case="case").only("title", "state", "updated_at")
    waiting = waiting.annotate(approved=Exists(approving), asked=mine & _asked_by_others(user), all=ALL)
    return waiting[:TURNS_SHOWN]


def _asks(patch: Patch) -> str:
    if patch.asked:
        return "somebody commented on yours: answer, or edit it"
    if patch.approved and patch.state == Patch.State.IN_REVIEW:
        return "approved: merge it"
    return ASKS[patch.state]
