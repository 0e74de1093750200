"""Connection pools and the database behind them, solved together. No Django here."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.lab import cluster, database, queueing
from sandbox.lab.parameters import Service, System
from sandbox.lab.state import Carried, ServiceMinute

ROUNDS = 24  # of the fixed point, at most
SETTLED = 1e-6
STEP = 0.4
RESERVED = 3  # connections the server keeps for its administrators
BACKGROUND = 0.04  # share of the processors the server needs for itself


def cache_hits(system: System) -> float:
    """Share of reads the cache answers; a cache smaller than its working set loses by a power law."""
    cache = system.cache
    return 0.0 if cache.startup_error else min(0.985, 0.985 * (cache.memory_mb / cache.working_set_mb) ** 0.35)


def signs_in(system: System, service: Service) -> bool:
    """Whether the database accepts the password the service has."""
    return service.secret_version == system.database.role_secret_version.get(service.name, service.secret_version)


def solve(
    system: System, minutes: Mapping[str, ServiceMinute], pods: tuple[cluster.Pod, ...], carried: Carried
) -> tuple[float, float]:
    """Fill the pool readings of ``minutes``; return how much slower statements are than alone, and the CPU share.

    Connections in use slow the database (its processors are shared), and a slow database keeps them in use.
    """
    misses = 1 - cache_hits(system)
    users = [service for service in system.services if service.pool]
    sizes = {service.name: service.pool.size * len(cluster.running(pods, service.name)) for service in users}
    room = system.database.max_connections - system.database.other_sessions - RESERVED
    share = min(1.0, max(0.0, room / max(1, sum(sizes.values()))))
    for service in users:
        one = minutes[service.name]
        one.pool_max = sizes[service.name]
        one.pool_open = int(one.pool_max * share)
        if not signs_in(system, service):
            one.causes["credentials"] = 1.0
    stretch, working = 1.0, 0.0
    for _ in range(ROUNDS):
        working = sum(
            _fill(system, service, minutes[service.name], stretch, misses, carried)
            for service in users
            if signs_in(system, service)
        )
        change = STEP * (max(1.0, working / system.database.cores) - stretch)
        stretch += change
        if abs(change) < SETTLED:
            break
    return stretch, min(1.0, BACKGROUND + working / system.database.cores)


def _fill(
    system: System, service: Service, one: ServiceMinute, stretch: float, misses: float, carried: Carried
) -> float:
    """One pool's readings at this stretch; return how many of its connections keep a processor busy."""
    pool = service.pool
    leaked = min(len(carried.leaked.get(service.name, ())), one.pool_open)
    work = database.work_ms(system, service, misses) * stretch
    lock = database.lock_wait_ms(system, service, one.rate, one.pool_open)
    one.hold_ms = work + pool.held_ms + lock + database.storage_ms(system, service, misses)
    line = queueing.station(one.rate, one.hold_ms, one.pool_open - leaked, pool.acquire_timeout_ms)
    one.pool_used = line.busy + leaked
    one.pool_waiting, one.pool_wait_ms = line.waiting, line.wait_ms
    one.causes["pool"] = line.lost
    one.causes["lock"] = database.lock_timeouts(system, service)
    return line.busy * work / one.hold_ms
