"""Telemetry files become a world: the page's example, and everything that may be wrong with a row or a mapping."""

import io
import re
from pathlib import Path

import duckdb
import pytest
import yaml
from django.core.management import CommandError, call_command

from cases.transcript import Level
from sandbox import capture, telemetry, worlds
from sandbox.environment.world import sql
from sandbox.environment.world.tables import COLUMNS
from sandbox.importers.telemetry.rows import MOST_PROBLEMS, Problems
from sandbox.models import TableBlob
from tests import factories

pytestmark = pytest.mark.django_db
PAGE = (Path(sql.__file__).parent / "docs" / "telemetry.md").read_text()
FILES = {name: body for name, body in re.findall(r"^`([\w.]+)`\n\n```\w+\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)}
MAPPING = re.search(r"^```yaml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)[1]
SAID = re.search(r"^```text\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)[1]
SPAN = "'t1' AS trace_id, 'a' AS span_id, '' AS parent_id, 'till' AS service, 'GET /' AS name, "
SPAN += "TIMESTAMPTZ '2026-03-01 10:59:00+01' AS start, CAST(12.5 AS DECIMAL(9, 2)) AS ms, false AS failed"


@pytest.fixture
def example(tmp_path, settings):
    """The files of the page, and the path of its mapping."""
    settings.DATA_DIR = tmp_path / "data"
    for name, body in FILES.items():
        (tmp_path / name).write_text(body)
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT {SPAN}) TO '{tmp_path / 'spans.parquet'}' (FORMAT parquet)")
    return mapped(tmp_path, MAPPING)


@pytest.fixture
def case():
    snapshot = factories.make_snapshot(factories.make_confirmed_case())
    return snapshot.case


def mapped(folder, text):
    (folder / "mapping.yaml").write_text(text)
    return folder / "mapping.yaml"


def command(case, path, *options):
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("import_telemetry", str(case.pk), "--map", str(path), *options, stdout=out, stderr=err)
    except CommandError as error:
        return out.getvalue(), f"{err.getvalue()}{error}"
    return out.getvalue(), err.getvalue()


def problems(case, path):
    with pytest.raises(Problems) as said:
        telemetry.bring_in(case, path)
    return [str(problem) for problem in said.value.found]


def rows(spec, name):
    data = next(table.data for table in spec.tables if table.name == name)
    return duckdb.sql(f"SELECT * FROM read_parquet('{_file(data)}')").fetchall()


def _file(data):
    path = Path(_file.folder, "table.parquet")
    path.write_bytes(data)
    return path


@pytest.fixture(autouse=True)
def _folder(tmp_path):
    _file.folder = tmp_path


def test_the_example_of_the_page_says_what_the_page_prints(case, example):
    out, err = command(case, example)
    assert err == ""
    assert out.startswith(SAID)
    assert "1 samples without a value were left out.\n1 × password redacted.\n" in out
    assert out.endswith(f"Snapshot 2 of {case.name} holds this world.\n")


def test_imported_world_answers_what_was_never_recorded_and_keeps_the_recordings(case, example):
    telemetry.bring_in(case, example)
    run = capture.source_of(case.snapshots.first()).open()
    seen = run.call("get_logs", {"service": "till", "lines": 1})
    assert (seen.output, seen.level) == ("error no connection, password=[REDACTED password]\n", Level.R3)
    first = factories.RECORDINGS[0]
    assert run.call(first.tool, first.arguments).output == first.output


def test_times_zones_units_and_constants_are_read_as_the_mapping_says(case, example):
    spec = telemetry.bring_in(case, example, dry_run=True).spec
    assert [(f"{at:%H:%M}", *rest) for at, *rest in rows(spec, "metrics")] == [
        ("09:58", "till", "cpu", '{"pod":"till-0"}', 0.41),
        ("09:59", "till", "cpu", '{"pod":"till-0"}', 0.93),
        ("09:58", "till", "memory_mb", '{"pod":"till-0"}', 210.0),
    ]
    assert [f"{at:%H:%M:%S} {level}" for at, _, _, level, _ in rows(spec, "logs")] == [
        "09:58:00 info",
        "09:59:00 error",
    ]
    ((trace, *_, at, length, failed, attributes),) = rows(spec, "spans")
    assert (trace, f"{at:%H:%M}", length, failed, attributes) == ("t1", "09:59", 12.5, False, "{}")
    assert rows(spec, "events")[0][1:] == ("Pod", "till-0", "shop", "", "BackOff", "restarting failed container", 1)


def test_a_dry_run_says_the_same_and_stores_nothing(case, example):
    out, _ = command(case, example, "--dry-run")
    assert out.startswith(SAID)
    assert out.endswith("Nothing was stored (dry run).\n")
    assert (case.snapshots.count(), TableBlob.objects.count()) == (1, 0)


def test_same_files_give_the_same_snapshot(case, example):
    first, second = telemetry.bring_in(case, example), telemetry.bring_in(case, example)
    assert first.snapshot == second.snapshot
    assert worlds.spec_of(first.snapshot).digest == second.spec.digest


def test_problems_name_file_row_field_and_remedy_and_nothing_is_stored(case, example):
    folder = example.parent
    (folder / "usage.csv").write_text(
        FILES["usage.csv"].replace("01/03/2026 10:58:00", "yesterday").replace("0.93", "high")
    )
    (folder / "app.jsonl").write_text('{"ts": 1}\n[]\n')
    out, err = command(case, example)
    assert out == ""
    assert err.splitlines() == [
        "problem  usage.csv: row 2, time: 'yesterday' is no time in the form %d/%m/%Y %H:%M:%S; say its form under time.",
        "problem  usage.csv: row 3, cpu: 'high' is no number; map another column, or translate it under values.",
        "problem  app.jsonl: row 1, body: is empty; every row of logs needs line.",
        "problem  app.jsonl: line 2: is list; each line is one object.",
        "4 problems; nothing was stored.",
    ]
    assert (case.snapshots.count(), TableBlob.objects.count()) == (1, 0)


def test_a_file_is_read_no_further_after_many_problems(case, example):
    (example.parent / "usage.csv").write_text("time,service,pod,cpu,memory_mb\n" + "x,till,till-0,1,1\n" * 100)
    assert len(problems(case, example)) == MOST_PROBLEMS


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("usage.csv", "time,service\n1,2,3\n", "usage.csv: line 2: has not the 2 cells of the header; quote commas inside a cell."),
        ("usage.csv", "time,pod,cpu,memory_mb\n01/03/2026 10:58:00,p,1,1\n", "usage.csv: row 2, service: is no column of the file; it has time, pod, cpu, memory_mb."),
        ("usage.csv", 'time,service,pod,cpu,memory_mb\n"a', "usage.csv: line 1: is not CSV: unexpected end of data."),
        ("spans.parquet", "no parquet", "spans.parquet: is not Parquet that can be read: "),
        ("events.csv", "at,pod,reason,message\n,till-0,x,y\n", "events.csv: row 2, at: is empty; every row of events needs at."),
        ("app.jsonl", "{", "app.jsonl: line 1: is not JSON: "),
        ("app.jsonl", None, "app.jsonl: is not there; file names are read from the folder of the mapping file."),
    ],
)  # fmt: skip
def test_a_file_that_is_not_what_it_should_be(case, example, file, text, words):
    path = example.parent / file
    path.unlink()
    if text is not None:
        path.write_text(text)
    assert problems(case, example)[0].startswith(words)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"alert_at": None}, "mapping.yaml: alert_at: must be given: the moment of the alert, at which the clock of the world starts."),
        ({"alert_at": "noon"}, "mapping.yaml: alert_at: 'noon' is no time; write it as 2026-03-01T10:00:00Z."),
        ({"tables": {}}, "mapping.yaml: tables: names no file; without any there is no world."),
        ({"tables": {"lines": []}}, "mapping.yaml: tables.lines: is unknown; known are metrics, logs, spans, events, changes, objects, topology, slow_queries, alerts."),
        ({"tables": {"logs": [{"file": "app.txt"}]}}, "mapping.yaml: tables.logs 1.format: is not said by the name; write csv, jsonl or parquet."),
        ({"tables": {"logs": [{"file": "app.jsonl", "columns": {"at": "ts"}}]}}, "mapping.yaml: tables.logs 1.columns: gives no line, which every row of logs must have."),
        ({"tables": {"logs": [{"file": "app.jsonl", "columns": {"at": "ts", "line": "body"}, "zone": "Nowhere"}]}}, "mapping.yaml: tables.logs 1.zone: 'Nowhere' is no time zone; write one such as Europe/Berlin or +02:00."),
        ({"tables": {"logs": [{"file": "app.jsonl", "columns": {"at": "ts", "line": "body"}, "time": "unix"}]}}, "mapping.yaml: tables.logs 1.time: at: 'unix' is none of iso, epoch, epoch_ms, epoch_us, epoch_ns, nor a pattern such as %d/%m/%Y %H:%M:%S."),
        ({"tables": {"logs": [{"file": "app.jsonl", "columns": {"at": "ts", "line": "body"}, "constants": {"line": "x"}}]}}, "mapping.yaml: tables.logs 1.constants.line: is given under columns too; leave one of them out."),
        ({"tools": {"get_logs": {"engine": "logs"}}}, "mapping.yaml: tools.get_logs: query: must be given."),
        ({"tools": {"get_logs": {"engine": "logs", "query": "{{who}}"}}}, "mapping.yaml: get_logs: query: {{who}} is no argument; the tool takes "),
        ({"tools": {"ask": {"engine": "sql", "query": "select 1"}}}, "mapping.yaml: tools.ask: is no tool of this case; its tools are "),
        ({"actions": {"restart": {}}}, "mapping.yaml: actions.restart: says: must be given: what the tool prints when it is done."),
        ({"actions": {"get_logs": {"says": "x"}}}, "mapping.yaml: get_logs: the tool says that it changes nothing; mark it effectful, or leave its action out."),
        ({"speed": 1}, "mapping.yaml: speed: is unknown; known are alert_at, now, end, sampled, tables, tools, actions."),
    ],
)  # fmt: skip
def test_a_mapping_that_is_wrong_says_where_and_the_remedy(case, example, change, words):
    body = yaml.safe_load(MAPPING) | change
    path = mapped(example.parent, yaml.safe_dump(body))
    (found,) = problems(case, path)
    assert found.startswith(words)
    assert case.snapshots.count() == 1


def test_a_case_that_is_not_there_is_said(example):
    with pytest.raises(CommandError, match="There is no case 999"):
        call_command("import_telemetry", "999", "--map", str(example))


def test_the_page_lists_every_column():
    for table, columns in COLUMNS.items():
        written = ", ".join(f"**{name}**" if needed else name for name, (_, needed) in columns.items())
        assert f"- `{table}`: {written}\n" in PAGE
