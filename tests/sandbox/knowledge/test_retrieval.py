import json
from dataclasses import replace

import pytest

from cases.transcript import Task, ToolSchema
from sandbox.agents.loop import run
from sandbox.agents.offline.agent import OfflineAgent
from sandbox.environment.base import Recording
from sandbox.environment.replay import ReplaySource
from sandbox.knowledge.evidence import Aspect, Evidence
from sandbox.knowledge.language import parse, parse_rule
from sandbox.knowledge.retrieval import ANY_CONCLUSION, Binding, Situation, affected, places, triggered
from sandbox.knowledge.rule import EMPTY, Knowledge
from tests.sandbox.agents.offline.runs import calls, run_on


def seen(aspect, component, value, **more):
    return Evidence(Aspect(aspect), component, value, quote=value, step=0, tool=more.pop("tool", "look"), **more)


POOL = seen(
    "saturation", "cart", "connection pool at its limit", kind="metric", strength=3.0, node="n1", namespace="shop"
)
DISK = seen("saturation", "store", "disk near its limit", kind="metric", strength=2.0)
SLOW = seen("query", "cart", "slow query select takes seconds", kind="query", tool="get_slow_queries")
OLD = seen("event", "cart", "FailedCreate: forbidden", strength=0.3)
FINE = seen("normal", "cart", "no error logs", strength=0.3)
SITUATION = Situation((POOL, DISK, OLD, FINE), ("latency",), {"get_slow_queries"}, {"cart"})


def components(text, situation=SITUATION):
    return [binding.component for binding in triggered(parse_rule(f'RULE r {text} THEN ADVISE "x"'), situation)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("WHEN evidence(saturation)", ["cart", "store"]),
        ('WHEN evidence(saturation, "POOL")', ["cart"]),
        ("WHEN evidence(saturation, component = symptom)", ["cart"]),
        ("WHEN evidence(saturation, kind = query)", []),
        ("WHEN evidence(saturation, tool = look) AND symptom = latency | errors", ["cart", "store"]),
        ("WHEN evidence(saturation) AND symptom = errors", []),
        ("WHEN evidence(saturation) AND NOT evidence(lock)", ["cart", "store"]),
        ("WHEN evidence(saturation) AND NOT evidence(saturation)", []),
        ("WHEN evidence(saturation) AND tool(get_slow_queries)", ["cart", "store"]),
        ("WHEN evidence(saturation) AND tool(get_traces)", []),
        ('WHEN evidence(saturation, "disk") AND evidence(saturation, "pool")', ["store"]),
        ('WHEN evidence(saturation, "disk") AND evidence(saturation, "pool", component = same)', []),
        ('WHEN evidence(saturation) UNLESS evidence(saturation, "disk", component = same)', ["cart"]),
        ('WHEN evidence(saturation) UNLESS evidence(saturation, "disk")', []),
        ("WHEN evidence(event)", []),
        ('WHEN evidence(normal, "error")', ["cart"]),
        ("WHEN symptom = latency", ["cart"]),
        ('WHEN evidence(saturation) AND conclusion ~ "pool"', []),
    ],
)  # fmt: skip
def test_trigger_binds_the_components_it_matches(text, expected):
    assert components(text) == expected


def test_conclusion_test_holds_for_the_class_about_to_be_concluded():
    text = 'WHEN evidence(saturation, "pool") AND conclusion ~ "pool|limit"'
    assert components(text, replace(SITUATION, conclusion="connection_pool_too_small")) == ["cart"]
    assert components(text, replace(SITUATION, conclusion="disk_full")) == []
    assert components(text, replace(SITUATION, conclusion=ANY_CONCLUSION)) == ["cart"]


class Facts:
    nodes = {"cart": "n2"}
    edges = {("front", "cart"), ("cart", "store")}
    control = ["plane"]

    def home(self, component):
        return "shop"


@pytest.mark.parametrize(
    ("at", "component", "expected"),
    [
        ("evidence", "cart", ["cart"]),
        ("node", "cart", ["n2"]),
        ("node", "unplaced", ["plane"]),
        ("namespace", "cart", ["shop"]),
        ("callee", "cart", ["store"]),
        ("caller", "cart", ["front"]),
        ("callee", "store", ["store"]),
    ],
)
def test_implied_fault_is_placed(at, component, expected):
    assert places(at, Binding(component), Facts()) == expected


