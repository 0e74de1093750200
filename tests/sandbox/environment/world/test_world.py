from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cases.calls import canonical
from cases.transcript import ToolSchema
from sandbox.environment.world.base import BadBinding, Binding, NotCaptured, Unsupported, WorldAnswer
from sandbox.environment.world.bindings import check_binding
from sandbox.environment.world.world import open_world
from tests.sandbox.environment.world.conftest import ALERT, at

LOGS = Binding("logs", '{component="{{service}}"[[, level="{{level}}"]]}', "lines", start="{{start|alert-10m}}",
               limit="{{limit|100}}", line="{{at}} {{level}} {{line}}", time="plain", empty="no lines\n")  # fmt: skip
BINDINGS = {
    "logs": LOGS,
    "query_metrics": Binding("promql", "{{promql}}", "csv", start="{{start|}}", end="{{end|now}}", step="{{step|1m}}"),
    "cpu": Binding("promql", 'cpu_usage{component="{{service}}"}', "csv", columns={"pod": "pod", "cpu": "value"}, digits=2),
    "run_sql": Binding("sql", "{{query}}", "json"),
    "by_name": Binding("sql", "select severity from alerts where name = '{{name}}'", "csv"),
    "traces": Binding("traces", "search[[ component={{service}}]][[ min_duration={{slower_than}}]]", "table"),
    "pods": Binding("objects", 'list kind="pods" namespace="{{namespace}}"', "kubectl", columns={"name": "name", "ready": "ready", "status": "status"}),
    "pod": Binding("objects", 'get kind="pods" name="{{name}}"'),
}  # fmt: skip


@pytest.fixture(scope="module")
def world(spec, worlds):
    return open_world(replace(spec, bindings=BINDINGS), worlds)


def ask(world, tool, now=ALERT, **arguments):
    return world.answer(canonical(tool, arguments), now=now)


def test_lines_are_shown_as_the_binding_says(world):
    assert ask(world, "logs", service="orders") == WorldAnswer(
        "2026-03-01 09:59:00 error timeout waiting for a connection\n2026-03-01 09:59:00 error request failed: Timeout\n",
        False,
        'logs: {component="orders"} [2026-03-01T09:50:00Z .. 2026-03-01T10:00:00Z]',
    )


def test_an_optional_part_applies_where_its_argument_is_given(world):
    assert (
        ask(world, "logs", service="cart", level="warn").output
        == "2026-03-01 09:57:00 warn slow answer from orders: 812 ms\n"
    )


def test_an_empty_answer_is_not_a_miss(world):
    assert ask(world, "logs", service="nobody").output == "no lines\n"


def test_nothing_later_than_now_is_seen(world):
    def lines(now):
        return ask(world, "logs", now=now, service="cart").output.count("\n")

    assert [lines(at(-5)), lines(at(3.9)), lines(at(4))] == [1, 2, 3]


def test_metrics_are_csv(world):
    assert ask(world, "cpu", service="cart").output == "pod,cpu\ncart-1,0.40\ncart-2,0.30\n"


def test_a_range_is_clipped_at_now(world):
    said = ask(world, "query_metrics", promql="sum(cpu_usage)", start="now-2m", end="now+5m", step="1m").output
    assert [line.split(",")[0] for line in said.splitlines()] == [
        "at", "2026-03-01T09:58:00Z", "2026-03-01T09:59:00Z", "2026-03-01T10:00:00Z",
    ]  # fmt: skip


def test_objects_are_as_they_were_at_now(world):
    assert (
        ask(world, "pods", now=at(-3), namespace="shop").output == "NAME     READY   STATUS\ncart-1   1/1     Running\n"
    )
    assert ask(world, "pods", namespace="shop").output == "NAME     READY   STATUS\ncart-1   0/1     CrashLoopBackOff\n"


def test_an_object_that_is_not_there_is_an_error_of_the_tool(world):
    answer = ask(world, "pod", name="cart-3")
    assert answer == WorldAnswer('Error from server (NotFound): pods "cart-3" not found\n', True, answer.derivation)


def test_a_wrong_query_is_answered_by_an_error(world):
    answer = ask(world, "query_metrics", promql="sum(")
    assert (answer.output, answer.is_error) == (
        "PromQL: 'the end' where a metric, a function or a number should be\n",
        True,
    )


@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("logs", {"service": "cart", "limit": "9" * 5000}, "limit: '99999999999999999999' is not a whole number\n"),
        ("run_sql", {"query": f"select replace('{'a' * 4001}', 'a', '{'b' * 1000}')"}, "the answer has more than 4,000,000 characters; narrow it\n"),
    ],
)  # fmt: skip
def test_a_call_that_asks_too_much_is_answered_by_an_error(world, tool, arguments, words):
    answer = ask(world, tool, **arguments)
    assert (answer.output, answer.is_error) == (words, True)


