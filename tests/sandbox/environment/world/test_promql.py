import math
from datetime import timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sandbox.environment.world.base import BadQuery, Unsupported, WorldSpec
from sandbox.environment.world.lexing import SECOND
from sandbox.environment.world.opening import Store
from sandbox.environment.world.promql.evaluation import instant_query, range_query
from sandbox.environment.world.promql.parsing import AGGREGATES, WINDOWED, WITH_PARAMETER
from sandbox.environment.world.tables import build_tables
from tests.sandbox.environment.world import reference
from tests.sandbox.environment.world.conftest import ALERT, at

VALUES = st.one_of(st.integers(0, 50).map(float), st.floats(-1e3, 1e3).map(lambda value: round(value, 3)))
LABELS = st.fixed_dictionaries({"component": st.sampled_from(["a", "ab", "b"]), "pod": st.sampled_from(["1", "2"])})
SAMPLES = st.lists(
    st.tuples(st.integers(-120, 20), st.sampled_from(["cpu", "mem"]), LABELS, VALUES), max_size=40
)  # fmt: skip
MATCHERS = st.lists(
    st.tuples(st.sampled_from(["component", "pod"]), st.sampled_from(["=", "!=", "=~", "!~"]), st.sampled_from(["a", "b", "1", "a.*", "1|2", ".+", ""])),
    max_size=2,
)  # fmt: skip
MOMENTS = st.integers(-600, 60).map(lambda seconds: ALERT + timedelta(seconds=seconds))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("promql")


def world(samples, folder):
    held = [(ALERT + timedelta(seconds=10 * k), metric, labels, value) for k, metric, labels, value in samples]
    rows = [
        {"at": a, "metric": metric, "component": labels["component"], "labels": {"pod": labels["pod"]}, "value": value}
        for a, metric, labels, value in held
    ]
    plain = [reference.Sample(a, metric, tuple(sorted(labels.items())), value) for a, metric, labels, value in held]
    return Store(WorldSpec(build_tables({"metrics": rows}), {}, ALERT), folder), plain


def written(metric, matchers):
    inside = ", ".join(f'{label}{op}"{value}"' for label, op, value in matchers)
    return f"{metric}{{{inside}}}"


