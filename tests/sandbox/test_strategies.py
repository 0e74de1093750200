from itertools import islice

import pytest

from cases.diagnosis import Claim, ClaimKind, Conclusion, Diagnosis, Ref, RootCause
from cases.transcript import Observation, RuleUse, Step, Task, ToolSchema, Transcript
from sandbox.agents.base import Profile
from sandbox.archive import Cell
from sandbox.knowledge.evidence import Aspect, Evidence
from sandbox.operators import OPERATORS
from sandbox.strategies import BranchPlan, plan


def tool(name, description, *required):
    properties = {name: {"type": "string"} for name in required}
    return ToolSchema(name, description, {"type": "object", "properties": properties, "required": list(required)})


TASK = Task(
    "orders are slow",
    tools=(
        tool("get_metrics", "metric series", "service"),
        tool("get_logs", "log lines", "service"),
        tool("get_slow_queries", "slow database queries", "service"),
        tool("restart", "restart a service", "service"),
    ),
    fault_classes=("connection_pool_limit", "missing_index", "image_missing", "memory_leak"),
)
EVIDENCE = (
    Evidence(Aspect.SATURATION, "orders", "connection pool <n> of <n>", "20/20", 0, "get_metrics"),
    Evidence(Aspect.LATENCY, "store", "memory rises", "p99 4s", 0, "get_metrics"),
)
FAILED = Transcript(
    TASK,
    (
        Step(0, "get_metrics", {"service": "orders"}, Observation("20/20"), rules=(RuleUse("raise-it", "fired"),)),
        Step(1, "get_logs", {"service": "orders"}, Observation("")),
    ),
    Diagnosis(
        Conclusion.ROOT_CAUSE,
        (RootCause("orders", "connection_pool_limit", claim="c"),),
        claims=(Claim("c", ClaimKind.INFERENCE, "the pool is full", (Ref(0, "20/20"),)),),
    ),
    "concluded",
    "offline",
)


def planned(runs=12, **more):
    return plan(FAILED, evidence=EVIDENCE, task=TASK, runs=runs, **more)


def test_plan_is_the_same_for_the_same_inputs_and_seeds_follow():
    assert planned(seed=7) == planned(seed=7)
    assert [branch.seed for branch in planned(runs=3, seed=7)] == [7, 8, 9]


def test_plan_has_as_many_branches_as_asked_for_all_different():
    for runs in (0, 1, 5, 30, 60):
        branches = planned(runs=runs)
        assert len(branches) == runs
        assert len({repr(branch.operators) for branch in branches}) == runs


def test_plan_of_twelve_uses_at_least_eight_independent_operators_and_no_temperature():
    names = {name for branch in planned() for name in branch.operators}
    assert names >= {"hypothesis", "contrarian", "focus", "fork", "mask", "profile", "component", "dropout"}
    assert "temperature" not in names


def test_temperature_comes_last():
    assert {tuple(branch.operators) for branch in planned(60)[-3:]} == {("temperature", "sample")}
    kinds = ["temperature" in branch.operators for branch in planned(60)]
    assert kinds == sorted(kinds)


def test_hypotheses_test_the_likeliest_first_and_never_what_failed():
    tried = [branch.operators["hypothesis"] for branch in planned(30) if "hypothesis" in branch.operators]
    assert tried == ["memory_leak", "missing_index", "image_missing"]


def test_every_branch_says_why_and_its_profile_does_what_its_operator_names():
    assert all(branch.why for branch in planned())
    by_name = {name: branch for branch in reversed(planned()) for name in branch.operators}
    assert by_name["contrarian"].profile == Profile(contrarian="connection_pool_limit")
    assert by_name["mask"].profile == Profile(masked_tools=("get_metrics",))
    assert by_name["mask"].why == "Without get_metrics, which the conclusion leans on 1 time"
    assert by_name["dropout"].profile == Profile(dropped_rules=("raise-it",))
    assert by_name["component"].profile == Profile(hypothesis="store")


def test_focus_goes_where_nobody_looked():
    assert next(branch for branch in planned() if "focus" in branch.operators).operators == {"focus": "database"}


def test_fork_keeps_the_steps_before_the_conclusion_took_hold_and_never_changes_the_system():
    forks = [branch for branch in planned(40) if "fork" in branch.operators]
    assert forks[0] == BranchPlan(
        {"fork": {"step": 1, "tool": "get_slow_queries", "arguments": {"service": "orders"}}},
        Profile(prefix=(("get_metrics", {"service": "orders"}), ("get_slow_queries", {"service": "orders"}))),
        forks[0].seed,
        "Keep the first step, then call get_slow_queries, which the failed session never did",
        Cell(modality="database"),
    )


@pytest.mark.parametrize("operator", sorted(OPERATORS))
def test_operators_bear_a_session_that_saw_and_concluded_nothing(operator):
    empty = Transcript(Task("something is wrong"))
    branches = plan(empty, evidence=(), task=empty.task, runs=20)
    assert len(branches) == 20
    assert list(islice((branch for branch in branches if operator in branch.operators), 1)) or operator not in (
        "profile",
        "temperature",
    )
