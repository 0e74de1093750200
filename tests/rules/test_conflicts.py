import pytest

from rules.conflicts import Conflict, conflicts
from sandbox.knowledge.rule import (
    EvidenceTest,
    Exclude,
    Implies,
    Knowledge,
    Prefer,
    Require,
    Rule,
    SymptomOf,
    SymptomTest,
)

POOL, QUERY, DEPLOY = (
    EvidenceTest("saturation", "pool"),
    EvidenceTest("query", "slow"),
    EvidenceTest("change", "deploy"),
)


def rule(name, when, *then, unless=()):
    return Rule(name, tuple(when), then, "it was seen", tuple(unless))


def kinds(*rules):
    return [conflict.kind for conflict in conflicts(Knowledge(rules))]


def test_rules_that_say_the_same_are_duplicates():
    assert conflicts(Knowledge((rule("a", [POOL], Implies("leak")), rule("b", [POOL], Implies("leak"))))) == (
        Conflict("duplicate", ("a", "b"), "same trigger and the same operators: one of them is enough"),
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Implies("leak"), SymptomOf("leak")),
        (Implies("leak", 3), Implies("leak", -2)),
        (Require("logs", {"service": "$component"}), Prefer("logs", {}, -1)),
        (Implies("leak"), Implies("lock")),
    ],
)
def test_opposing_operators_on_one_trigger_are_a_contradiction(one, other):
    assert kinds(rule("a", [POOL], one), rule("b", [POOL], other)) == ["contradiction"]


def test_a_narrower_trigger_always_fires_with_the_wider_one():
    wide, narrow = rule("a", [POOL], Implies("leak")), rule("b", [POOL, QUERY], SymptomOf("leak"))
    assert kinds(wide, narrow) == ["contradiction"]


def test_an_exception_the_wider_rule_makes_is_no_conflict():
    wide = rule("a", [POOL], Implies("leak"), unless=[QUERY])
    assert kinds(wide, rule("b", [POOL, QUERY], SymptomOf("leak"))) == []


def test_opposing_rules_that_may_fire_together_overlap():
    assert kinds(rule("a", [POOL], Implies("leak")), rule("b", [QUERY], SymptomOf("leak"))) == ["overlap"]


def test_rules_of_different_symptoms_never_meet():
    one = rule("a", [POOL, SymptomTest(("latency",))], Implies("leak"))
    assert kinds(one, rule("b", [POOL, SymptomTest(("errors",))], SymptomOf("leak"))) == []


def test_rules_that_deny_each_others_evidence_never_meet():
    denied = EvidenceTest("saturation", "pool", negated=True)
    assert kinds(rule("a", [POOL], Implies("leak")), rule("b", [denied, QUERY], SymptomOf("leak"))) == []


def test_an_exclusion_that_blinds_another_rule_is_shown():
    assert kinds(rule("a", [DEPLOY], Exclude("saturation")), rule("b", [POOL], Implies("leak"))) == ["overlap"]


def test_different_readings_of_different_evidence_are_no_conflict():
    assert kinds(rule("a", [POOL], Implies("leak")), rule("b", [QUERY], Implies("missing_index"))) == []


def test_among_shows_only_what_touches_the_named_rules():
    rules = Knowledge(tuple(rule(name, [POOL], Implies("leak")) for name in "abc"))
    assert [conflict.rules for conflict in conflicts(rules, among=frozenset("c"))] == [("a", "c"), ("b", "c")]
