"""The history of a patch: each revision with its change, what the gate said of it, and its way through the merge queue."""

from dataclasses import dataclass

from rules.diffs import diff_of
from rules.models import GateVerdict, Patch, PatchRevision, QueueEntry
from sandbox.knowledge.language import from_data
from sandbox.knowledge.rule import Knowledge


@dataclass(frozen=True)
class Revised:
    """A revision, what it says differently from the one before, and what the gate and the merge queue made of it."""

    row: PatchRevision
    diff: dict
    verdicts: list[GateVerdict]
    queued: list[QueueEntry]


def revisions_of(row: Patch) -> list[Revised]:
    """Newest first."""
    found, before = [], Knowledge()
    verdicts = _by_revision(row.verdicts.select_related("base"))
    queued = _by_revision(row.queue_entries.select_related("by", "ended_by").order_by("pk"))
    for revision in row.revisions.select_related("by").order_by("number"):
        after = Knowledge(tuple(from_data(data) for data in revision.add))
        said, entries = verdicts.get(revision.number, []), queued.get(revision.number, [])
        found.append(Revised(revision, diff_of(before, after), said, entries))
        before = after
    return found[::-1]


def _by_revision(rows) -> dict[int, list]:
    found: dict[int, list] = {}
    for row in rows:
        found.setdefault(row.revision_number, []).append(row)
    return found
