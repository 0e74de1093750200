import csv
import io
from xml.etree import ElementTree

from sandbox import exports
from sandbox.divergence import Divergence
from sandbox.report import Outcome, PairResult, Report, Row


def row(name: str, outcome: Outcome, base, candidate, **how) -> Row:
    return Row(
        case=1,
        name=name,
        pairs=(
            PairResult(
                0, outcome, base, candidate, divergence=how.pop("divergence", None), reason=how.pop("reason", "")
            ),
        ),
        category="database",
        system="market",
        **how,
    )


REPORT = Report(
    rows=(
        row(
            "=lost()",
            Outcome.REGRESSED,
            True,
            False,
            divergence=Divergence(2, "conclude a at x", "conclude b at x", "wide"),
        ),
        row("mended", Outcome.FIXED, False, True),
        row("open", Outcome.OPEN, None, None),
        row("no telemetry | none", Outcome.INCONCLUSIVE, None, None, reason="no snapshot"),
    )
)


def test_csv_holds_no_cell_that_a_spreadsheet_would_run():
    rows = list(csv.DictReader(io.StringIO(exports.as_csv(REPORT))))
    assert [line["case"] for line in rows] == ["'=lost()", "mended", "open", "no telemetry | none"]
    assert rows[0]["verdict"] == "regressed"
    assert rows[0]["first_divergence"] == "step 3: conclude b at x instead of conclude a at x, by rule wide"


def test_junit_counts_a_loss_as_failure_and_never_an_unsettled_case_as_passed():
    suite = ElementTree.fromstring(exports.as_junit(REPORT))
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "4",
        "failures": "1",
        "errors": "1",
        "skipped": "1",
    }
    lost = suite.find("testcase[@name='=lost()']/failure")
    assert lost.get("message") == "regressed: 1/1 -> 0/1"
    assert suite.find("testcase[@name='no telemetry | none']/error").get("message") == "inconclusive: no snapshot"


def test_markdown_says_totals_with_their_n_and_keeps_the_table_whole():
    text = exports.as_markdown(REPORT)
    assert text.startswith("Pass rate 1/2 (50%) -> 1/2 (50%); 1 regressed, 1 fixed, 1 inconclusive")
    assert "no telemetry \\| none" in text


def test_data_says_how_many_did_not_run():
    data = exports.as_data(REPORT)
    assert data["totals"]["not_run"] == 1
    assert data["totals"]["old"]["n"] == 2
    assert [case["verdict"] for case in data["cases"]] == ["regressed", "fixed", "not run", "inconclusive"]


def test_every_form_with_columns_says_tags_must_pass_and_stale():
    kept = row("kept", Outcome.SAME_PASS, True, True, tags=("nightly", "slow"), must_pass=True, stale=True)
    said = {"tags": "nightly, slow", "must_pass": "yes", "stale": "yes"}
    (line,) = csv.DictReader(io.StringIO(exports.as_csv(Report(rows=(kept,)))))
    (data,) = exports.as_data(Report(rows=(kept,)))["cases"]
    assert {name: line[name] for name in said} == {name: data[name] for name in said} == said
    assert "| nightly, slow | yes | yes |" in exports.as_markdown(Report(rows=(kept,)))
