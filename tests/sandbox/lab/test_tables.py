"""The tables of an incident say what its tools say."""

import json
from itertools import groupby

import pytest

from sandbox.lab import live, tables
from sandbox.lab.case import Plot
from sandbox.lab.faults.registry import FAULTS
from sandbox.lab.incident import MINUTES
from sandbox.lab.views import kubernetes, logs, metrics, overview, postgres, traces


@pytest.fixture(params=FAULTS)
def happened(request):
    return live.at(Plot("quayside", request.param, 102), MINUTES - 1)


def stamp(at):
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_metrics_hold_every_printed_value(happened):
    rows = list(tables.metric_rows(happened))
    for name in metrics.subjects(happened):
        printed = metrics.values(happened, name)
        mine = [row for row in rows if row["component"] == name]
        assert {(row["metric"], stamp(row["at"])): row["value"] for row in mine} == {
            (metric, stamp(happened.at(minute))): float(value)
            for metric, series in printed.items()
            for minute, value in enumerate(series)
        }


def test_newest_log_rows_are_the_lines_a_tool_prints(happened):
    rows = list(tables.log_rows(happened))
    for app in kubernetes.apps(happened):
        mine = sorted((row for row in rows if row["component"] == app), key=lambda row: row["at"])
        printed = logs.logs(logs.lines_of(happened, app)).splitlines()
        told = [
            f"{row['at'].strftime('%Y-%m-%dT%H:%M:%S.%f')[:-3]}Z {row['level']:<5} {row['pod']} {row['line']}"
            for row in mine[-len(printed) :]
        ]
        assert told == printed


def test_spans_of_a_trace_hang_on_its_root_and_add_up(happened):
    rows = list(tables.span_rows(happened))
    by_trace = {trace: list(spans) for trace, spans in groupby(rows, key=lambda row: row["trace"])}
    assert sum(map(len, by_trace.values())) == len(rows)
    for spans in by_trace.values():
        known = {span["span"]: span for span in spans}
        assert [span for span in spans if not span["parent"]] == spans[:1]
        assert all(known[span["parent"]]["at"] <= span["at"] for span in spans[1:])
    shown = traces.traces(happened, happened.system.edge)
    roots = {trace: spans[0] for trace, spans in by_trace.items()}
    for head in (line.split("  ") for line in shown.splitlines() if line.startswith("trace ")):
        root = roots[head[0].removeprefix("trace ")]
        assert [stamp(root["at"]), root["operation"], f"{root['duration_ms']:.1f} ms"] == head[1:4]
        assert root["error"] == (head[4:] == ["ERROR"])


def test_changes_events_topology_and_alerts_are_those_of_the_tools(happened):
    assert [row["text"] for row in tables.change_rows(happened)] == [change.text for change in happened.changes]
    assert [row["message"] for row in tables.event_rows(happened)] == [row[4] for row in kubernetes.events(happened)]
    printed = [line for line in overview.topology(happened).splitlines() if " -> " in line]
    told = [f"{row['source']} -> {row['target']}  {row['relation']}" for row in tables.topology_rows(happened)]
    assert told == printed
    firing = [
        (row["name"], row["component"], stamp(row["since"]))
        for row in tables.alert_rows(happened)
        if not row["until_at"]
    ]
    listed = json.loads(overview.alerts_text(happened))
    assert sorted(firing) == sorted(
        (one["labels"]["alertname"], one["labels"]["service"], one["startsAt"]) for one in listed
    )


def test_statements_are_those_the_database_lists_now(happened):
    rows = [row for row in tables.statement_rows(happened) if row["at"] == happened.now]
    listed = postgres.slow_queries(happened)
    assert len(rows) == sum(len(service.statements) for service in happened.system.services)
    assert all(f"{row['query_id']} | {row['component']}" in listed for row in rows)


def test_an_object_reads_differently_from_the_minute_it_was_changed():
    plot = Plot("quayside", "wrong_configuration_value", 102)
    happened = live.at(plot, MINUTES - 1)
    name = happened.effect.component
    mine = [row for row in tables.object_rows(happened) if (row["kind"], row["name"]) == ("configmap", name)]
    before, after = mine[-2:]
    assert before["until_at"] == after["from_at"] == happened.at(happened.onset)
    assert after["until_at"] is None
    assert before["manifest"] != after["manifest"] == overview.config(happened, name)
