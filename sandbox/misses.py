"""Misses as tasks: a person records the call, or says which recorded return answers it too; a new snapshot has it."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet

from cases.models import Case
from cases.recording import task_of
from cloudmate import prepared
from sandbox import capture, worlds
from sandbox.capture import canonical_for
from sandbox.environment.base import Recording
from sandbox.models import Miss, Snapshot, SnapshotRecording

LONGEST = 2_000_000  # characters of a return that is pasted


class MissError(Exception):
    """A miss that cannot be settled so; the message says what to do."""


@dataclass(frozen=True)
class Task:
    miss: Miss
    nearest: tuple[SnapshotRecording, ...]


def tasks_of(snapshot: Snapshot, limit: int = 50) -> list[Task]:
    """The calls that a snapshot could not answer, the most asked first, each with the recordings nearest to it."""
    misses = prepared.rows(most_asked, snapshot.pk, (limit,))
    source, task = capture.source_of(snapshot), task_of(snapshot.case.current)
    near = {
        miss.pk: [call.key for call in source.index.nearest(canonical_for(task, miss.tool, miss.arguments))]
        for miss in misses
    }
    wanted = {key for keys in near.values() for key in keys}
    held: dict[str, SnapshotRecording] = {}
    for row in snapshot.recordings.filter(key__in=wanted).order_by("-order"):
        held[row.key] = row
    return [Task(miss, tuple(held[key] for key in near[miss.pk] if key in held)) for miss in misses]


def most_asked(snapshot: int, cut: tuple[int, ...]) -> QuerySet[Miss]:
    """The misses of a snapshot, the most asked first; ``cut`` holds how many, or nothing."""
    return Miss.objects.filter(snapshot=snapshot)[slice(*cut or (None,))]


def alias(miss: Miss, recording: SnapshotRecording, *, by) -> Snapshot:
    """Take a recorded return as the answer to a missed call too, in ``by``'s name. Raises MissError.

    Such an answer counts as derived (R2) and says whose word it rests on.
    """
    if recording.snapshot_id != miss.snapshot_id or recording.tool != miss.tool:
        raise MissError("That recording is of another tool or another snapshot: choose one of those shown.")
    note = f"aliased by {by.get_username()} to {recording.tool} {recording.arguments}"[:300]
    taken = Recording(miss.tool, miss.arguments, recording.raw.text, recording.is_error, derived=True, note=note)
    return _extended(miss, taken)


def record(miss: Miss, output: str, *, is_error: bool = False) -> Snapshot:
    """Keep what the real tool returned to a missed call, redacted. Raises MissError for nothing and for too much."""
    if not output.strip():
        raise MissError("Paste what the tool returned, or choose a file with it.")
    if len(output) > LONGEST:
        raise MissError(f"That is {len(output):,} characters; at most {LONGEST:,} can be kept.")
    if "\x00" in output:
        raise MissError("That is no text: it holds a NUL character.")
    return _extended(miss, Recording(miss.tool, miss.arguments, output, is_error))


@transaction.atomic
def _extended(miss: Miss, taken: Recording) -> Snapshot:
    """The newest snapshot with one recording more; the other misses stay tasks of the new one.

    Two people who settle calls of one case at the same moment wait for each other here.
    """
    Case.objects.select_for_update().get(pk=miss.snapshot.case_id)
    newest = miss.snapshot.case.snapshots.order_by("-number").first()
    recordings = capture.recordings_of(newest)
    task = task_of(newest.case.current)
    if any(canonical_for(task, held.tool, held.arguments).key == miss.key for held in recordings):
        raise MissError("Somebody settled this call already.")
    order = max((held.order for held in recordings), default=-1) + 1
    added = Recording(
        taken.tool, taken.arguments, taken.output, taken.is_error, derived=taken.derived, order=order, note=taken.note
    )
    snapshot = capture.freeze(newest.case, (*recordings, added), world=worlds.spec_of(newest))
    others = newest.misses.exclude(key=miss.key)
    Miss.objects.bulk_create(
        [
            Miss(snapshot=snapshot, key=row.key, tool=row.tool, arguments=row.arguments, times=row.times)
            for row in others
        ],
        ignore_conflicts=True,
    )
    return snapshot
