"""A live incident: the same at any minute, whoever asks; what people do to it is worked out, not told."""

import pytest

from cases.transcript import Level
from sandbox.lab import live
from sandbox.lab.actions.base import Action
from sandbox.lab.case import make
from sandbox.lab.incident import MINUTES
from sandbox.lab.live import LONGEST, Plot
from sandbox.lab.tools import recordings
from sandbox.lab.views import metrics, overview
from sandbox.lab.views.firings import firings

INDEX = Plot("quayside", "missing_index", 101)


def firing(plot, minute, *actions):
    return {alert.name for alert in overview.alerts(live.at(plot, minute, actions))}


def facts(plot):
    return live.at(plot, MINUTES - 1).effect.facts


def test_a_case_is_the_incident_after_half_an_hour():
    recorded = {(r.tool, str(r.arguments)): r.output for r in make("quayside", "missing_index", 101).recordings}
    now = {(r.tool, str(r.arguments)): r.output for r in recordings(live.at(INDEX, MINUTES - 1))}
    assert now == recorded


def test_minutes_are_the_same_however_long_one_looks():
    early, late = live.at(INDEX, 20), live.at(INDEX, 60)
    assert early.minutes == late.minutes[:21]
    series = metrics.values(late, "shelf")
    assert metrics.values(early, "shelf") == {name: values[:21] for name, values in series.items()}


def test_nothing_of_the_future_shows():
    happened = live.at(INDEX, 10)
    told = [each.output for each in recordings(happened) if each.tool != "get_certificates"]  # they end in the future
    stamps = [word for output in told for word in output.split() if word.startswith("2026-")]
    assert max(stamps)[:16] <= happened.now.strftime("%Y-%m-%dT%H:%M")
    later = [change for change in happened.changes if change.offset + happened.onset > 10]
    shown = overview.changes(happened)
    assert later and not any(change.text in shown for change in later)


def test_nothing_fires_before_the_onset_and_the_first_alert_calls():
    called = live.first_page(INDEX)
    onset = live.at(INDEX, 0).onset
    assert onset < called < onset + 10
    assert firing(INDEX, onset - 1) == set()
    assert firing(INDEX, called) != set()


def test_alerts_that_went_and_came_are_two():
    where = facts(INDEX)
    index = Action(30, "create_index", {"table": where["table"], "column": where["column"]})
    before, after = live.at(INDEX, 29, (index,)), live.at(INDEX, 60, (index,))
    assert all(each.until is None for each in firings(before))
    ended = [each for each in firings(after) if each.until is not None]
    assert {each.alert.name for each in ended} >= {"DatabasePoolAtLimit", "HighErrorRatio"}
    assert all(30 <= each.until < 45 for each in ended)


@pytest.mark.parametrize(
    ("fault", "remedy"),
    [
        ("missing_index", ("create_index", lambda it: {"table": it.facts["table"], "column": it.facts["column"]})),
        ("connection_leak", ("rollback_deployment", lambda it: {"service": it.component})),
        ("inefficient_code", ("rollback_deployment", lambda it: {"service": it.component})),
        ("memory_leak_oom", ("rollback_deployment", lambda it: {"service": it.component})),
        ("long_transaction_lock", ("terminate_sessions", lambda it: {"user": it.facts["holder"]})),
        ("long_transaction_lock", ("stop_job", lambda it: {"job": it.facts["holder"]})),
        (
            "wrong_configuration_value",
            ("set_config", lambda it: {"service": it.component, "key": it.facts["key"], "value": 2000}),
        ),
        ("invalid_credentials", ("sync_credentials", lambda it: {"service": it.component})),
        ("network_delay", ("drain_node", lambda it: {"node": it.component})),
        ("network_policy_block", ("delete_network_policy", lambda it: {"policy": it.facts["policy"]})),
        ("unschedulable_pod", ("set_resources", lambda it: {"service": it.component, "cpu_request": 1.0})),
        ("noisy_neighbour", ("stop_job", lambda it: {"job": it.facts["job"]})),
        ("noisy_neighbour", ("drain_node", lambda it: {"node": it.facts["node"]})),
        ("cache_unavailable", ("reset_cache", lambda it: {"cache": it.component})),
        ("poison_message", ("dead_letter", lambda it: {"queue": it.component})),
        ("disk_full", ("drop_replication_slot", lambda it: {"slot": it.facts["slot"]})),
    ],
)
def test_the_right_remedy_ends_the_symptoms(fault, remedy):
    plot, (tool, arguments) = Plot("quayside", fault, 101), remedy
    effect = live.at(plot, MINUTES - 1).effect
    action = Action(MINUTES, tool, arguments(effect))
    assert firing(plot, MINUTES + 20) != set()
    assert firing(plot, MINUTES + 20, action) == set()


