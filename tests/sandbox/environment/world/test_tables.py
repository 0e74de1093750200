from dataclasses import replace

import pytest

from sandbox.environment.world.base import BadTable, WorldSpec
from sandbox.environment.world.opening import Store, materialised
from sandbox.environment.world.tables import build_tables
from tests.sandbox.environment.world.conftest import ALERT, at

LINE = {"at": ALERT, "line": "x"}


def test_a_table_without_rows_is_captured_and_one_not_named_is_not():
    tables = build_tables({"logs": []})
    assert [(table.name, table.rows, table.first_at) for table in tables] == [("logs", 0, None)]


def test_text_comes_back_as_it_was_written(tmp_path):
    lines = ['say "hi", it\'s', "two\nlines\r\n", "", "ünïcode ✓", "\\N", "nul\x00byte", "half \ud800"]
    store = Store(WorldSpec(build_tables({"logs": [LINE | {"line": line} for line in lines]}), {}, ALERT), tmp_path)
    expected = [*lines[:5], "nulbyte", "half ?"]
    assert [row[0] for row in store.rows("SELECT line FROM frozen.logs ORDER BY rowid", now=ALERT).rows] == expected


def test_times_are_datetimes_iso_text_or_epoch_seconds():
    for moment in (ALERT, ALERT.replace(tzinfo=None), "2026-03-01T11:00:00+01:00", ALERT.timestamp()):
        assert build_tables({"logs": [{"at": moment, "line": "x"}]})[0].first_at == ALERT


def test_labels_are_one_series_however_they_are_ordered():
    rows = [
        {"at": ALERT, "metric": "m", "labels": labels, "value": 1}
        for labels in ({"a": "1", "b": "2"}, '{"b": "2", "a": "1"}')
    ]
    one, two = (build_tables({"metrics": [row]})[0].digest for row in rows)
    assert one == two


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ({"log": []}, "log: there is no such table; a world has metrics, logs, spans, events, changes, objects, topology, slow_queries, alerts"),
        ({"logs": [LINE, {"at": ALERT}]}, "logs, row 2: line: must be given"),
        ({"logs": [LINE | {"host": "a"}]}, "logs, row 1: host: there is no such column; the table has at, component, pod, level, line"),
        ({"logs": [LINE | {"at": "noon"}]}, "logs, row 1: at: 'noon' is not a time: a datetime, ISO text or epoch seconds"),
        ({"logs": [LINE | {"line": 3}]}, "logs, row 1: line: 3 is not text"),
        ({"metrics": [{"at": ALERT, "metric": "m", "value": float("nan")}]}, "metrics, row 1: value: nan is not a finite number; leave the row out where nothing was measured"),
        ({"metrics": [{"at": ALERT, "metric": "m", "value": 1, "labels": "{"}]}, "metrics, row 1: labels: '{' is not an object of labels, or its JSON"),
        ({"objects": [{"kind": "Pod", "name": "p", "from_at": at(0), "manifest": "- a"}]}, "objects, row 1: manifest: '- a' is not a manifest: YAML of an object"),
        ({"spans": [{"trace": "t", "span": "s", "component": "c", "at": ALERT, "duration_ms": 1, "error": "no"}]}, "spans, row 1: error: 'no' is not true or false"),
    ],
)  # fmt: skip
def test_what_is_no_row_is_refused_with_its_place_and_remedy(rows, words):
    with pytest.raises(BadTable) as refused:
        build_tables(rows)
    assert str(refused.value) == words


def test_a_table_that_was_changed_is_never_opened(tmp_path):
    (table,) = build_tables({"logs": [LINE]})
    for data in (b"", table.data + b"x"):
        with pytest.raises(BadTable, match="its bytes are not those of digest"):
            materialised(WorldSpec((replace(table, data=data),), {}, ALERT), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_not_made_again(tmp_path):
    (table,) = build_tables({"logs": [LINE]})
    path = materialised(WorldSpec((table,), {}, ALERT), tmp_path)
    made = path.stat().st_mtime_ns
    assert materialised(WorldSpec((replace(table, data=b""),), {}, ALERT), tmp_path) == path
    assert path.stat().st_mtime_ns == made
