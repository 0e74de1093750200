from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.environment.world.base import BadQuery, Unsupported, WorldSpec
from sandbox.environment.world.lexing import SECOND
from sandbox.environment.world.logs import log_query
from sandbox.environment.world.opening import Store
from sandbox.environment.world.tables import build_tables
from tests.sandbox.environment.world import reference
from tests.sandbox.environment.world.conftest import ALERT, at

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "at": st.integers(-40, 10).map(lambda k: ALERT + timedelta(seconds=15 * k)),
            "component": st.sampled_from(["a", "ab", ""]),
            "pod": st.sampled_from(["p1", "p2"]),
            "level": st.sampled_from(["info", "error"]),
            "line": st.text(alphabet='ab1 "\\.\n', max_size=6),
        }
    ),
    max_size=25,
)
MATCHERS = st.lists(
    st.tuples(st.sampled_from(["component", "level"]), st.sampled_from(["=", "!=", "=~", "!~"]), st.sampled_from(["a", "a.*", "info|x", ""])),
    max_size=2,
)  # fmt: skip
FILTERS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["|=", "!="]), st.text(alphabet='ab1 "\\.', min_size=1, max_size=2)),
        st.tuples(st.sampled_from(["|~", "!~"]), st.sampled_from(["a+b", "^a", "[0-9]", "(a|b)1", r"\."])),
    ),
    max_size=2,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("logs")


def world(rows, folder):
    return Store(WorldSpec(build_tables({"logs": rows}), {}, ALERT), folder)


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def written(matchers, filters):
    inside = ", ".join(f"{label}{op}{quoted(value)}" for label, op, value in matchers)
    return f"{{{inside}}}" + "".join(f" {op} {quoted(text)}" for op, text in filters)


@settings(max_examples=60, deadline=None)
@given(
    rows=ROWS,
    matchers=MATCHERS,
    filters=FILTERS,
    direction=st.sampled_from(["forward", "backward", "tail"]),
    limit=st.integers(0, 6),
)
def test_lines_are_those_that_a_loop_over_all_of_them_finds(folder, rows, matchers, filters, direction, limit):
    store, start = world(rows, folder), ALERT - timedelta(minutes=8)
    found = log_query(
        store, written(matchers, filters), start=start, end=at(5), now=ALERT, limit=limit, direction=direction
    )
    expected = reference.lines(rows, matchers, filters, start, ALERT)
    newest = expected[::-1][:limit]
    assert found.rows == {"forward": expected[:limit], "backward": newest, "tail": newest[::-1]}[direction]
    store.close()


@settings(max_examples=30, deadline=None)
@given(
    rows=ROWS,
    filters=FILTERS,
    window=st.sampled_from([30, 100]),
    by=st.sampled_from([None, ("level",), ("component", "pod"), ()]),
)
def test_counts_are_those_of_the_lines_in_each_window(folder, rows, filters, window, by):
    store, start = world(rows, folder), ALERT - timedelta(minutes=4)
    inner = f"count_over_time({written([], filters)} [{window}s])"
    text = inner if by is None else f"sum by ({', '.join(by)}) ({inner})"
    found = log_query(store, text, start=start, end=at(2), now=ALERT, step=60 * SECOND)
    labels = ("component", "pod", "level") if by is None else by
    expected = {}
    for minute in range(5):
        moment = start + timedelta(minutes=minute)
        since = moment - timedelta(seconds=window) + timedelta(microseconds=1)
        for line in reference.lines(rows, [], filters, since, moment):
            held = dict(zip(("at", "component", "pod", "level", "line"), line, strict=True))
            key = (moment, *(held[label] for label in labels))
            expected[key] = expected.get(key, 0.0) + 1
    assert {row[:-1]: row[-1] for row in found.rows} == expected
    store.close()


def lines(store, text, now=ALERT):
    return [row[-1] for row in log_query(store, text, start=at(-10), end=at(10), now=now).rows]


def test_grep_takes_the_arguments_that_grep_takes(store):
    assert lines(store, "grep Timeout") == ["request failed: Timeout"]
    assert lines(store, "grep -i timeout level=error") == [
        "timeout waiting for a connection",
        "request failed: Timeout",
    ]
    assert lines(store, "grep -v -i timeout") == ["started on port 8080", "slow answer from orders: 812 ms"]
    assert lines(store, "grep -F -e 'orders: 812' -e nothing") == ["slow answer from orders: 812 ms"]
    assert lines(store, "grep -E 'port [0-9]+$|failed' -m 1") == ["started on port 8080"]
    assert lines(store, "grep -ic timeout") == [2]
    assert lines(store, "grep -w time") == []


def test_lines_of_the_future_are_not_there(store):
    assert [len(lines(store, "{}", moment)) for moment in (at(-4), ALERT, at(4))] == [1, 4, 5]


@pytest.mark.parametrize(
    ("text", "word"),
    [("{} | json", "| json"), ("count_over_time({} | logfmt [5m])", "| logfmt"), ("topk(3, rate({}[5m]))", "topk"), ("rate({}[5m]) > 1", ">"),
     ('{namespace="x"}', "label namespace"), ("grep -A3 x", "grep -A"), ("grep x file.log", "grep file.log"), ("sum by (host) (rate({}[5m]))", "label host")],
)  # fmt: skip
def test_what_is_outside_the_subset_is_named(store, text, word):
    with pytest.raises(Unsupported) as refused:
        lines(store, text)
    assert (refused.value.word, refused.value.page) == (word, "logs.md")


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "a log query begins with"), ("timeout", "a log query begins with"), ("{level=error}", "where a matcher"), ('{level="x"', "where a matcher"),
     ("count_over_time({})", "needs a window"), ("grep", "needs a pattern"), ("grep 'x", "No closing quotation"), ("grep -m x y", "-m needs a number"),
     ("grep -m " + "9" * 5000 + " y", "-m needs a number"), ("rate({}[999999d])", "beyond the calendar"),
     ('{} |~ "("', "missing )")],
)  # fmt: skip
def test_what_is_no_query_is_said_in_words(store, text, words):
    with pytest.raises(BadQuery) as refused:
        lines(store, text)
    assert words in str(refused.value)


def test_steps_are_counted_before_they_are_laid_out(store):
    with pytest.raises(BadQuery, match="more than 11000 steps"):
        log_query(store, "rate({}[5m])", start=at(-10), end=at(10), now=ALERT, step=1)


def test_a_pattern_cannot_hold_the_engine_up(store):
    assert lines(store, '{} |~ "(a|aa)+(.+)+$x"') == []
