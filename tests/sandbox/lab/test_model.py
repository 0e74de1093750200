from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest

from sandbox.lab.cluster import names_of, place, running
from sandbox.lab.model import Clockwork
from sandbox.lab.parameters import LongTransaction
from sandbox.lab.pools import cache_hits
from sandbox.lab.quayside import quayside
from sandbox.lab.traffic import in_call_order, rates, usual_rate


def minute_of(system, *, surge=None, minutes=4):
    works = Clockwork(system, "test", Random(1))
    for minute in range(minutes):
        state = works.step(system, minute, surge or {})
    return state


HEALTHY = minute_of(quayside())


def test_a_healthy_system_fails_nobody_and_is_far_from_every_limit():
    for name, one in HEALTHY.services.items():
        assert one.errors < 0.001, name
        assert one.cpu < 0.6, name
        assert one.pool_used <= 0.7 * one.pool_max, name
    assert HEALTHY.db_cpu < 0.3
    assert HEALTHY.queue_backlog == 0


def test_rates_follow_the_routes_down_the_call_graph():
    system = quayside()
    found = rates(system, {route.name: 100.0 for route in system.routes}, {})
    assert found["gangway"] == 500
    assert found["till"] == 100
    assert found["docket"] == 200  # its own route and one call of each checkout
    assert found["tariff"] == found["crate"] + found["till"]


def test_a_caller_that_retries_asks_by_the_truncated_geometric_series_of_the_failures():
    system = quayside()
    calls = tuple(replace(call, retries=2) for call in system.service("till").calls)
    retrying = system.with_service("till", calls=calls)
    routes = {route.name: 100.0 for route in system.routes}
    assert rates(retrying, routes, {"docket": 0.5})["docket"] == rates(system, routes, {})["docket"] + 75


def test_callers_come_before_what_they_call():
    order = [service.name for service in in_call_order(quayside())]
    for service in quayside().services:
        for call in service.calls:
            if call.target in order:
                assert order.index(service.name) < order.index(call.target)


def test_more_traffic_never_shortens_a_wait():
    waits = [
        minute_of(quayside(), surge={"history": factor}).services["docket"].pool_wait_ms for factor in (1, 2, 3, 4)
    ]
    assert waits == sorted(waits)
    assert waits[0] < 5
    assert waits[-1] > 500


def test_a_larger_pool_helps_against_traffic_and_not_against_a_lost_index():
    wide = replace(quayside().service("docket").pool, size=20)
    surge = {"history": 3.6}
    small = minute_of(quayside(), surge=surge).services["docket"].causes["pool"]
    large = minute_of(quayside().with_service("docket", pool=wide), surge=surge).services["docket"].causes["pool"]
    assert (small > 0.1, large < 0.001) == (True, True)
    scanning = quayside().with_table("orders", indexes=("id",), rows=4_000_000)
    small = minute_of(scanning).services["docket"].causes["pool"]
    large = minute_of(scanning.with_service("docket", pool=wide)).services["docket"].causes["pool"]
    assert small > 0.5
    assert large > 0.5


def test_one_service_s_scans_slow_the_others_through_the_shared_processors():
    scanning = minute_of(quayside().with_table("orders", indexes=("id",), rows=4_000_000))
    assert scanning.db_stretch > 1.2
    assert scanning.services["bosun"].hold_ms > HEALTHY.services["bosun"].hold_ms


def test_leaked_connections_stay_lost_and_add_up():
    pool = replace(quayside().service("bosun").pool, leaked_per_request=0.0002)
    works = Clockwork(system := quayside().with_service("bosun", pool=pool), "test", Random(1))
    used = [works.step(system, minute, {}).services["bosun"].pool_used for minute in range(20)]
    assert used[-1] == pytest.approx(20, abs=0.01)
    assert all(later >= earlier - 1 for earlier, later in pairwise(used))


def test_writers_that_wait_for_locks_keep_their_connections():
    held = LongTransaction("nightly", "members", "UPDATE members SET id = id", 0.03)
    locked = minute_of(quayside().with_database(transaction=held))
    assert locked.services["bosun"].pool_used == pytest.approx(20, abs=0.1)
    assert locked.services["docket"].pool_used == pytest.approx(HEALTHY.services["docket"].pool_used, rel=0.1)


def test_a_container_is_killed_at_its_memory_limit_and_starts_over():
    works = Clockwork(system := quayside().with_service("crate", memory_leak_kb=30.0), "test", Random(1))
    memory = [works.step(system, minute, {}).services["crate"].memory_mb for minute in range(12)]
    limit = system.service("crate").memory_limit_mb
    assert max(memory) == limit
    assert memory[memory.index(limit) + 1] < limit * 0.85


def test_a_backlog_grows_by_what_is_not_consumed():
    stuck = replace(quayside(), queue=replace(quayside().queue, poison_messages=14))
    state = minute_of(stuck, minutes=1)
    assert state.queue_backlog == pytest.approx((state.queue_in - state.queue_out) * 60)
    assert state.queue_out < state.queue_in


def test_a_pod_that_fits_nowhere_does_not_run():
    greedy = quayside().with_service("tariff", cpu_request=15.0)
    pods = place(greedy, names_of(greedy, "test"))
    assert running(pods, "tariff") == ()
    assert minute_of(greedy).services["crate"].errors > 0.9


def test_no_node_is_asked_for_more_than_it_has():
    system = quayside()
    pods = place(system, names_of(system, "test"))
    for node in system.nodes:
        assert sum(pod.cpu_request for pod in pods if pod.node == node.name) <= node.cores


def test_a_slow_node_slows_calls_by_the_share_of_pods_on_it():
    delays = [
        minute_of(quayside().with_node("deck-2", delay_ms=delay)).services["till"].mean_ms for delay in (0, 50, 150)
    ]
    assert delays == sorted(delays)
    assert delays[-1] - delays[0] < 6 * 2 * 150  # never more than every call both ways


def test_the_cache_loses_with_its_memory():
    shrunk = [replace(quayside(), cache=replace(quayside().cache, memory_mb=size)) for size in (64, 512, 2048, 8192)]
    hits = [cache_hits(system) for system in shrunk]
    assert hits == sorted(hits)
    assert hits[-1] == 0.985


def test_usual_rates_are_those_of_a_healthy_minute():
    for service in quayside().services:
        assert usual_rate(quayside(), service.name) == pytest.approx(HEALTHY.services[service.name].rate, rel=0.15)
