"""What builds up from minute to minute: backlog, disk, leaked connections, memory. No Django here."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp
from random import Random

from sandbox.lab import cluster, queueing
from sandbox.lab.parameters import System
from sandbox.lab.state import Carried, ServiceMinute

DISK_GB_PER_MINUTE = 0.01  # ordinary growth
THREAD_MB = 0.2
COLD = 0.3  # share of its usual memory that a container has not taken yet when it starts
WARMING_MINUTES = 3.0
LONG_AGO = 10_000
PROBES_PER_MINUTE = 6 / 3  # one every ten seconds, in rounds of three
USUAL_LAG_S = 0.002


def consume(
    system: System, minutes: Mapping[str, ServiceMinute], pods: tuple[cluster.Pod, ...], carried: Carried
) -> tuple[float, float, float]:
    """Messages a second in, acknowledged and redelivered; the backlog carries what is left.

    A malformed message is put back at the head each time it fails, so it occupies one consumer for ever.
    A message whose work takes longer than the queue waits is delivered once more and done twice.
    """
    queue = system.queue
    consumers = queue.consumers_per_replica * len(cluster.running(pods, queue.consumer))
    stuck = min(queue.poison_messages, consumers)
    arriving = minutes[queue.consumer].rate
    again = queueing.beyond(0.0, queue.work_ms, queue.acknowledge_ms)
    handled = min((consumers - stuck) * 1000 / queue.work_ms * (1 - again), arriving + carried.backlog / 60)
    carried.backlog = max(0.0, carried.backlog + (arriving - handled) * 60)
    minutes[queue.consumer].rate = handled
    return arriving, handled, stuck * 1000 / queue.work_ms + handled * again / (1 - again)


def fill_disk(system: System, carried: Carried) -> float:
    """Share of the database's disk in use after this minute."""
    store = system.database
    growth = {
        "slot": store.wal_retained_gb_per_minute,
        "temporary": store.temp_gb_per_minute,
        "archive": store.log_gb_per_minute if store.archive_error else 0.0,
    }
    free = store.disk_gb - carried.disk_gb
    for what, size in growth.items():
        carried.kept_gb[what] = carried.kept_gb.get(what, 0.0) + min(size, free)
    carried.disk_gb = min(store.disk_gb, carried.disk_gb + DISK_GB_PER_MINUTE + sum(growth.values()))
    return carried.disk_gb / store.disk_gb


def leak_connections(system: System, minutes: Mapping[str, ServiceMinute], minute: int, carried: Carried) -> None:
    """Connections that requests take and do not give back; a request that got none loses none."""
    for service in system.services:
        one = minutes[service.name]
        if service.pool and service.pool.leaked_per_request:
            served = one.rate * 60 * (1 - one.causes.get("pool", 0.0))
            debt = carried.leak_debt.get(service.name, 0.0) + served * service.pool.leaked_per_request
            lost = carried.leaked.setdefault(service.name, [])
            while debt >= 1 and len(lost) < one.pool_open:
                lost.append(minute)
                debt -= 1
            carried.leak_debt[service.name] = min(debt, 1.0)


def grow_memory(
    system: System, minutes: Mapping[str, ServiceMinute], minute: int, carried: Carried, random: Random
) -> None:
    """Memory that warms up and that requests do not free, and the kill at the container's limit."""
    for service in system.services:
        one = minutes[service.name]
        per_pod = 1 / max(one.ready, 1)
        age = carried.age.get(service.name, LONG_AGO)
        heap = carried.heap_mb.get(service.name, 0.0) + one.rate * 60 * service.memory_leak_kb / 1024 * per_pod
        usual = service.memory_mb * (1 - COLD * exp(-age / WARMING_MINUTES))
        one.memory_mb = usual * (1 + random.gauss(0, 0.01)) + heap + THREAD_MB * one.threads * per_pod
        carried.age[service.name] = age + 1
        if one.memory_mb >= service.memory_limit_mb:
            carried.restarts.setdefault(service.name, []).append(minute)
            carried.killed_by[service.name] = "memory"
            carried.age[service.name] = 0
            one.memory_mb, heap = service.memory_limit_mb, 0.0
        carried.heap_mb[service.name] = heap


def leave_dead_rows(system: System, carried: Carried) -> None:
    for table in system.database.tables:
        if table.dead_per_minute:
            carried.dead_rows[table.name] = carried.dead_rows.get(table.name, 0.0) + table.dead_per_minute


def probe(system: System, minutes: Mapping[str, ServiceMinute], minute: int, carried: Carried) -> None:
    """Containers that answer the liveness probe too late three times in a row, and are started anew."""
    for service in system.services:
        one = minutes[service.name]
        late = queueing.beyond(one.fixed_ms, one.mean_ms, service.probe_timeout_ms)
        due = carried.debt.get(service.name, 0.0) + PROBES_PER_MINUTE * late**3 * one.ready
        while due >= 1:
            carried.restarts.setdefault(service.name, []).append(minute)
            carried.killed_by[service.name] = "probe"
            carried.age[service.name] = 0
            due -= 1
        carried.debt[service.name] = due


def fall_behind(system: System, minutes: Mapping[str, ServiceMinute], carried: Carried) -> float:
    """Seconds that the replica is behind: it grows by what it cannot apply of each minute's changes."""
    writes = sum(
        minutes[service.name].rate * (1 - minutes[service.name].causes.get("pool", 0.0)) * statement.times
        for service in system.services
        for statement in service.statements
        if statement.writes
    )
    applied = system.database.replica_writes_per_second
    carried.lag_s = max(USUAL_LAG_S, carried.lag_s + 60 * (1 - applied / writes if writes else -1.0))
    return carried.lag_s


def count(system: System, minutes: Mapping[str, ServiceMinute], calls: Mapping, out: float, again: float) -> dict:
    """Records a second in each store of the saga; in a healthy system they are as many."""
    saga = system.saga
    if saga is None:
        return {}
    asked = minutes[saga.coordinator].rate
    _, unpaid, _ = calls.get((saga.coordinator, saga.payer), (0.0, 1.0, 0.0))
    paid = asked * (1 - unpaid)
    _, unwritten, _ = calls.get((saga.coordinator, saga.recorder), (0.0, 1.0, 0.0))
    written = paid * (1 - unwritten) * (1 - saga.conflicts)
    provider = next((each for each in calls if each[0] == saga.payer), None)
    twice = 0.0 if saga.idempotent or provider is None else paid * calls[provider][2]
    given_back = (paid - written) if saga.compensates else 0.0
    return {
        "orders": written,
        "payments": paid + twice - given_back,
        "published": written * system.queue.relayed,
        "deliveries": out + (again if not system.queue.poison_messages else 0.0),
    }
