from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.environment.world.base import BadQuery, Unsupported, WorldSpec
from sandbox.environment.world.opening import Store
from sandbox.environment.world.tables import build_tables
from sandbox.environment.world.traces import trace_query
from tests.sandbox.environment.world import reference
from tests.sandbox.environment.world.conftest import ALERT, at

START = at(-10)
# a span: which earlier one is its parent, when it begins and how long it takes, in ticks of a millisecond
FORESTS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 30), st.integers(1, 30), st.sampled_from(["a", "b", "c"]), st.booleans()),
    min_size=1,
    max_size=7,
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("traces")


def rows(forest, trace="t", begins=START):
    return [
        {
            "trace": trace,
            "span": f"s{k}",
            "parent": f"s{parent % k}" if k else "",
            "component": component,
            "operation": f"op-{component}",
            "at": begins + timedelta(milliseconds=start),
            "duration_ms": length,
            "error": error,
        }
        for k, (parent, start, length, component, error) in enumerate(forest)
    ]


def world(held, folder):
    return Store(WorldSpec(build_tables({"spans": held}), {}, ALERT), folder)


def ask(store, text, now=ALERT):
    return trace_query(store, text, start=at(-60), end=at(60), now=now).rows


@settings(max_examples=60, deadline=None)
@given(forest=FORESTS)
def test_the_critical_path_is_what_was_waited_for_tick_by_tick(folder, forest):
    held = rows(forest)
    store = world(held, folder)
    spans = {
        row["span"]: (row["parent"], begins, begins + row["duration_ms"])
        for row in held
        for begins in [(row["at"] - START) // timedelta(milliseconds=1)]
    }
    found = {row[0]: row[5] for row in ask(store, "critical_path id=t")}
    assert found == reference.waited_for(spans, "s0")
    assert sum(found.values()) == pytest.approx(forest[0][2])
    store.close()


@settings(max_examples=40, deadline=None)
@given(
    forests=st.lists(FORESTS, max_size=4),
    component=st.sampled_from(["", "a", "b"]),
    slow=st.sampled_from([0, 10]),
    error=st.sampled_from(["", "true", "false"]),
    end=st.integers(0, 70),
)
def test_search_finds_the_traces_that_a_loop_finds_of_what_had_ended(folder, forests, component, slow, error, end):
    held = [row for k, forest in enumerate(forests) for row in rows(forest, f"t{k}")]
    store, now = world(held, folder), START + timedelta(milliseconds=end)
    text = "search order=oldest"
    text += (
        f" component={component}" * bool(component)
        + f" min_duration={slow}ms" * bool(slow)
        + f" error={error}" * bool(error)
    )
    past = [row for row in held if row["at"] + timedelta(milliseconds=row["duration_ms"]) <= now]
    expected = {
        row["trace"]
        for row in past
        if component in ("", row["component"])
        and row["duration_ms"] >= slow
        and error in ("", str(row["error"]).lower())
    }
    found = trace_query(store, text, start=START, end=ALERT, now=now).rows
    assert {row[0] for row in found} == expected
    assert [row[5] for row in found] == [sum(one["trace"] == row[0] for one in past) for row in found]
    assert [row[1] for row in found] == sorted(row[1] for row in found)
    store.close()


@settings(max_examples=40, deadline=None)
@given(forest=FORESTS)
def test_the_service_graph_counts_every_call_between_components(folder, forest):
    held = rows(forest)
    store = world(held, folder)
    by_span = {row["span"]: row for row in held}
    expected: dict = {}
    for row in held:
        caller = by_span.get(row["parent"])
        if caller and caller["component"] != row["component"]:
            calls, errors = expected.get((caller["component"], row["component"]), (0, 0))
            expected[caller["component"], row["component"]] = (calls + 1, errors + row["error"])
    assert {row[:2]: row[2:4] for row in ask(store, "service_graph")} == expected
    store.close()


def test_a_trace_is_in_order_and_as_far_as_it_is_over(store):
    assert [row[0] for row in ask(store, "trace id=t1")] == ["a", "b", "c"]
    assert [row[0] for row in ask(store, "trace id=t1", at(-5) + timedelta(milliseconds=95))] == ["b", "c"]
    assert ask(store, "trace id=t3") == []


def test_a_trace_of_which_no_root_is_there_has_a_path_all_the_same(folder):
    held = [row | {"parent": "lost"} for row in rows([(0, 0, 5, "a", False)])]
    assert [row[0] for row in ask(world(held, folder), "critical_path id=t")] == ["s0"]


@pytest.mark.parametrize(
    ("text", "word"), [("flame id=3", "flame"), ("search tag=3", "search tag="), ("trace id=1 depth=2", "trace depth=")]
)
def test_what_is_outside_the_subset_is_named(store, text, word):
    with pytest.raises(Unsupported) as refused:
        ask(store, text)
    assert (refused.value.word, refused.value.page) == (word, "traces.md")


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "a query begins with one of trace"), ("trace", "which? Give id"), ("search error=maybe", "error is true or false"), ("search limit=x", "not a whole number"), ("search limit=" + "9" * 5000, "not a whole number"),
     ("search min_duration=slow", "is not a duration"), ("search order=best", "is none of slowest"), ("trace id=1 id=2", "given twice"), ("search component", "where a pair such as")],
)  # fmt: skip
def test_what_is_no_query_is_said_in_words(store, text, words):
    with pytest.raises(BadQuery) as refused:
        ask(store, text)
    assert words in str(refused.value)
