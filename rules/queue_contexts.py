"""The merge queue as a page: who waits, how far the first is, and what became of the last ones."""

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from cases.access import asked_by, has_role, left_out
from cloudmate import prepared
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
    waiting = asked_by(user, _waiting)
    progress = _progress([entry.patch.regression_id for entry in waiting if entry.patch.state == Patch.State.TESTING])
    return {
        "places": [_place(number, entry, progress, head) for number, entry in enumerate(waiting, 1)],
        "ended": asked_by(user, _ended),
        "may_decide": has_role(user, "reviewer", "lead"),
        "head": head,
    }


def _waiting(user) -> QuerySet[QueueEntry]:
    waiting = left_out(QueueEntry.objects.all(), user, case="patch__case").waiting()
    return waiting.select_related("patch__case", "patch__base", "by")


def _ended(user) -> QuerySet[QueueEntry]:
    ended = left_out(QueueEntry.objects.all(), user, case="patch__case").ended()
    return ended.select_related("patch__case", "patch__version", "by", "ended_by")[:ENDED]


def _place(number: int, entry: QueueEntry, progress: dict, head) -> Place:
    patch = entry.patch
    if patch.state == Patch.State.TESTING:
        done, of = progress.get(patch.regression_id, (0, 0))
        return Place(number, entry, f"being tested on v{patch.base.number}", done, of)
    if patch.state == Patch.State.PROPOSED:
        return Place(number, entry, f"to be tested on v{head.number}")
    if number > 1:
        return Place(number, entry, f"{number - 1} ahead of it")
    return Place(number, entry, "goes in next")


def _progress(regressions: list[int]) -> dict[int, tuple[int, int]]:
    """Regression -> pairs that ended, and how many there are."""
    counted = prepared.rows(_counted, *regressions) if regressions else ()
    return {regression: (done, of) for regression, done, of in counted}


def _counted(*regressions: int) -> QuerySet:
    pairs = Pair.objects.filter(regression__in=regressions).order_by().values_list("regression")
    ended = Q(state__in=[Pair.State.DONE, Pair.State.FAILED])
    return pairs.annotate(done=Count("pk", filter=ended), of=Count("pk"))