def test_a_query_outside_the_subset_is_unsupported(world):
    with pytest.raises(Unsupported, match=r"^unsupported: absent\. .*docs/promql\.md$"):
        ask(world, "query_metrics", promql="absent(cpu_usage)")


def test_a_tool_without_binding_is_not_answered(world):
    assert ask(world, "reboot") is None


@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("logs", {"service": "cart", "colour": "red"}, "what colour does is not captured"),
        ("logs", {}, "without service it is not captured"),
        ("run_sql", {"query": "select * from changes"}, "changes were not captured; this world holds alerts, events, logs, metrics, objects, spans, topology"),
        ("query_metrics", {"promql": "cpu_usage", "end": "alert-2h"}, "metrics were captured from 2026-03-01T09:50:00Z on, nothing up to 2026-03-01T08:00:00Z"),
        ("traces", {"service": "cart component=x"}, "service: 'cart component=x' is not one word"),
    ],
)  # fmt: skip
def test_what_is_not_held_is_not_captured(world, tool, arguments, words):
    with pytest.raises(NotCaptured) as missed:
        ask(world, tool, **arguments)
    assert str(missed.value) == words


def test_an_argument_never_leaves_its_quotes(world):
    assert ask(world, "logs", service='cart", level="info').output == "no lines\n"
    assert ask(world, "logs", service="cart\\").output == "no lines\n"
    assert ask(world, "by_name", name="x' or '1'='1").output == "severity\n"
    assert ask(world, "by_name", name="SlowCart").output == "severity\ncritical\n"


def test_the_same_question_gives_the_same_bytes_in_another_cache(world, spec, tmp_path):
    other = open_world(replace(spec, bindings=BINDINGS), tmp_path)
    for tool, arguments in (
        ("logs", {"service": "cart"}),
        ("query_metrics", {"promql": "sum by (component) (rate(requests_total[5m]))"}),
        ("run_sql", {"query": "select component, count(*) n, avg(value) from metrics group by component"}),
        ("traces", {}),
    ):
        assert ask(world, tool, **arguments) == ask(other, tool, **arguments)


@pytest.mark.parametrize(
    ("binding", "words"),
    [
        (Binding("promql", "histogram_quantile(0.9, x)"), "t: unsupported: histogram_quantile. What can be asked is in sandbox/environment/world/docs/promql.md"),
        (Binding("promql", "x{y=1}"), "t: PromQL: '1' where text in quotes should be"),
        (Binding("logs", '{component="{{a:upper}}"}'), "t: query: {{a:upper}} has a filter that is none of re"),
        (Binding("logs", '{component="{{a}"}'), "t: query: a {{ or [[ is not closed, or holds what it may not"),
        (Binding("logs", "{}[[ |= `x`]]"), "t: query: [[ ... ]] without an argument is never left out"),
        (Binding("sql", "drop table logs"), "t: unsupported: DROP. What can be asked is in sandbox/environment/world/docs/sql.md"),
        (Binding("traces", "search user={{a}}"), "t: unsupported: search user=. What can be asked is in sandbox/environment/world/docs/traces.md"),
        (Binding("logs", "{}", start="yesterday"), "t: 'yesterday' is not a time; write it as 2026-03-01T10:00:00Z, epoch seconds or now-30m"),
        (Binding("logs", "{}", limit="many"), "t: limit: it is a whole number or {{an argument}}"),
        (Binding("logs", '{component="{{b}}"}'), "t: query: {{b}} is no argument; the tool takes a"),
    ],
)  # fmt: skip
def test_a_binding_that_could_never_answer_is_refused_in_words(binding, words):
    schema = ToolSchema("t", "", {"properties": {"a": {"type": "string"}}})
    with pytest.raises(BadBinding) as refused:
        check_binding("t", binding, schema)
    assert str(refused.value) == words


def test_every_bound_tool_of_the_world_is_checked_when_it_opens(spec, worlds):
    with pytest.raises(BadBinding, match=r"^bad: unsupported: DROP"):
        open_world(replace(spec, bindings={"bad": Binding("sql", "drop table logs")}), worlds)


def test_times_without_a_zone_are_utc(world):
    assert ask(world, "cpu", now=datetime(2026, 3, 1, 10), service="cart") == ask(
        world, "cpu", now=datetime(2026, 3, 1, 10, tzinfo=UTC), service="cart"
    )


def test_two_worlds_of_the_same_tables_are_open_side_by_side(spec, worlds):
    one, two = (open_world(replace(spec, bindings=BINDINGS), worlds) for _ in range(2))
    assert ask(one, "cpu", service="cart") == ask(two, "cpu", service="cart")
    assert ask(one, "pods", now=at(-3), namespace="shop") != ask(two, "pods", namespace="shop")


def test_a_world_answers_again_after_its_cache_was_emptied(spec, tmp_path):
    world = open_world(replace(spec, bindings=BINDINGS), tmp_path)
    before = ask(world, "cpu", service="cart")
    world.close()
    for file in tmp_path.iterdir():
        file.unlink()
    assert ask(world, "cpu", service="cart") == before
