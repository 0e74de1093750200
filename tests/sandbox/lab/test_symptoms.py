"""What one sees first has many causes, and no single call tells them apart."""

import re
from collections import defaultdict
from functools import lru_cache

import pytest

from sandbox.lab.case import faults, happen, systems
from sandbox.lab.tools import recordings
from sandbox.lab.views.overview import alerts, primary

SEEDS = (1, 1003)
NUMBER = re.compile(r"\d+(?:[.:]\d+)*")


@lru_cache
def happened(system, fault, seed):
    return happen(system, fault, seed)


@lru_cache
def causes():
    """Alert name -> fault classes that raise it, on either system."""
    found = defaultdict(set)
    for system in systems():
        for fault in faults():
            for alert in alerts(happened(system, fault, 1003)):
                found[alert.name].add(fault)
    return dict(found)


def test_every_alert_has_at_least_three_causes():
    few = {name: sorted(classes) for name, classes in causes().items() if len(classes) < 3}
    assert few == {}
    assert set(causes()) == {
        "ContainerRestarting",
        "CountsDiverge",
        "DatabasePoolAtLimit",
        "DiskAlmostFull",
        "HighErrorRatio",
        "HighLatency",
        "PodsNotReady",
        "QueueBacklog",
        "TargetDown",
    }


# for each alert, three of its causes that share a place where they can happen
TRIPLES = {
    "DatabasePoolAtLimit": ("n_plus_one_queries", "connection_pool_too_small", "slow_storage"),
    "HighErrorRatio": ("dependency_errors", "dependency_rate_limited", "dependency_slow"),
    "HighLatency": ("heap_too_small", "cpu_limit_too_low", "inefficient_code"),
    "QueueBacklog": ("poison_message", "duplicate_consumption", "slow_consumer"),
    "CountsDiverge": ("duplicate_charge", "lost_compensation", "outbox_stalled"),
    "ContainerRestarting": ("memory_leak_oom", "memory_limit_too_low", "probe_misconfigured"),
    "PodsNotReady": ("unschedulable_pod", "quota_exceeded", "image_pull_failure"),
    "DiskAlmostFull": ("disk_full", "temp_file_spill", "wal_archiving_failed"),
    "TargetDown": ("cache_unavailable", "missing_secret_key", "malformed_setting"),
}


@lru_cache
def shown(fault):
    """(tool, argument shape) -> what the call's lines look like over seeds and systems, names and numbers masked."""
    seen = defaultdict(list)
    for system in systems():
        for seed in SEEDS:
            incident = happened(system, fault, seed)
            recorded = recordings(incident)
            values = {value for each in recorded for value in each.arguments.values() if isinstance(value, str)}
            names = re.compile("|".join(sorted(map(re.escape, values), key=len, reverse=True)))
            for each in recorded:
                fixed = {
                    key: value for key, value in each.arguments.items() if key in ("level", "resource_type", "metric")
                }
                key = (each.tool, tuple(sorted(fixed.items())), tuple(sorted(each.arguments)))
                masked = NUMBER.sub("#", names.sub("@", each.output))
                seen[key].append(frozenset(" ".join(line.split()) for line in masked.splitlines()))
    return seen


def tells_all_apart(call, classes):
    """Whether each class has a line that this call shows for it always, and for none of the others ever."""
    for fault in classes:
        own = shown(fault).get(call)
        if not own:
            return False
        always = frozenset.intersection(*own)
        others = frozenset().union(
            *(line for other in classes if other != fault for line in shown(other).get(call, ()))
        )
        if not always - others:
            return False
    return True


@pytest.mark.parametrize("alert", TRIPLES)
def test_no_single_call_separates_three_causes_of_an_alert(alert):
    classes = TRIPLES[alert]
    assert set(classes) <= causes()[alert]
    kinds = {call for fault in classes for call in shown(fault)}
    assert len(kinds) > 20
    assert [call for call in sorted(kinds) if tells_all_apart(call, classes)] == []


def hops(system, start, end):
    """Calls from one component to another, down the call graph and into the database's tables."""
    edge, steps = {start}, 0
    while edge and steps < 12:
        if end in edge:
            return steps
        reached = {call.target for service in system.services if service.name in edge for call in service.calls}
        reached |= {table.name for table in system.database.tables if table.owner in edge}
        edge, steps = reached, steps + 1
    return None


def test_what_breaks_at_the_end_of_the_chain_is_felt_five_calls_further_up():
    far = {
        (fault, seed)
        for fault in ("bad_deploy_error", "inefficient_code", "cpu_limit_too_low", "heap_too_small")
        for seed in range(1000, 1006)
        for incident in [happened("millrace", fault, seed)]
        for alert in [primary(incident)]
        if alert and (hops(incident.system, alert.component, incident.effect.component) or 0) >= 5
    }
    assert len(far) >= 4


@pytest.mark.parametrize("system", systems())
def test_harmless_changes_come_with_every_class(system):
    """And of the kinds that do harm: the newest change is no sign of what broke."""
    for fault in faults():
        incident = happened(system, fault, 1003)
        harmful = {(change.kind, change.target, change.text) for change in incident.effect.changes}
        decoys = [each for each in incident.changes if (each.kind, each.target, each.text) not in harmful]
        assert len(decoys) >= 2, fault


def test_names_of_the_two_systems_have_nothing_in_common():
    quayside, millrace = (
        {service.name for service in system.services}
        | {table.name for table in system.database.tables}
        | {node.name for node in system.nodes}
        | {system.database.name, system.cache.name, system.queue.name, system.resolver.name, system.queue.relay}
        for system in systems().values()
    )
    assert quayside & millrace == set()
