import pytest

from cases.evaluation.efficiency import barren_streak, going_round, measure
from cases.evaluation.thresholds import Thresholds
from cases.transcript import Level, Task, ToolSchema
from tests.cases.evaluation.values import LAST_STATE, PODS, STEPS, TASK, step, steps


def test_a_straight_session_wastes_nothing():
    found = measure(TASK, STEPS)
    assert found.metrics == {
        "calls": 3,
        "redundancy": 0.0,
        "repeated": [],
        "subsumed": [],
        "invalid": [],
        "tool_errors": [],
        "loops": 0,
        "looped": [],
        "levels": {"r0": 3},
        "misses": 0,
    }
    assert (found.findings, found.looping) == ((), False)


def test_no_calls_have_no_redundancy():
    assert measure(TASK, ()).metrics["redundancy"] is None


def test_calls_that_ask_the_same_are_redundant_however_they_are_written():
    made = steps(
        step(arguments={"kind": "pods", "namespace": "shop"}),
        step(arguments={"namespace": "shop", "kind": "po", "limit": None}),
        step("Logs", {"service": "web"}, "x"),
        step("Logs", {"service": "web"}, "x"),
    )
    found = measure(TASK, made)
    assert found.metrics["redundancy"] == 0.5
    assert found.metrics["repeated"] == [[0, 1], [2, 3]]
    assert [finding.text for finding in found.findings] == [
        "Step 2 asks again what step 1 asked",
        "Step 4 asks again what step 3 asked",
    ]


def test_a_narrower_call_that_returned_nothing_new_is_subsumed():
    row = PODS.splitlines()[1]
    made = steps(
        step(arguments={"kind": "pods"}),
        step(arguments={"kind": "pods", "name": "basket-6f966d9cc9-scwgm"}, output=row),
        step(arguments={"kind": "pods", "name": "other"}, output=LAST_STATE),
    )
    assert measure(TASK, made).metrics["subsumed"] == [[0, 1]]


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (step("Nope"), "there is no tool Nope"),
        (step(arguments={"name": "x"}), "$: 'kind' is a required property"),
        (step(arguments={"kind": "pods", "limit": "many"}), "$.limit: 'many' is not of type 'integer'"),
        (step(arguments={"kind": "pods"}, output="only one kind", level=Level.REFUSED), "only one kind"),
    ],
)
def test_invalid_calls_are_listed_with_what_is_wrong(call, why):
    found = measure(TASK, steps(call))
    assert found.metrics["invalid"] == [0]
    assert [finding.text for finding in found.findings] == [f"Step 1: {why}"]


def test_a_miss_is_not_the_agents_fault_and_counts_apart():
    made = steps(step(arguments={"kind": "pods"}, level=Level.MISS), step(arguments={"kind": "nodes"}, is_error=True))
    metrics = measure(TASK, made).metrics
    assert (metrics["invalid"], metrics["misses"], metrics["tool_errors"]) == ([], 1, [1])
    assert metrics["levels"] == {"miss": 1, "r0": 1}


def test_without_tools_or_with_a_broken_schema_nothing_is_held_against_a_call():
    assert measure(Task("?"), steps(step("Nope"))).metrics["invalid"] == []
    broken = Task("?", tools=(ToolSchema("Resources", parameters={"type": 7}),))
    assert measure(broken, steps(step())).metrics["invalid"] == []


def test_the_same_call_three_times_is_a_loop():
    made = steps(*[step(arguments={"kind": "pods"}, output=str(at)) for at in range(3)])
    found = measure(TASK, made)
    assert found.looping
    assert ("loop", "Resources was asked the same 3 times", 2) in [(f.code, f.text, f.step) for f in found.findings]


@pytest.mark.parametrize(
    ("keys", "period"),
    [("aaa", 1), ("xababab", 2), ("abcabcabc", 3), ("abcdabcdabcd", 4), ("abab", 0), ("abcdeabcdeabcde", 0), ("", 0)],
)
def test_a_round_is_seen_at_its_third_repetition(keys, period):
    assert going_round(list(keys)) == period


def test_five_steps_without_anything_new_are_a_loop():
    made = steps(step(output="a"), *[step("Logs", {"service": str(at)}, "a") for at in range(5)])
    assert barren_streak(made) == 5
    assert "5 steps in a row brought nothing new" in [finding.text for finding in measure(TASK, made).findings]
    assert not measure(TASK, made[:5]).looping


def test_misses_neither_make_nor_break_a_barren_streak():
    missed = [step("Logs", {"service": f"m{at}"}, "not captured", level=Level.MISS) for at in range(6)]
    assert barren_streak(steps(step(output="a"), *missed)) == 0
    assert barren_streak(steps(step(output="a"), step(output="a"), *missed, step(output="a"))) == 2


def test_a_loop_says_where_it_began_and_where_it_was_last_seen():
    pods, logs = step(arguments={"kind": "pods"}), step("Logs", {"service": "web"}, "x")
    assert measure(TASK, steps(logs, pods, pods, pods)).metrics["looped"] == [[1, 3]]
    rounds = measure(TASK, steps(*([pods, logs] * 3)))
    assert [0, 5] in rounds.metrics["looped"]
    assert {finding.step for finding in rounds.findings if finding.code == "loop"} == {4, 5}


def test_what_counts_as_a_loop_can_be_set():
    twice = steps(step(arguments={"kind": "pods"}), step(arguments={"kind": "pods"}))
    assert not measure(TASK, twice).looping
    assert measure(TASK, twice, Thresholds(same_call=2)).looping
    barren = steps(*[step("Logs", {"service": str(at)}, "x") for at in range(4)])
    assert not measure(TASK, barren).looping
    assert measure(TASK, barren, Thresholds(barren=3)).metrics["looped"] == [[1, 3]]