def test_a_larger_pool_carries_more_traffic():
    plot = Plot("quayside", "connection_pool_too_small", 101)
    action = Action(MINUTES, "set_config", {"service": facts(plot)["owner"], "key": "db_pool_max", "value": 40})
    assert firing(plot, MINUTES + 20) >= {"DatabasePoolAtLimit", "HighErrorRatio"}
    assert firing(plot, MINUTES + 20, action).isdisjoint({"DatabasePoolAtLimit", "HighErrorRatio"})


def test_a_larger_pool_does_not_cure_a_missing_index():
    action = Action(MINUTES, "set_config", {"service": facts(INDEX)["owner"], "key": "DB_POOL_MAX", "value": 40})
    assert "HighLatency" in firing(INDEX, MINUTES + 15, action)


def test_restarting_helps_a_leak_for_a_while():
    plot = Plot("quayside", "connection_leak", 101)
    owner = facts(plot)["owner"]
    action = Action(MINUTES, "restart_workload", {"workload": owner})
    assert "DatabasePoolAtLimit" not in firing(plot, MINUTES + 3, action)
    assert "DatabasePoolAtLimit" in firing(plot, MINUTES + 20, action)


def test_a_drained_node_leaves_pods_without_room():
    plot = Plot("quayside", "no_fault", 101)
    actions = [Action(30, "drain_node", {"node": f"deck-{number}"}) for number in (1, 2)]
    pending = [pod for pod in live.at(plot, 40, actions).last.pods if not pod.node]
    assert pending != []
    assert "PodsNotReady" in firing(plot, 40, *actions)


def test_a_rollback_holds_until_the_next_deployment_alone():
    plot = Plot("quayside", "bad_deploy_error", 101)
    effect = live.at(plot, MINUTES - 1).effect
    early = Action(5, "scale_deployment", {"service": effect.component, "replicas": 4})
    back = Action(MINUTES, "rollback_deployment", {"service": effect.component})
    system = live.at(plot, 40, (early, back)).system.service(effect.component)
    before = live.at(plot, 0).healthy.service(effect.component)
    assert (system.version, system.defect, system.replicas) == (before.version, None, 4)


def test_people_stand_in_the_change_log():
    action = Action(25, "scale_deployment", {"service": "till", "replicas": 4})
    assert "replicas 2 -> 4" in overview.changes(live.at(INDEX, 30, (action,)))
    assert "replicas 2 -> 4" not in overview.changes(live.at(INDEX, 24, (action,)))


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("rollback_deployment", {"service": "nobody"}, 'deployments.apps "nobody" not found'),
        ("rollback_deployment", {"service": "courier"}, "no rollout history found"),
        ("set_config", {"service": "till", "key": "COLOUR", "value": 1}, "has no key COLOUR"),
        ("set_config", {"service": "till", "key": "WORKERS", "value": 0}, "must be above 0"),
        ("create_index", {"table": "orders", "column": "id"}, "already exists"),
        ("create_index", {"table": "orders", "column": "colour"}, 'column "colour" does not exist'),
        ("create_index", {"table": "nothing", "column": "id"}, 'relation "nothing" does not exist'),
        ("set_resources", {"service": "till"}, "nothing to set"),
        ("terminate_sessions", {"user": "nobody"}, 'no session of user "nobody"'),
        ("drop_replication_slot", {"slot": "berth_standby"}, "is active or does not exist"),
        ("reset_cache", {"cache": "till"}, "not found"),
        ("dead_letter", {"queue": "invoices"}, "no queue 'invoices'"),
        ("drain_node", {"node": "deck-9"}, 'nodes "deck-9" not found'),
        ("uncordon_node", {"node": "deck-1"}, "already uncordoned"),
        ("stop_job", {"job": "nothing"}, 'jobs.batch "nothing" not found'),
        ("delete_network_policy", {"policy": "nothing"}, 'networkpolicies "nothing" not found'),
        ("block_service", {"service": "nothing"}, 'services "nothing" not found'),
        ("limit_route", {"route": "GET /", "percent": 50}, "no route GET /; there are: GET /items"),
    ],
)
def test_what_the_system_does_not_do_it_says_in_its_own_words(tool, arguments, said):
    seen, action = live.act(Plot("quayside", "no_fault", 101), 20, (), tool, arguments)
    assert action is None
    assert said in seen.output
    assert (seen.is_error, seen.level) == (True, Level.LIVE)


