"""The merge queue as a page: who waits, how far the first is, and what became of the last ones."""

from dataclasses import dataclass

from django.db.models import Count, Q

from cases.access import has_role, left_out
from rules import versions
from rules.models import Patch, QueueEntry
from sandbox.models import Pair

ENDED = 20


@dataclass(frozen=True)
class Place:
    """One that waits: its number in the queue, and what it waits for, in words. ``of`` 0: nothing of it runs."""

    number: int
    entry: QueueEntry
    words: str
    done: int = 0
    of: int = 0


def queue(user) -> dict:
    """Four queries, however many wait."""
    head = versions.head()
    entries = left_out(QueueEntry.objects.all(), user, case="patch__case")
    waiting = list(entries.waiting().select_related("patch__case", "patch__base", "by"))
    progress = _progress([entry.patch.regression_id for entry in waiting if entry.patch.state == Patch.State.TESTING])
    ended = entries.ended().select_related("patch__case", "patch__version", "by", "ended_by")
    return {
        "places": [_place(number, entry, progress, head) for number, entry in enumerate(waiting, 1)],
        "ended": ended[:ENDED],
        "may_decide": has_role(user, "reviewer", "lead"),
        "head": head,
    }


def _place(number: int, entry: QueueEntry, progress: dict, head) -> Place:
    patch = entry.patch
    if patch.state == Patch.State.TESTING:
        done, of = progress.get(patch.regression_id, (0, 0))
        return Place(number, entry, f"tested on v{patch.base.number}", done, of)
    if patch.state == Patch.State.PROPOSED:
        return Place(number, entry, f"tested on v{head.number} next")
    if number > 1:
        return Place(number, entry, f"{number - 1} ahead of it")
    return Place(number, entry, "goes in next")


def _progress(regressions: list[int]) -> dict[int, tuple[int, int]]:
    """Regression -> pairs that ended, and how many there are."""
    pairs = Pair.objects.filter(regression__in=regressions).order_by().values("regression")
    ended = Q(state__in=[Pair.State.DONE, Pair.State.FAILED])
    counted = pairs.annotate(done=Count("pk", filter=ended), of=Count("pk"))
    return {row["regression"]: (row["done"], row["of"]) for row in counted}
