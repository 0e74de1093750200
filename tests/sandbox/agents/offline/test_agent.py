import os
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.agents.base import Budget, Profile
from sandbox.agents.offline.names import MARK
from tests.sandbox.agents.offline.runs import calls, case, concluded, run_on, run_with_seed

LOOK = """RULE look-into-the-database
WHEN evidence(saturation, "pool|connection") AND tool(get_slow_queries)
THEN REQUIRE get_slow_queries() BEFORE CONCLUDE
AND REQUIRE get_lock_waits() BEFORE CONCLUDE
AND REQUIRE get_database_connections(service = $component) BEFORE CONCLUDE
BECAUSE "a pool at its limit is a symptom until the sessions and queries behind it are seen"
"""
POOLS = ("connection_pool_too_small", "missing_index", "connection_leak", "long_transaction_lock")
QUERIES = [("get_slow_queries", {}), ("get_lock_waits", {})]


@pytest.mark.parametrize("fault", POOLS)
def test_untaught_agent_stops_at_the_limit(fault):
    transcript = run_on(fault)
    assert concluded(transcript)[0] == "connection_pool_too_small"
    assert [str(one.kind) for one in transcript.diagnosis.mitigations] == ["symptomatic"]
    assert not any(call in calls(transcript) for call in QUERIES)


@pytest.mark.parametrize("fault", POOLS)
def test_taught_agent_looks_behind_the_limit_and_concludes_by_what_it_sees(fault):
    transcript = run_on(fault, LOOK)
    assert concluded(transcript)[0] == fault
    assert all(call in calls(transcript) for call in QUERIES)


def test_requirement_that_displaces_a_conclusion_says_which():
    uses = [use for step in run_on("missing_index", LOOK).steps for use in step.rules]
    assert uses[0].how == "retrieved"
    assert any(use.how == "fired" and use.operator == "require" and use.instead_of for use in uses)


def test_wrong_rule_hurts():
    wrong = 'RULE w WHEN evidence(restart) THEN IMPLY disk_full WEIGHT 9 AT evidence BECAUSE "wrong"'
    assert concluded(run_on("memory_leak_oom"))[0] == "memory_leak_oom"
    assert concluded(run_on("memory_leak_oom", wrong))[0] == "disk_full"


def test_symptom_rule_lowers_a_class_and_says_what_it_displaced():
    rule = 'RULE s WHEN evidence(saturation, "pool") THEN SYMPTOM OF connection_pool_too_small WEIGHT 9 BECAUSE "x"'
    transcript = run_on("missing_index", rule)
    assert concluded(transcript)[0] != "connection_pool_too_small"
    fired = [use for step in transcript.steps for use in step.rules if use.how == "fired"]
    assert fired or any(use.how == "fired" for use in transcript.concluding_rules)


def test_excluded_evidence_counts_for_nothing():
    rule = 'RULE e WHEN evidence(restart) THEN EXCLUDE evidence(pattern) BECAUSE "x"'.replace("pattern", '"memory|oom"')
    assert concluded(run_on("memory_leak_oom"))[0] == "memory_leak_oom"
    assert concluded(run_on("memory_leak_oom", rule))[0] != "memory_leak_oom"


def test_preferred_call_is_made_early():
    rule = 'RULE p WHEN symptom = saturation THEN PREFER get_changes() WEIGHT 9 BECAUSE "x"'
    assert calls(run_on("missing_index", rule))[0] == ("get_changes", {})


def test_rule_about_a_class_outside_the_vocabulary_abstains():
    rule = 'RULE a WHEN evidence(saturation, "pool") THEN IMPLY flux_capacitor_empty WEIGHT 9 BECAUSE "x"'
    assert concluded(run_on("missing_index", rule)) == concluded(run_on("missing_index"))


def test_every_claim_says_in_words_and_quotes_what_was_returned():
    for fault in (*POOLS, "memory_leak_oom", "disk_full", "unschedulable_pod"):
        transcript = run_on(fault)
        refs = [ref for claim in transcript.diagnosis.claims for ref in claim.refs]
        assert refs, fault
        assert not any(MARK.search(claim.text) for claim in transcript.diagnosis.claims), fault
        assert all(ref.quote and ref.quote in transcript.steps[ref.step].observation.output for ref in refs), fault


def test_root_cause_is_chained_to_what_the_alert_complains_of():
    diagnosis = run_on("memory_leak_oom").diagnosis
    by_id = {claim.id: claim for claim in diagnosis.claims}
    assert diagnosis.root_causes[0].claim == "cause" and by_id["cause"].refs
    assert diagnosis.chain and all({link.cause, link.effect} <= by_id.keys() for link in diagnosis.chain)
    assert diagnosis.frame["symptom"] == "restart"


def test_healthy_system_is_found_healthy():
    assert concluded(run_on("no_fault")) == "no_fault"