def test_arguments_against_the_schema_are_refused():
    seen, action = live.act(INDEX, 20, (), "scale_deployment", {"service": "till", "replicas": 400})
    assert action is None
    assert seen.level is Level.REFUSED
    assert "replicas" in seen.output


def test_an_action_works_from_the_next_minute_on():
    seen, action = live.act(INDEX, 20, (), "scale_deployment", {"service": "till", "replicas": 4})
    assert (seen.output, action) == (
        "deployment.apps/till scaled\n",
        Action(21, "scale_deployment", {"service": "till", "replicas": 4}),
    )
    ready = live.at(INDEX, 22, (action,))
    assert [ready.minutes[minute].services["till"].ready for minute in (20, 21)] == [2, 4]


def test_a_call_is_answered_as_of_its_minute():
    early = live.call(INDEX, 12, (), "get_metrics", {"service": "shelf"})
    late = live.call(INDEX, 25, (), "get_metrics", {"service": "shelf"})
    assert late.output.startswith(early.output)
    assert (early.level, early.output.count("\n")) == (Level.LIVE, 2 + 13)


def test_a_window_and_a_query_are_answered_from_the_tables_of_that_minute():
    whole = live.call(INDEX, 25, (), "get_metrics", {"service": "shelf"}).output.splitlines()
    seen = live.call(INDEX, 25, (), "get_metrics", {"service": "shelf", "minutes": 3})
    assert (seen.output.splitlines(), seen.level) == ([*whole[:2], *whole[-3:]], Level.LIVE)
    asked = live.call(INDEX, 25, (), "run_sql", {"query": "SELECT max(at) AS newest FROM metrics"})
    assert live.at(INDEX, 25).now.strftime("%Y-%m-%dT%H:%M:%SZ") in asked.output


def test_what_is_not_there_is_an_error_of_the_system_not_a_gap_of_a_recording():
    seen = live.call(INDEX, 20, (), "get_config", {"service": "nobody"})
    assert (seen.output, seen.is_error, seen.level) == (
        "error: get_config service=nobody: not found\n",
        True,
        Level.LIVE,
    )
    assert live.call(INDEX, 20, (), "get_config", {"colour": 1}).level is Level.REFUSED


def test_a_customer_writes_where_no_alert_does():
    quiet = Plot("quayside", "no_fault", 101)
    onset = live.at(quiet, 0).onset
    assert live.complaint(live.at(quiet, 40)) == onset + 8
    assert live.complaint(live.at(quiet, onset + 7)) is None
    assert live.complaint(live.at(INDEX, 40)) is None
    assert live.first_page(quiet) == onset + 8


def test_an_incident_goes_no_further_than_its_longest():
    assert live.at(INDEX, LONGEST + 50).count == LONGEST + 1


def test_the_task_tells_nothing_of_what_will_happen():
    task = live.task(INDEX)
    told = task.prompt + str(task.context)
    effect = live.at(INDEX, MINUTES - 1).effect
    assert not any(word in told for word in (effect.component, "missing_index", effect.mechanism))
    assert {tool.name for tool in task.tools if tool.effectful} >= {"rollback_deployment", "create_index"}
    assert live.answer(INDEX).causes[0].fault_class == "missing_index"
