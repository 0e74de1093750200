"""The library as rows for a spreadsheet: what the list shows of each case, and on which version it was last tested."""

from collections.abc import Iterator

from django.db.models import F, OuterRef, Subquery

from cases.access import left_out
from cases.contexts.library import Record, records_of
from cases.contexts.listing import Filters, of_last_run, with_what_rows_show
from cases.models import Case
from sandbox.models import Pair

COLUMNS = (
    *("case", "system", "category", "fault_class", "state", "gates", "must_pass", "tags", "source", "version"),
    *("recorded_bytes", "coverage", "runs", "passed", "flaky", "last_verdict", "last_tested", "stale", "owner"),
)


def rows(query: dict[str, str], user) -> Iterator[tuple]:
    """The cases that the list shows for this query and person, in its order, all of them: two queries.

    ``stale`` is yes where the last regression tried an older version of the case; empty where none did.
    """
    cases = left_out(Filters.from_query(query, sort="category").apply(Case.objects.library()), user)
    tested = Pair.objects.filter(case_version__case=OuterRef("pk")).exclude(outcome="").order_by("-pk")
    found = list(
        with_what_rows_show(cases).annotate(
            last_verdict=of_last_run("verdict"),
            number=F("current__number"),
            owned_by=F("owner__username"),
            tested_version=Subquery(tested.values("case_version")[:1]),
            tested_at=Subquery(tested.values("regression__closed_at")[:1]),
        )
    )
    records = records_of([case.pk for case in found])
    return (_row(case, records.get(case.pk, Record())) for case in found)


def _row(case: Case, record: Record) -> tuple:
    return (
        case.name,
        case.system.name,
        case.current.category,
        case.current.fault_class,
        case.state,
        _yes(case.gates),
        _yes(case.must_pass),
        ", ".join(case.tags),
        case.origin,
        case.number,
        case.frozen_size if case.frozen_digest else "",
        "" if case.frozen_share is None else f"{case.frozen_share:.4f}",
        record.settled,
        record.passed,
        record.flaky,
        case.last_verdict or "",
        f"{case.tested_at:%Y-%m-%dT%H:%M:%SZ}" if case.tested_at else "",
        "" if case.tested_version is None else _yes(case.tested_version != case.current_id),
        case.owned_by or "",
    )


def _yes(value: bool) -> str:
    return "yes" if value else "no"
