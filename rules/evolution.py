"""The whole loop over a set of cases, in one process: for the command line and for measuring.

It moves the same rows by the same steps as the workers do; what a worker would do when it has
time is done here at once, until nothing moves any more.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.db.models import QuerySet

from cases import work as evaluation_work
from cases.models import Case
from rules import merge, review, versions, work
from rules.models import KnowledgeVersion, Patch, Review
from sandbox import regression as regressions
from sandbox import reports
from sandbox import work as sandbox_work
from sandbox.models import Regression
from sandbox.report import Report

SINCE = (Patch.State.MERGED, Patch.State.REFUSED, Patch.State.INCONCLUSIVE, Patch.State.IN_REVIEW)


@dataclass(frozen=True)
class Evolved:
    """What a run of the loop changed: versions before and after, the patches it made, and the library under both."""

    before: KnowledgeVersion
    after: KnowledgeVersion
    patches: tuple[Patch, ...]
    report: Report


@dataclass(frozen=True)
class Progress:
    """What just happened, in words, and how much of what is known to be waiting is done."""

    words: str


def evolve(
    cases: QuerySet[Case],
    *,
    approve_as=None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    most_merges: int | None = None,
) -> Evolved:
    """Run the loop over ``cases`` until nothing moves; a person's approval is given by ``approve_as``, or awaited.

    ``approve_as`` approves and merges every patch that the gate accepted; each review says that it was
    given by a flag. Without it accepted patches are left in review.
    """
    before = versions.head()
    first = Patch.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    told: dict[int, str] = {}
    merges = 0
    among = Case.objects.filter(pk__in=list(cases.values_list("pk", flat=True)))
    while True:
        moved = evaluation_work.turn() + sandbox_work.turn(limit=50) + work.turn(limit=10_000, among=among)
        for words in _news(first, told):
            on_progress(Progress(words))
        may_merge = approve_as is not None and (most_merges is None or merges < most_merges)
        if may_merge and (merged := approve_next(by=approve_as)):
            merges += 1
            moved += 1
            on_progress(Progress(f"v{merged.number} approved by {approve_as.get_username()} (by flag) and merged"))
        if not moved:
            break
    after = versions.head()
    on_progress(Progress(f"comparing v{before.number} with v{after.number} over the library"))
    report = compare(before, after)
    made = Patch.objects.filter(pk__gt=first).select_related("case", "failed", "better").order_by("pk")
    return Evolved(before, after, tuple(made), report)


def approve_next(*, by) -> KnowledgeVersion | None:
    """Approve and merge the oldest patch the gate accepted, in the name of ``by``; None where there is none."""
    for patch in Patch.objects.filter(state=Patch.State.IN_REVIEW, base=versions.head()).order_by("pk"):
        if (patch.verdict or {}).get("decision") != "accept" or review.why_not(patch, by):
            continue
        if patch.comments.holding_up().exists():
            continue  # somebody's question is open: a flag does not answer it
        if merge.ahead_of(patch):
            continue  # the merge queue comes first
        review.decide(patch, by=by, decision=Review.Decision.APPROVE, by_flag=True)
        try:
            return merge.merge(patch, by=by)
        except merge.StaleBase:
            continue  # it is tested again first
    return None


def compare(before: KnowledgeVersion, after: KnowledgeVersion) -> Report:
    """The library under two versions, case by case. Runs only what is not known yet."""
    regression = regressions.open_for(base=versions.knowledge(before), candidate=versions.knowledge(after))
    while Regression.objects.filter(pk=regression.pk, state=Regression.State.OPEN).exists():
        sandbox_work.turn(limit=100)
    regression.refresh_from_db()
    return reports.report_of(regression)


def _news(first: int, told: dict[int, str]) -> Iterator[str]:
    for patch in Patch.objects.filter(pk__gt=first).order_by("pk"):
        if told.get(patch.pk) != patch.state:
            told[patch.pk] = patch.state
            reason = (patch.verdict or {}).get("reason", "")
            yield f"patch {patch.pk} “{patch.title}”: {patch.get_state_display().lower()}" + (
                f" — {reason}" if reason else ""
            )
