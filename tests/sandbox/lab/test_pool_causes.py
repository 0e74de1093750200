"""One symptom, a connection pool at its limit, with four causes that only the right database call separates."""

import re

import pytest

from sandbox.lab.case import happen
from sandbox.lab.library import starter_library
from tests.sandbox.lab.reading import answer, series

TRAFFIC, INDEX, LEAK, LOCK = ("connection_pool_too_small", "missing_index", "connection_leak", "long_transaction_lock")
CASES = [
    bundle
    for bundle in starter_library()
    if bundle.answer.causes and bundle.answer.causes[0].fault_class in (TRAFFIC, INDEX, LEAK, LOCK)
]
EACH = pytest.mark.parametrize("bundle", CASES, ids=[bundle.identity[1] for bundle in CASES])


def fault_of(bundle):
    return bundle.answer.causes[0].fault_class


def alerted(bundle):
    return bundle.task.context["alert"]["labels"]["service"]


@EACH
def test_the_first_looks_are_the_same(bundle):
    """Alert, metrics and the pool's own counters say the pool is full and requests wait, whatever the cause."""
    name = alerted(bundle)
    assert bundle.task.context["alert"]["labels"]["alertname"] == "DatabasePoolAtLimit"
    limit = series(bundle, name, "db_pool_max")[-1]
    used = series(bundle, name, "db_pool_in_use")
    assert used[0] < 0.7 * limit
    assert used[-3:] == [limit] * 3
    latency = series(bundle, name, "latency_p95_ms")
    assert latency[-1] > 5 * latency[0]
    assert f"active: {limit:.0f}\n  idle: 0\n" in answer(bundle, "get_pool_status", service=name)
    assert "connection is not available" in answer(bundle, "get_logs", service=name, level="error")


@EACH
def test_only_a_lost_index_shows_a_scan(bundle):
    statements = answer(bundle, "get_slow_queries")
    assert ("Seq Scan" in statements) == (fault_of(bundle) == INDEX)
    assert ("-- no entries --" in statements) == (fault_of(bundle) != INDEX)


@EACH
def test_only_a_lock_shows_waits_for_one_old_transaction(bundle):
    waits = answer(bundle, "get_lock_waits")
    assert ("(0 rows)" in waits) == (fault_of(bundle) != LOCK)
    if fault_of(bundle) == LOCK:
        rows = [row.split("|") for row in waits.splitlines()[2:-1]]
        assert len(rows) > 5
        assert len({row[4] for row in rows}) == 1
        assert {row[1].strip() for row in rows} == {alerted(bundle)}


@EACH
def test_only_a_leak_shows_the_service_s_sessions_idle_in_transaction_for_minutes(bundle):
    sessions = answer(bundle, "get_database_connections", service=alerted(bundle))
    stuck = re.findall(r"idle in transaction \| 00:(?:0[2-9]|[1-5]\d)", sessions)
    assert (len(stuck) > 10) == (fault_of(bundle) == LEAK)
    assert bool(stuck) == (fault_of(bundle) == LEAK)


@EACH
def test_only_plain_traffic_comes_with_more_requests(bundle):
    rate = series(bundle, alerted(bundle), "requests_per_second")
    assert (rate[-1] > 1.5 * rate[0]) == (fault_of(bundle) == TRAFFIC)
    assert series(bundle, "strongroom", "cpu_utilisation")[-1] < 0.5 or fault_of(bundle) == INDEX


@pytest.mark.parametrize("fault", [TRAFFIC, INDEX, LEAK, LOCK])
def test_held_out_incidents_have_the_same_symptom(fault):
    for seed in range(1000, 1006):
        incident = happen("quayside", fault, seed)
        one = incident.last.services[incident.effect.suspect]
        assert one.pool_used == pytest.approx(one.pool_max, rel=0.01)
        assert one.causes["pool"] > 0.05


def test_harmless_deployments_come_with_every_cause():
    """A deployment before the onset is no sign of a leak: other causes have one of the same service too."""
    others = [happen("quayside", fault, seed) for fault in (TRAFFIC, INDEX, LOCK) for seed in range(1000, 1020)]
    deployed = [
        incident
        for incident in others
        if any(each.kind == "deploy" and each.target == incident.effect.suspect for each in incident.changes)
    ]
    assert 0.15 < len(deployed) / len(others) < 0.7
