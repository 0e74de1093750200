from dataclasses import replace

from rules.impact import Impact, Touch, disjoint, impact, provable
from sandbox.knowledge.language import parse
from sandbox.knowledge.rule import EMPTY, Knowledge
from tests.lab import lab_case
from tests.rules.critic.builders import of_bundle

POOL = Knowledge(
    parse('RULE look WHEN evidence(saturation, "pool") THEN REQUIRE get_slow_queries BEFORE CONCLUDE BECAUSE "x"')
)


def runs():
    faults = ("connection_pool_too_small", "memory_leak_oom")
    return {fault: of_bundle(lab_case("quayside", fault, 1)).run() for fault in faults}


def test_impact_tells_what_a_rule_can_touch_from_what_it_cannot():
    found = impact(EMPTY, POOL, runs())
    assert found.unaffected == ("memory_leak_oom",)
    assert [touch.case for touch in found.touched] == ["connection_pool_too_small"]
    assert found.changed == ("look",)
    assert found.words == "1 of 2 cases can change; 1 are proven unaffected"


def test_what_is_proven_unaffected_runs_the_same_step_by_step():
    scene = of_bundle(lab_case("quayside", "memory_leak_oom", 1))
    assert replace(scene.run(POOL), wall_ms=None).digest() == replace(scene.run(), wall_ms=None).digest()


def test_a_case_without_a_run_that_proves_something_must_run():
    run = runs()["memory_leak_oom"]
    assert provable(run)
    for unproven in (replace(run, engine="llm"), replace(run, stop_reason="deadline"), replace(run, stop_reason="")):
        assert impact(EMPTY, POOL, {"it": unproven}).touched == (Touch("it", None),)
    assert impact(EMPTY, POOL, {"it": None}).touched == (Touch("it", None),)


def test_no_change_touches_nothing():
    assert impact(POOL, POOL, runs()).touched == ()


def test_changes_that_touch_no_case_in_common_are_disjoint():
    one, other = Impact((), (Touch("a", 1),), ("b",)), Impact((), (Touch("b", None),), ("a",))
    assert disjoint(one, other)
    assert not disjoint(one, Impact((), (Touch("a", 3),), ()))
