"""A regression's report in the forms other programs read. No Django here."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any
from xml.etree import ElementTree

from sandbox.report import Outcome, Report, Row, Tally

WORDS = {
    Outcome.REGRESSED: "regressed",
    Outcome.FIXED: "fixed",
    Outcome.SAME_PASS: "same, passes",
    Outcome.SAME_FAIL: "same, fails",
    Outcome.FLAKY: "flaky",
    Outcome.UNAFFECTED: "proven unaffected",
    Outcome.INCONCLUSIVE: "inconclusive",
    Outcome.OPEN: "not run",
}
COLUMNS = (
    *("case", "system", "category", "fault_class", "tags", "must_pass", "stale"),
    *("old", "new", "verdict", "first_divergence", "reason"),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_data(report: Report) -> dict[str, Any]:
    """JSON-able: totals with their n, then a row a case."""
    totals = report.totals
    return {
        "engine": report.engine,
        "base": report.base_digest,
        "candidate": report.candidate_digest,
        "finished": report.finished,
        "totals": {
            "cases": totals.cases,
            "old": _tally(totals.base),
            "new": _tally(totals.candidate),
            "regressed": totals.regressed,
            "fixed": totals.fixed,
            "same": totals.same,
            "flaky": totals.flaky,
            "proven_unaffected": totals.unaffected,
            "inconclusive": totals.inconclusive,
            "not_run": totals.open,
        },
        "cases": [dict(zip(COLUMNS, _cells(row), strict=True)) for row in report.rows],
    }


def as_csv(report: Report) -> str:
    return table(COLUMNS, map(_cells, report.rows))


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """CSV for a spreadsheet; a cell that a spreadsheet would run as a formula is quoted."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    for row in rows:
        cells = map(str, row)
        writer.writerow(["'" + cell if cell.startswith(_FORMULA) else cell for cell in cells])
    return text.getvalue()


def as_markdown(report: Report) -> str:
    totals = report.totals
    lines = [
        f"Pass rate {_share(totals.base)} -> {_share(totals.candidate)}; "
        f"{totals.regressed} regressed, {totals.fixed} fixed, {totals.inconclusive} inconclusive, "
        f"{totals.unaffected} proven unaffected of {totals.cases} cases.",
        "",
        "| " + " | ".join(name.replace("_", " ") for name in COLUMNS) + " |",
        "|" + "---|" * len(COLUMNS),
    ]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in _cells(row)) + " |" for row in report.rows]
    return "\n".join(lines) + "\n"


def as_junit(report: Report, *, name: str = "regression") -> str:
    """One test case a library case: a loss is a failure, what is not settled is an error or skipped, never a pass."""
    totals = report.totals
    suite = ElementTree.Element(
        "testsuite",
        name=name,
        tests=str(totals.cases),
        failures=str(totals.regressed + totals.flaky),
        errors=str(totals.inconclusive),
        skipped=str(totals.open),
    )
    for row in report.rows:
        case = ElementTree.SubElement(suite, "testcase", classname=row.category or row.system or "case", name=row.name)
        words = f"{row.base} -> {row.candidate}"
        if row.outcome in (Outcome.REGRESSED, Outcome.FLAKY):
            failure = ElementTree.SubElement(case, "failure", message=f"{WORDS[row.outcome]}: {words}")
            failure.text = _clean(str(row.divergence or ""))
        elif row.outcome == Outcome.INCONCLUSIVE:
            ElementTree.SubElement(case, "error", message=_clean(f"inconclusive: {row.reason}"))
        elif row.outcome == Outcome.OPEN:
            ElementTree.SubElement(case, "skipped", message="not run")
        else:
            ElementTree.SubElement(case, "system-out").text = f"{WORDS[row.outcome]}: {words}"
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.name,
        row.system,
        row.category,
        row.fault_class,
        ", ".join(row.tags),
        "yes" if row.must_pass else "no",
        "yes" if row.stale else "no",  # the case changed since it was tried
        str(row.base),
        str(row.candidate),
        WORDS[row.outcome],
        str(row.divergence or ""),
        row.reason,
    )


def _tally(tally: Tally) -> dict[str, Any]:
    return {"passed": tally.passed, "n": tally.n, "interval": tally.interval}


def _share(tally: Tally) -> str:
    return f"{tally.passed}/{tally.n}" + (f" ({tally.rate:.0%})" if tally.rate is not None else "")


def _clean(text: str) -> str:
    """Without the control characters that XML cannot hold."""
    return "".join(char for char in text if char in "\t\n" or char >= " ")