FAULTS = ("missing_index", "memory_leak_oom", "disk_full", "unschedulable_pod", "poison_message", "no_fault")
RULES = {
    rule.name: rule
    for rule in parse(
        """
        RULE pool WHEN evidence(saturation, "pool") THEN REQUIRE get_slow_queries() BEFORE CONCLUDE BECAUSE "x"
        RULE oom WHEN evidence(event, "memory") THEN IMPLY disk_full WEIGHT 9 AT evidence BECAUSE "x"
        RULE disk WHEN evidence(log, "no space left") THEN IMPLY bad_deploy_error WEIGHT 9 AT node BECAUSE "x"
        RULE lock WHEN evidence(lock) AND symptom = saturation THEN SYMPTOM OF connection_pool_too_small BECAUSE "x"
        RULE never WHEN evidence(certificate, "expired") THEN IMPLY disk_full WEIGHT 9 BECAUSE "x"
        RULE absent WHEN NOT evidence(log) AND symptom = restart THEN PREFER get_changes() WEIGHT 5 BECAUSE "x"
        RULE closing WHEN symptom = saturation AND conclusion ~ "pool" THEN REQUIRE get_lock_waits() BEFORE CONCLUDE BECAUSE "x"
        RULE noise WHEN evidence(event, "Unhealthy|FailedScheduling") THEN EXCLUDE evidence(event) BECAUSE "x"
        """
    )
}


def check_proof(base, candidate, first):
    """None means the very same run; an index that all decisions before it were the same."""
    if first is None:
        assert candidate.digest() == base.digest()
    else:
        assert calls(candidate)[:first] == calls(base)[:first]


def test_unaffected_runs_are_the_same_to_the_last_byte():
    found = {}
    for fault in FAULTS:
        base = run_on(fault)
        for name, rule in RULES.items():
            knowledge = Knowledge((rule,))
            first = affected(base, EMPTY, knowledge)
            candidate = run_on(fault, rules=_text(rule))
            check_proof(base, candidate, first)
            found[fault, name] = first is None
    assert {name for name in RULES if found["missing_index", name]} == {
        "oom",
        "disk",
        "lock",
        "never",
        "absent",
        "noise",
    }
    assert 0.3 < sum(found.values()) / len(found) < 0.95


def _text(rule):
    from sandbox.knowledge.language import text_of

    return text_of(rule)


def test_same_knowledge_affects_nothing_and_dropped_rules_neither():
    rule = RULES["pool"]
    base = run_on("missing_index")
    assert affected(base, Knowledge((rule,)), Knowledge((rule,))) is None
    dropping = replace(base, parameters={**base.parameters, "profile": {"dropped_rules": ("pool",)}})
    assert affected(dropping, EMPTY, Knowledge((rule,))) is None


def test_removed_rule_affects_from_where_it_was_retrieved():
    rule = RULES["pool"]
    base = run_on("missing_index", rules=_text(rule))
    first = affected(base, Knowledge((rule,)), EMPTY)
    assert first is not None
    assert calls(run_on("missing_index"))[:first] == calls(base)[:first]


def test_nothing_is_claimed_for_another_engine():
    base = replace(run_on("no_fault"), engine="llm")
    assert affected(base, EMPTY, Knowledge((RULES["never"],))) == 0


@pytest.mark.shared
def test_unaffected_recorded_cases_run_the_same(shared):
    folder = shared / "cases"
    tools = tuple(
        ToolSchema(tool["name"], tool["description"], tool["parameters"])
        for tool in json.loads((folder / "catalogues" / "cloudopsbench.json").read_text())
    )
    classes = json.loads((folder / "catalogues" / "fault_classes.json").read_text())["cloudopsbench"]
    vocabulary = tuple(name for names in classes.values() for name in names)
    rules = [
        parse_rule('RULE a WHEN evidence(event, "taint") THEN IMPLY oom_killed WEIGHT 9 BECAUSE "x"'),
        parse_rule('RULE b WHEN evidence(log, "refused") THEN REQUIRE GetAlerts() BEFORE CONCLUDE BECAUSE "x"'),
        parse_rule('RULE c WHEN evidence(quota) AND conclusion ~ "quota" THEN SYMPTOM OF oom_killed BECAUSE "x"'),
    ]
    unaffected = 0
    for path in sorted((folder / "cloudopsbench").glob("*.json"))[::11]:
        case = json.loads(path.read_text())
        source = ReplaySource(
            tools,
            [Recording(one["tool"], one["arguments"], one["output"], match=one["match"]) for one in case["recordings"]],
        )
        task = Task(case["prompt"], case["context"], tools, vocabulary)
        base = run(OfflineAgent(), task, source.open())
        for rule in rules:
            first = affected(base, EMPTY, Knowledge((rule,)))
            check_proof(base, run(OfflineAgent(), task, source.open(), knowledge=Knowledge((rule,))), first)
            unaffected += first is None
    assert unaffected > 20
