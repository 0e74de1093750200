"""What builds up from minute to minute: backlog, disk, leaked connections, memory. No Django here."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from sandbox.lab import cluster
from sandbox.lab.parameters import System
from sandbox.lab.state import Carried, ServiceMinute

DISK_GB_PER_MINUTE = 0.01  # ordinary growth
THREAD_MB = 0.2


def consume(
    system: System, minutes: Mapping[str, ServiceMinute], pods: tuple[cluster.Pod, ...], carried: Carried
) -> tuple[float, float, float]:
    """Messages a second in, acknowledged and redelivered; the backlog carries what is left.

    A malformed message is put back at the head each time it fails, so it occupies one consumer for ever.
    """
    queue = system.queue
    consumers = queue.consumers_per_replica * len(cluster.running(pods, queue.consumer))
    stuck = min(queue.poison_messages, consumers)
    arriving = minutes[queue.consumer].rate
    handled = min((consumers - stuck) * 1000 / queue.work_ms, arriving + carried.backlog / 60)
    carried.backlog = max(0.0, carried.backlog + (arriving - handled) * 60)
    minutes[queue.consumer].rate = handled
    return arriving, handled, stuck * 1000 / queue.work_ms


def fill_disk(system: System, carried: Carried) -> float:
    """Share of the database's disk in use after this minute."""
    store = system.database
    carried.disk_gb = min(store.disk_gb, carried.disk_gb + DISK_GB_PER_MINUTE + store.wal_retained_gb_per_minute)
    return carried.disk_gb / store.disk_gb


def leak_connections(system: System, minutes: Mapping[str, ServiceMinute], minute: int, carried: Carried) -> None:
    """Connections that requests take and do not give back; a request that got none loses none."""
    for service in system.services:
        one = minutes[service.name]
        if service.pool and service.pool.leaked_per_request:
            served = one.rate * 60 * (1 - one.causes.get("pool", 0.0))
            debt = carried.leak_debt.get(service.name, 0.0) + served * service.pool.leaked_per_request
            lost = carried.leaked.setdefault(service.name, [])
            while debt >= 1 and len(lost) < one.pool_max:
                lost.append(minute)
                debt -= 1
            carried.leak_debt[service.name] = min(debt, 1.0)


def grow_memory(
    system: System, minutes: Mapping[str, ServiceMinute], minute: int, carried: Carried, random: Random
) -> None:
    """Memory that requests do not free, and the kill at the container's limit."""
    for service in system.services:
        one = minutes[service.name]
        per_pod = 1 / max(one.ready, 1)
        heap = carried.heap_mb.get(service.name, 0.0) + one.rate * 60 * service.memory_leak_kb / 1024 * per_pod
        one.memory_mb = service.memory_mb * (1 + random.gauss(0, 0.01)) + heap + THREAD_MB * one.threads * per_pod
        if one.memory_mb >= service.memory_limit_mb:
            carried.restarts.setdefault(service.name, []).append(minute)
            one.memory_mb, heap = service.memory_limit_mb, 0.0
        carried.heap_mb[service.name] = heap
