"""A lab case's world answers what was recorded byte for byte, and what was never recorded as honestly."""

import pytest

from cases.calls import canonical
from cases.transcript import Level
from sandbox.environment.replay import ReplaySource
from sandbox.environment.world.world import open_world
from sandbox.lab import live, world
from sandbox.lab.case import Plot, make
from sandbox.lab.incident import MINUTES
from sandbox.lab.tools import TOOLS, recordings

MOST_BYTES = 1_000_000
SCHEMAS = (*TOOLS, *world.QUERY_TOOLS)
PLOTS = [
    Plot("quayside", "missing_index", 1),
    Plot("quayside", "no_fault", 2),
    Plot("millrace", "bad_deploy_error", 3),
    Plot("millrace", "network_delay", 1),
]


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """Worlds by plot, opened once."""
    folder, held = tmp_path_factory.mktemp("worlds"), {}

    def open_(plot):
        if plot not in held:
            spec = world.world_of(live.at(plot, MINUTES - 1))
            held[plot] = open_world(spec, folder, tools=SCHEMAS)
        return held[plot]

    return open_


def asked(world_, tool, **arguments):
    schema = next(each for each in SCHEMAS if each.name == tool)
    return world_.answer(canonical(tool, arguments, schema), now=world_.spec.starts)


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: f"{plot.system}-{plot.fault}")
def test_recorded_calls_of_bound_tools_are_answered_alike(opened, plot):
    here = opened(plot)
    bound = [each for each in recordings(live.at(plot, MINUTES - 1)) if each.tool in here.spec.bindings]
    assert {each.tool for each in bound} == {"get_metrics", "get_logs", "get_traces"}
    told = {(each.tool, str(each.arguments)): asked(here, each.tool, **each.arguments).output for each in bound}
    assert told == {(each.tool, str(each.arguments)): each.output for each in bound}


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: f"{plot.system}-{plot.fault}")
def test_a_world_is_small(opened, plot):
    assert 0 < sum(table.size for table in opened(plot).spec.tables) < MOST_BYTES


def test_a_window_narrows_what_is_shown(opened):
    here = opened(PLOTS[0])
    whole = asked(here, "get_metrics", service="bosun", metric="error_ratio").output.splitlines()
    assert asked(here, "get_metrics", service="bosun", metric="error_ratio", minutes=5).output.splitlines() == [
        *whole[:2],
        *whole[-5:],
    ]
    lines = asked(here, "get_logs", service="bosun", level="error", minutes=1).output.splitlines()
    now = live.at(PLOTS[0], MINUTES - 1).now.strftime("%Y-%m-%dT%H:%M")
    assert lines and all(line.startswith(now) for line in lines)
    recent = asked(here, "get_traces", service="bosun", minutes=1).output
    heads = [line for line in recent.splitlines() if line.startswith("trace ")]
    assert heads and all(now in head for head in heads)


def test_query_tools_ask_the_same_tables(opened):
    here = opened(PLOTS[0])
    text = asked(here, "query_metrics", query='max_over_time(error_ratio{component="bosun"}[10m])').output
    series = [
        float(line.split(",")[1])
        for line in asked(here, "get_metrics", service="bosun", metric="error_ratio").output.splitlines()[2:]
    ]
    assert repr(max(series[-10:])).rstrip("0") in text
    steps = asked(here, "query_metrics", query='error_ratio{component="bosun"}', start="now-5m").output
    assert len(steps.splitlines()) == 1 + 6
    found = asked(
        here, "search_logs", query='{component="bosun", level="ERROR"} |= "connection is not available"', limit=3
    )
    assert found.output.count("connection is not available") == 3
    traces = asked(here, "find_traces", service="bosun", min_duration="500ms", error="true", limit=2).output
    trace = traces.splitlines()[1].split()[0]
    assert "pool.acquire" in asked(here, "get_trace", trace=trace).output
    rows = asked(here, "run_sql", query="SELECT count(*) AS held FROM spans WHERE error").output
    assert int(rows.split()[-1]) > 0


def test_what_no_engine_does_is_said_and_is_no_gap(opened):
    bundle_tools = ReplaySource(SCHEMAS, (), world=opened(PLOTS[0])).open()
    seen = bundle_tools.call("query_metrics", {"query": "histogram_quantile(0.9, error_ratio)"})
    assert (seen.level, seen.is_error) == (Level.R3, True)
    assert "unsupported" in seen.output


def test_a_case_carries_its_world_and_its_query_tools():
    bundle = make("quayside", "missing_index", 1)
    assert {table.name for table in bundle.world.tables} == {
        "metrics",
        "logs",
        "spans",
        "events",
        "changes",
        "objects",
        "topology",
        "slow_queries",
        "alerts",
    }
    assert {tool.name for tool in bundle.task.tools} >= {"query_metrics", "search_logs", "find_traces", "run_sql"}
    assert bundle.world.digest == make("quayside", "missing_index", 1).world.digest


def test_nothing_of_the_answer_is_in_the_world():
    bundle = make("quayside", "missing_index", 1)
    held = str(bundle.world.as_json())
    assert bundle.answer.title not in held and "missing_index" not in held
