"""The merge queue: approved patches go in one after another, each tested on the knowledge that those ahead made.

The first of the queue is tested again where its base is stale, and of that only what the move touches runs. Those
behind are not tested meanwhile: what goes in before them moves their base anyway.
"""

from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.db.models import QuerySet
from django.db.transaction import atomic
from django.utils import timezone

from cases import log
from cases.access import require_role
from cloudmate import prepared
from cloudmate.states import TransitionError, transition
from rules import merge, review
from rules.models import Patch, QueueEntry

ON_THE_WAY = (Patch.State.PROPOSED, Patch.State.TESTING)
MAY_WAIT = (Patch.State.IN_REVIEW, *ON_THE_WAY)  # what is tested again on a moved base keeps its approval


class QueueError(Exception):
    """A patch that cannot be put into the queue or taken out of it; the message says why."""


@dataclass(frozen=True)
class Place:
    """Where a patch stands in the queue: its entry, where it waits there, and how many go in before it."""

    entry: QueueEntry | None
    ahead: int


def add(patch: Patch, *, by) -> QueueEntry:
    """Put an approved patch at the end of the queue; it merges in the name of ``by``. Raises QueueError."""
    require_role(by, "reviewer", "lead")
    if why := why_not(patch):
        raise QueueError(why)
    try:
        with atomic():
            entry = QueueEntry.objects.create(patch=patch, revision_number=patch.revision_number, by=by)
            _note("put into the merge queue", entry, by=by)
    except IntegrityError as twice:
        raise QueueError("It waits in the merge queue already") from twice
    return entry


def take_out(patch: Patch, *, by) -> QueueEntry:
    """Take a patch out of the queue; it stays in review, approved. Raises QueueError, TransitionError."""
    require_role(by, "reviewer", "lead")
    entry = waiting_entry(patch)
    if entry is None:
        raise QueueError("It does not wait in the merge queue")
    _end(entry, QueueEntry.State.TAKEN_OUT, by=by)
    return entry


def why_not(patch: Patch, *, place: Place | None = None, said: review.Said | None = None) -> str:
    """Why this patch may not be put into the queue, in words; "" where it may. What is known already is not asked."""
    if patch.state not in MAY_WAIT:
        return f"It is {patch.standing}: only a patch in review can be queued"
    if (place or place_of(patch)).entry:
        return "It waits in the merge queue already"
    return _held_up(patch, said)


def place_of(patch: Patch) -> Place:
    waiting = prepared.rows(_waiting)
    ahead = next((number for number, entry in enumerate(waiting) if entry.patch_id == patch.pk), len(waiting))
    return Place(waiting[ahead] if ahead < len(waiting) else None, ahead)


def _waiting() -> QuerySet[QueueEntry]:
    return QueueEntry.objects.waiting().select_related("by")


def waiting_entry(patch: Patch) -> QueueEntry | None:
    return QueueEntry.objects.waiting().filter(patch=patch).first()


def advance() -> int:
    """Merge the first of the queue, or say why it does not go in, and on to the next until one has to be tested.

    Returns how many left the queue. A worker killed between a merge and its entry's end loses nothing: the next
    call finds the patch merged.
    """
    left = 0
    while (entry := QueueEntry.objects.waiting().select_related("patch__case", "by").first()) is not None:
        try:
            if not _settled(entry):
                break
        except TransitionError:
            break  # another worker, or a person, was faster: the next sweep looks again
        left += 1
    return left


def behind() -> list[int]:
    """The patches that wait in the queue and are not its first: what goes in before them moves their base."""
    return list(QueueEntry.objects.waiting().values_list("patch", flat=True)[1:])


def _held_up(patch: Patch, said: review.Said | None = None) -> str:
    """What no test would mend, so that none is made for it."""
    said = said or review.said_of(patch)
    if not review.approvals(patch, said):
        return "no approval yet"
    count = said.open_comments
    return f"{count} comment{'s' if count > 1 else ''} open" if count else ""


def _settled(entry: QueueEntry) -> bool:
    """Whether the entry left the queue; False where its patch is tested first."""
    patch = entry.patch
    if patch.state == Patch.State.MERGED:
        _end(entry, QueueEntry.State.MERGED)
    elif entry.revision_number != patch.revision_number:
        _end(entry, QueueEntry.State.STOPPED, f"Revision {patch.revision_number} stands now: it wants its own approval")
    elif patch.state not in MAY_WAIT:
        _end(entry, QueueEntry.State.STOPPED, _why_stopped(patch))
    elif why := _held_up(patch):
        _end(entry, QueueEntry.State.STOPPED, why)
    elif patch.state in ON_THE_WAY:
        return False
    else:
        return _merged(entry)
    return True


def _merged(entry: QueueEntry) -> bool:
    try:
        merge.merge(entry.patch, by=entry.by)
    except merge.StaleBase:
        return False
    except (merge.MergeError, PermissionDenied) as problem:
        _end(entry, QueueEntry.State.STOPPED, str(problem))
    else:
        _end(entry, QueueEntry.State.MERGED)
    return True


def _why_stopped(patch: Patch) -> str:
    reason = (patch.verdict or {}).get("reason", "")
    return f"{patch.get_state_display()} on v{patch.base.number}" + (f": {reason}" if reason else "")


def _end(entry: QueueEntry, state: str, words: str = "", *, by=None) -> None:
    with atomic():
        transition(entry, state, words=words[:300], ended_at=timezone.now(), ended_by=by)
        if state == QueueEntry.State.STOPPED:
            _note("stopped in the merge queue", entry, by=entry.by, words=words)
        elif state == QueueEntry.State.TAKEN_OUT:
            _note("taken out of the merge queue", entry, by=by)


def _note(action: str, entry: QueueEntry, *, by, words: str = "") -> None:
    patch = entry.patch
    log.note(action, by=by, case=patch.case, subject=f"patch {patch.pk}", words=words or patch.title)
