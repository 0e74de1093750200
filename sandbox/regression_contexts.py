"""What the regression page shows: the strip, the picture, and its rows a piece at a time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from operator import attrgetter

from django.db.models import Count, OuterRef, QuerySet, Subquery, Sum, Value
from django.utils import timezone

from cases.models import Session, Step
from cloudmate import prepared
from cloudmate.work import Work
from sandbox import admission, matrix, reports
from sandbox.models import Pair, Regression
from sandbox.repeats import repeats
from sandbox.report import Outcome, Report, Row

FIRST, PIECE = 30, 100  # rows that come with the page, and at a time as one scrolls


def _ended(*outcomes: Outcome) -> Callable[[Row], bool]:
    wanted = frozenset(outcomes)
    return lambda row: row.outcome in wanted


FILTERS: dict[str, Callable[[Row], bool]] = {
    "changed": _ended(Outcome.REGRESSED, Outcome.FIXED, Outcome.FLAKY),
    "regressed": _ended(Outcome.REGRESSED, Outcome.FLAKY),
    "fixed": _ended(Outcome.FIXED),
    "must-pass": attrgetter("must_pass"),
    "misses": attrgetter("missed"),
    "inconclusive": _ended(Outcome.INCONCLUSIVE),
    "unaffected": _ended(Outcome.UNAFFECTED),
}


def regression(row: Regression, *, show: str = "", tag: str = "", upto: int = FIRST) -> dict:
    """The page: strip, progress, the picture of all, and the first ``upto`` rows chosen, the lost ones first."""
    report = reports.report_of(row)
    total, done, errors = progress(row)
    tests = prepared.first(_patches, row.pk)
    return {
        "regression": row,
        "report": report,
        "totals": report.totals,
        **_all_rows(report),
        "done": done,
        "total": total,
        "seen": seen(row, done),
        "running": row.state == Regression.State.OPEN,
        "errors": errors,
        "seconds_left": _seconds_left(row, done, total),
        "spent": spent_on(row),
        "held_back": prepared.rows(admission.not_gating),
        "tests": tests,
        "tested": None if tests else prepared.first(_verdicts, row.pk),
        **_rows(_shown(report), show=show, tag=tag, start=0, upto=upto),
    }


@lru_cache(maxsize=8)
def _shown(report: Report) -> list[matrix.Shown]:
    return matrix.shown(report)


@lru_cache(maxsize=8)
def _all_rows(report: Report) -> dict:
    """What the page says of all rows, however few of them it shows."""
    everything = _shown(report)
    return {
        "underpowered": len(report.underpowered),
        "repeats": repeats(report),
        "matrix": matrix.by_category(everything),
        "dense": len(everything) > 240,
        "lost": [item for item in everything if item.lost],
        "filters": [("", len(report.rows))] + [(name, sum(map(holds, report.rows))) for name, holds in FILTERS.items()],
        "tags": sorted({name for found in report.rows for name in found.tags}),
    }


def rows(row: Regression, *, show: str, tag: str, start: int, upto: int) -> dict:
    """The rows ``start`` to ``upto`` alone, for a page that has those before."""
    everything = _shown(reports.report_of(row))
    return {"regression": row, **_rows(everything, show=show, tag=tag, start=start, upto=upto)}


def _rows(everything: list[matrix.Shown], *, show: str, tag: str, start: int, upto: int) -> dict:
    holds = FILTERS.get(show)
    chosen = [item for item in everything if (holds is None or holds(item.row)) and (not tag or tag in item.row.tags)]
    start = max(start, 0)
    end = max(upto, start + 1)
    return {
        "groups": matrix.piece(matrix.grouped(chosen), start, end),
        "start": start,
        "upto": min(end, len(chosen)),
        "chosen": len(chosen),
        "following": min(end + PIECE, len(chosen)) if end < len(chosen) else 0,
        "show": show if holds else "",
        "tag": tag,
    }


def progress(row: Regression) -> tuple[int, int, int]:
    """Pairs in all, ended, and failed of those."""
    states = dict(prepared.rows(_states, row.pk))
    failed = states.get(Work.State.FAILED, 0)
    return sum(states.values()), states.get(Work.State.DONE, 0) + failed, failed


def _states(regression: int) -> QuerySet:
    return Pair.objects.filter(regression=regression).order_by().values_list("state").annotate(n=Count("pk"))


def _patches(regression: int) -> QuerySet:
    """The patch it is the test of, if any."""
    return Regression(pk=regression).patches.only("pk")[:1]


def _verdicts(regression: int) -> QuerySet:
    """What the gate made of it where its patch has been tested again since."""
    return Regression(pk=regression).verdicts.select_related("patch").order_by("-pk")[:1]


def seen(row: Regression, done: int) -> str:
    """What a page that is live has seen: it changes when something happened."""
    return f"{row.state}-{done}"


@dataclass(frozen=True)
class Spent:
    """What a regression took. ``ran``: sessions made for it; the other arms were taken over or proven."""

    ran: int
    tokens: int | None  # None: no model was asked
    calls: int
    computed_ms: int | None
    elapsed_ms: int


def spent_on(row: Regression) -> Spent:
    ran, tokens, computed_ms, calls = prepared.first(_sums, row.pk) or (0, None, None, 0)
    return Spent(
        ran=ran,
        tokens=tokens,
        calls=calls,
        computed_ms=computed_ms,
        elapsed_ms=max(0, ((row.closed_at or timezone.now()) - row.opened_at) // timedelta(milliseconds=1)),
    )


def _sums(regression: int) -> QuerySet:
    """Sessions that it made, their tokens, milliseconds and calls: one row."""
    pairs = Pair.objects.filter(regression=regression).order_by()
    old, new = (pairs.exclude(**{arm: None}).values(arm) for arm in ("base_session", "candidate_session"))
    opened = Regression.objects.filter(pk=regression).values("opened_at")
    made = Session.objects.filter(pk__in=old.union(new), started_at__gte=Subquery(opened))  # an OR would read all
    steps = Step.objects.filter(session=OuterRef("pk")).order_by().values("session").values(n=Count("pk"))
    sums = made.annotate(n=Subquery(steps)).order_by().annotate(one=Value(1)).values("one")
    return sums.annotate(
        ran=Count("pk"), of_tokens=Sum("tokens"), of_wall=Sum("wall_ms"), of_calls=Sum("n", default=0)
    ).values_list("ran", "of_tokens", "of_wall", "of_calls")


def _seconds_left(row: Regression, done: int, total: int) -> int | None:
    """From the pace so far; None before anything is done."""
    if not done or row.state != Regression.State.OPEN:
        return None
    elapsed = (timezone.now() - row.opened_at).total_seconds()
    return round(elapsed / done * (total - done))