def vector(found):
    names = found.columns[1:-1]
    return {
        tuple(sorted((name, cell) for name, cell in zip(names, row[1:-1], strict=True) if cell and name != "metric")): row[-1]
        for row in found.rows
    }  # fmt: skip


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for labels, value in expected.items():
        assert found[labels] == pytest.approx(value, rel=1e-6, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(samples=SAMPLES, matchers=MATCHERS, moment=MOMENTS, offset=st.sampled_from([0, 60]))
def test_an_instant_vector_is_the_newest_sample_of_five_minutes(folder, samples, matchers, moment, offset):
    store, plain = world(samples, folder)
    text = written("cpu", matchers) + (f" offset {offset}s" if offset else "")
    past = min(moment, ALERT)
    expected = reference.newest(plain, "cpu", matchers, past - timedelta(seconds=offset))
    assert_same(vector(instant_query(store, text, at=moment, now=ALERT)), expected)
    store.close()


@settings(max_examples=60, deadline=None)
@given(
    samples=SAMPLES,
    matchers=MATCHERS,
    name=st.sampled_from(WINDOWED),
    moment=MOMENTS,
    window=st.sampled_from([20, 60, 301]),
)
def test_functions_over_windows_are_what_they_are_by_hand(folder, samples, matchers, name, moment, window):
    store, plain = world(samples, folder)
    inner = f"{written('cpu', matchers)}[{window}s]"
    text = f"quantile_over_time(0.3, {inner})" if name == "quantile_over_time" else f"{name}({inner})"
    expected = reference.windowed(name, plain, "cpu", matchers, min(moment, ALERT), timedelta(seconds=window), 0.3)
    assert_same(vector(instant_query(store, text, at=moment, now=ALERT)), expected)
    store.close()


@settings(max_examples=60, deadline=None)
@given(
    samples=SAMPLES,
    name=st.sampled_from(AGGREGATES),
    by=st.sets(st.sampled_from(["component", "pod"])),
    without=st.booleans(),
    k=st.integers(0, 3),
)
def test_aggregations_are_what_they_are_by_hand(folder, samples, name, by, without, k):
    store, plain = world(samples, folder)
    parameter = 0.7 if name == "quantile" else float(k)
    given_first = f"{parameter}, " if name in WITH_PARAMETER else ""
    text = f"{name} {'without' if without else 'by'} ({', '.join(sorted(by))}) ({given_first}cpu)"
    held = reference.newest(plain, "cpu", [], ALERT)
    expected = reference.aggregated(name, held, tuple(by), without, parameter)
    assert_same(vector(instant_query(store, text, at=ALERT, now=ALERT)), expected)
    store.close()


@settings(max_examples=40, deadline=None)
@given(
    samples=SAMPLES,
    op=st.sampled_from(["+", "-", "*", ">", "<=", "==", "!="]),
    scalar=st.integers(-5, 20),
    as_bool=st.booleans(),
)
def test_operators_take_numbers_and_matching_series(folder, samples, op, scalar, as_bool):
    store, plain = world(samples, folder)
    cpu, mem = (reference.newest(plain, metric, [], ALERT) for metric in ("cpu", "mem"))
    compute = {"+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, ">": lambda a, b: a > b}
    compute |= {"<=": lambda a, b: a <= b, "==": lambda a, b: a == b, "!=": lambda a, b: a != b}

    def expected(pairs):
        if op in "+-*" or as_bool:
            return {labels: float(compute[op](a, b)) for labels, a, b in pairs}
        return {labels: a for labels, a, b in pairs if compute[op](a, b)}

    said = f"{op} bool" if as_bool and op not in "+-*" else op
    one = vector(instant_query(store, f"cpu {said} {scalar}", at=ALERT, now=ALERT))
    assert_same(one, expected([(labels, a, scalar) for labels, a in cpu.items()]))
    two = vector(instant_query(store, f"cpu {said} mem", at=ALERT, now=ALERT))
    assert_same(two, expected([(labels, a, mem[labels]) for labels, a in cpu.items() if labels in mem]))
    store.close()


@settings(max_examples=25, deadline=None)
@given(
    samples=SAMPLES,
    step=st.integers(7, 90),
    text=st.sampled_from(["cpu", "sum(rate(cpu[1m]))", "topk(1, cpu)", "max by (pod) (cpu) > 3"]),
)
def test_a_range_is_the_instant_query_at_every_step_until_now(folder, samples, step, text):
    assume(samples)
    store, _ = world(samples, folder)
    start, end = ALERT - timedelta(minutes=8), ALERT + timedelta(minutes=2)
    found = range_query(store, text, start=start, end=end, step=step * SECOND, now=ALERT)
    for k in range(200):
        moment = start + timedelta(seconds=step * k)
        rows = [row for row in found.rows if row[0] == moment]
        if moment > ALERT:
            assert rows == []
            break
        one = instant_query(store, text, at=moment, now=ALERT)
        assert vector(type(one)(found.columns, rows)) == vector(one)
    store.close()


def value(store, text, moment=ALERT):
    return [row[-1] for row in instant_query(store, text, at=moment, now=moment).rows]


def test_numbers_are_what_floats_are(store):
    assert value(store, "2 ^ 3 ^ 2") == [512.0]
    assert value(store, "-2 ^ 2") == [-4.0]
    assert value(store, "1 / 0") == [math.inf]
    assert math.isnan(value(store, "0 / 0")[0])
    assert value(store, "7 % 4 + 10 * 2 - 1") == [22.0]
    assert value(store, "2 > bool 1") == [1.0]


def test_a_counter_that_was_reset_still_rises(store):
    assert value(store, 'increase(requests_total{code="500"}[5m])', at(8)) == pytest.approx(
        [(87 - 81 + 18) * 300 / 270]
    )


def test_the_future_is_never_looked_into(store):
    assert value(store, "count_over_time(cpu_usage{pod='cart-1'}[1h])") == [21.0]
    assert instant_query(store, "cpu_usage", at=at(9), now=ALERT) == instant_query(
        store, "cpu_usage", at=ALERT, now=ALERT
    )


@pytest.mark.parametrize(
    ("text", "word"),
    [("histogram_quantile(0.9, x)", "histogram_quantile"), ("absent(x)", "absent"), ("a and b", "and"), ("x[5m:1m]", "subquery [...:...]"),
     ("x offset -5m", "negative offset"), ("x @ 3", "@"), ("a * on(x) group_left b", "group_left"), ("stdvar by (a) (x)", "stdvar")],
)  # fmt: skip
def test_what_is_outside_the_subset_is_named(store, text, word):
    with pytest.raises(Unsupported) as refused:
        instant_query(store, text, at=ALERT, now=ALERT)
    assert (refused.value.word, refused.value.page) == (word, "promql.md")


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "'the end' where a metric"), ("cpu_usage[5m]", "a range vector alone"), ("rate(cpu_usage)", "rate is over a range vector"),
     ('{pod=~".*"}', "a matcher that does not match empty text"), ("1 > 2", "with bool only"), ("x{a='('", "',' or '}'"), ('x{a=~"("}', "Invalid"),
     ("cpu_usage / on(component) cpu_usage", "several series"), ("sum(3)", "not a number"),
     ("(" * 500, "nested too deep"),
     ("-" * 5000 + "1", "more than 200 operators"), ("1" + "^1" * 5000, "more than 200 operators"), ("1" + " + 1" * 5000, "more than 200 operators"),
     ("#" * 3000 + "\n~", "is not understood"), ("rate(cpu_usage[999999d])", "beyond the calendar"), ("cpu_usage offset 999999d", "beyond the calendar"), ("ä", "is not understood")],
)  # fmt: skip
def test_what_is_no_query_is_said_in_words(store, text, words):
    with pytest.raises(BadQuery) as refused:
        instant_query(store, text, at=ALERT, now=ALERT)
    assert words in str(refused.value)


def test_two_metrics_of_the_same_labels_are_not_made_one(folder):
    labels = {"component": "a", "pod": "1"}
    store, _ = world([(k, metric, labels, 1.0) for k in (-2, -1) for metric in ("cpu", "mem")], folder)
    with pytest.raises(BadQuery, match="two series become one without their name"):
        instant_query(store, 'rate({component="a"}[5m])', at=ALERT, now=ALERT)
    store.close()


def test_a_pattern_cannot_hold_the_engine_up(store):
    assert value(store, 'cpu_usage{pod=~"(a|aa)+(c|cc)+(.+)+x"}') == []
