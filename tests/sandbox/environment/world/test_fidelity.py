from dataclasses import replace

from cases.transcript import ToolSchema
from sandbox.environment.base import Recording
from sandbox.environment.world.base import Binding
from sandbox.environment.world.fidelity import ORACLES, TableFidelity, ToolFidelity, fidelity
from sandbox.environment.world.tables import build_tables
from tests.sandbox.environment.world.conftest import rows

LOGS = Binding("logs", '{component="{{service}}"}', "lines", line="{{level}} {{line}}", empty="no lines\n")
SERVICE = {"type": "object", "properties": {"service": {"type": "string"}}}
TOOLS = (ToolSchema("logs", parameters=SERVICE), ToolSchema("plan"), ToolSchema("restart"))
CART = "info started on port 8080\nwarn slow answer from orders: 812 ms\n"


def measured(spec, worlds, *recordings, tools=TOOLS):
    return fidelity(replace(spec, bindings={"logs": LOGS}), recordings, tools, folder=worlds)


def test_each_table_says_what_is_held_of_it(spec, worlds):
    held = replace(spec, manifest={"sampled": {"logs": "one line in ten"}})
    assert measured(held, worlds).tables == (
        TableFidelity("metrics", "captured", 200, "10 min before the alert to 10 min after the alert; a value every 30 s"),
        TableFidelity("logs", "sampled", 5, "one line in ten; 9 min before the alert to 4 min after the alert"),
        TableFidelity("spans", "captured", 6, "5 min before the alert to 3 min after the alert"),
        TableFidelity("events", "captured", 2, "2 min before the alert to 2 min after the alert"),
        TableFidelity("changes", "missing"),
        TableFidelity("objects", "captured", 4, "60 min before the alert to 5 min after the alert"),
        TableFidelity("topology", "captured", 1, "60 min before the alert to 60 min before the alert"),
        TableFidelity("slow_queries", "missing"),
        TableFidelity("alerts", "captured", 1, "the alert to the alert"),
    )  # fmt: skip


def test_traces_with_holes_are_sampled(spec, worlds):
    spans = [row for row in rows()["spans"] if row["span"] != "b"]
    table = measured(replace(spec, tables=build_tables({"spans": spans})), worlds).tables[2]
    words = "5 min before the alert to 3 min after the alert; 1 spans whose parent is not held"
    assert table == TableFidelity("spans", "sampled", 5, words)


def test_recorded_calls_are_asked_again_and_the_first_that_differ_are_shown(spec, worlds):
    recordings = (
        Recording("logs", {"service": "cart"}, CART),
        Recording("logs", {"service": "nobody"}, "no such service\n"),
        Recording("plan", {}, "Seq Scan"),
    )
    assert measured(spec, worlds, *recordings).tools == (
        ToolFidelity("logs", "logs", 2, 2, 1, ({"arguments": "service=nobody", "recorded": "no such service", "answered": "no lines"},)),
        ToolFidelity("plan", "", 1),
        ToolFidelity("restart", "", 0),
    )  # fmt: skip


def test_of_many_recordings_as_many_as_are_quick_are_asked_spread_evenly(spec, worlds):
    many = [Recording("logs", {"service": f"s{n}"}, "no lines\n", order=n) for n in range(3 * ORACLES)]
    found = measured(spec, worlds, *many)
    assert (found.tools[0].recorded, found.tools[0].asked, found.tools[0].agreeing) == (60, 20, 20)
    assert {name: found.as_dict()[name] for name in ("states", "asked", "agreeing")} == {
        "states": {"captured": 7, "sampled": 0, "missing": 2},
        "asked": 20,
        "agreeing": 20,
    }