def test_budget_that_ends_too_early_names_what_is_missing():
    transcript = run_on("missing_index", LOOK, budget=Budget(steps=1))
    assert (transcript.stop_reason, concluded(transcript)) == ("max_steps", "inconclusive")
    assert any("get_slow_queries" in missing for missing in transcript.diagnosis.missing)


def test_run_is_the_same_in_another_process():
    code = (
        "from sandbox.agents.base import Profile\n"
        "from tests.sandbox.agents.offline.runs import run_on\n"
        "print(run_on('disk_full').digest(), run_on('disk_full', seed=2, profile=Profile(temperature=1.0)).digest())"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=Path(__file__).parents[4],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1 and len(outputs.pop().split()) == 2


def test_temperature_draws_by_the_seed():
    def hot(drawn):
        return calls(run_with_seed("disk_full", drawn, profile=Profile(temperature=1.5)))

    assert hot(1) == hot(1)
    assert hot(1) != hot(2)


def test_fast_profile_asks_less_than_thorough():
    fast, thorough = (len(run_on("disk_full", profile=Profile(name)).steps) for name in ("fast", "thorough"))
    assert fast < thorough


@pytest.mark.parametrize(
    ("profile", "tools"),
    [
        (Profile("log_first"), {"get_logs"}),
        (Profile("trace_first"), {"get_traces", "get_topology"}),
        (Profile("change_first"), {"get_changes", "get_config"}),
        (
            Profile(focus="database"),
            {"get_slow_queries", "get_lock_waits", "get_database_connections", "get_pool_status"},
        ),
        (Profile(focus="changes"), {"get_changes"}),
        (Profile(hint="look at the slow queries of the database"), {"get_slow_queries"}),
    ],
    ids=lambda value: getattr(value, "hint", "") or getattr(value, "focus", "") or getattr(value, "name", ""),
)
def test_profile_turns_the_first_calls(profile, tools):
    def first(**options):
        return [tool for tool, _ in calls(run_on("missing_index", **options))[:3]]

    assert tools & set(first(profile=profile))
    assert first(profile=profile) != first()


def test_branch_with_a_hypothesis_looks_where_it_would_show():
    transcript = run_on("missing_index", profile=Profile(hypothesis="missing_index"))
    assert QUERIES[0] in calls(transcript)
    assert concluded(transcript)[0] == "missing_index"


def test_contrarian_branch_never_concludes_what_it_holds_wrong():
    transcript = run_on("missing_index", profile=Profile(contrarian="connection_pool_too_small"))
    assert concluded(transcript)[0] != "connection_pool_too_small"
    assert len(transcript.steps) > len(run_on("missing_index").steps)


def test_masked_tool_is_not_asked_and_dropped_rule_not_followed():
    masked = run_on("missing_index", LOOK, profile=Profile(masked_tools=("get_slow_queries",)))
    assert "get_slow_queries" not in [tool for tool, _ in calls(masked)]
    dropped = run_on("missing_index", LOOK, profile=Profile(dropped_rules=("look-into-the-database",)))
    assert calls(dropped) == calls(run_on("missing_index"))


def test_prefix_is_played_and_used():
    prefix = (("get_slow_queries", {}),)
    transcript = run_on("missing_index", profile=Profile(prefix=prefix))
    assert calls(transcript)[0] == prefix[0]
    assert concluded(transcript)[0] == "missing_index"


def test_agent_sees_nothing_of_the_answer():
    assert case("missing_index").answer.causes
    assert "answer" not in repr(case("missing_index").task).lower()


def test_requirement_about_callees_is_made_of_each_that_the_component_calls():
    rule = """RULE look-below WHEN evidence(saturation, "at its limit")
        THEN REQUIRE get_topology(service = $component) BEFORE CONCLUDE
        AND REQUIRE get_metrics(service = $callee) BEFORE CONCLUDE"""
    transcript = run_on("missing_index", rule)
    asked = [step.arguments.get("service") for step in transcript.steps if step.tool == "get_metrics"]
    called = {
        line.split()[1]
        for step in transcript.steps
        if step.tool == "get_topology"
        for line in step.observation.output.splitlines()
        if line.strip().startswith("->")
    }
    assert called
    assert called <= {*asked}


def test_branch_with_a_hypothesis_goes_on_until_it_is_tested():
    """The pool at its limit is a strong explanation; a branch that doubts it asks further before it says so."""
    plain = run_on("missing_index")
    led = run_on("missing_index", profile=Profile(hypothesis="expired_certificate"))
    assert len(plain.steps) < 9 <= len(led.steps)
    assert concluded(led)[0] != "expired_certificate"  # nothing that was seen speaks of it


def test_branch_with_a_hypothesis_does_not_ask_the_same_of_everything():
    for hypothesis in ("probe_misconfigured", "slow_storage", "missing_index"):
        tools = [tool for tool, _ in calls(run_on("missing_index", profile=Profile(hypothesis=hypothesis)))[:9]]
        assert max(map(tools.count, tools)) <= 4
