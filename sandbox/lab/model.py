"""One minute of a system's life from its parameters and what the minutes before left behind. No Django here.

Rates go down the call graph (retries included, with the error shares of the minute before), response
times come up it. Only parameters and the carried state decide; no fault is known here.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from sandbox.lab import cluster, database, pools, traffic, wear
from sandbox.lab.parameters import System
from sandbox.lab.responses import Surroundings, respond
from sandbox.lab.state import Carried, Minute, ServiceMinute

NODE_OVERHEAD = 0.4  # cores the node itself needs


class Clockwork:
    """Steps a system minute by minute; each step may be given other parameters."""

    def __init__(self, system: System, pod_seed: str, random: Random) -> None:
        self.pod_seed = pod_seed
        self.random = random
        self.carried = Carried(disk_gb=system.database.disk_used_gb)

    def step(self, system: System, minute: int, surge: Mapping[str, float]) -> Minute:
        """``surge`` multiplies the rates of routes by name."""
        carried, system = self.carried, self.worn(system)
        pods = cluster.place(system, cluster.names_of(system, self.pod_seed))
        rates = traffic.rates(system, self._arrivals(system, surge), carried.errors)
        minutes = {service.name: ServiceMinute(rate=rates[service.name]) for service in system.services}
        stretch, db_cpu = pools.solve(system, minutes, pods, carried)
        factors = cluster.contention(system, carried.node_cpu)
        around = Surroundings(system, minutes, pods, factors, carried, minute)
        calls: dict[tuple[str, str], tuple[float, float, float]] = {}
        for service in reversed(traffic.in_call_order(system)):
            calls |= respond(around, service)
        queue_in, queue_out, redelivered = wear.consume(system, minutes, pods, carried)
        disk = wear.fill_disk(system, carried)
        wear.leak_connections(system, minutes, minute, carried)
        wear.grow_memory(system, minutes, minute, carried, self.random)
        wear.probe(system, minutes, minute, carried)
        wear.leave_dead_rows(system, carried)
        lag = wear.fall_behind(system, minutes, carried)
        carried.errors = {name: one.errors for name, one in minutes.items()}
        for service in system.services:
            for call in service.calls:
                if (service.name, call.target) in calls:
                    every = calls[service.name, call.target][1]  # attempts of a call fail
                    carried.errors[service.name, call.target] = every ** (1 / (1 + call.retries))
        carried.node_cpu = _used(system, minutes, pods, db_cpu)
        return Minute(
            services=minutes,
            calls=calls,
            pods=pods,
            db_cpu=db_cpu,
            db_stretch=stretch,
            db_connections=system.database.other_sessions
            + sum(one.pool_open for one in minutes.values() if not one.causes.get("credentials")),
            db_rows_read=_rows_read(system, minutes),
            cache_hits=pools.cache_hits(system),
            cache_up=not system.cache.startup_error,
            queue_in=queue_in,
            queue_out=queue_out,
            queue_backlog=carried.backlog,
            queue_redelivered=redelivered,
            disk_ratio=disk,
            node_cpu={node.name: _share(system, node.name, carried.node_cpu) for node in system.nodes},
            counts=wear.count(system, minutes, calls, queue_out, redelivered),
            work_ms=system.queue.work_ms,
            lag_s=lag,
            page_ms=system.database.page_ms,
            kept_gb=dict(carried.kept_gb),
        )

    def worn(self, system: System) -> System:
        """``system`` with the dead rows that have built up in its tables."""
        for table in system.database.tables:
            dead = self.carried.dead_rows.get(table.name, 0.0)
            if dead:
                system = system.with_table(table.name, dead_rows=dead)
        return system

    def _arrivals(self, system: System, surge: Mapping[str, float]) -> dict[str, float]:
        swing = 1 + self.random.gauss(0, 0.02)
        return {
            route.name: system.requests_per_second
            * (route.share * swing * surge.get(route.name, 1.0) * (1 + self.random.gauss(0, 0.015)))
            for route in system.routes
        }


def _used(
    system: System, minutes: Mapping[str, ServiceMinute], pods: tuple[cluster.Pod, ...], db_cpu: float
) -> dict[str, float]:
    """Cores in use by node, batch workloads apart."""
    used = {node.name: NODE_OVERHEAD for node in system.nodes}
    for pod in pods:
        if pod.node and system.has_service(pod.app):
            used[pod.node] += minutes[pod.app].cpu * system.service(pod.app).cpu_limit
        elif pod.node and pod.app == system.database.name:
            used[pod.node] += db_cpu * system.database.cores
    return used


def _share(system: System, node: str, used: Mapping[str, float]) -> float:
    batch = sum(each.cores for each in system.batches if each.node == node)
    return min(1.0, (used[node] + batch) / system.node(node).cores)


def _rows_read(system: System, minutes: Mapping[str, ServiceMinute]) -> float:
    """Rows the database reads a second for all statements that get a connection."""
    misses = 1 - pools.cache_hits(system)
    total = 0.0
    for service, statement in database.statements_of(system):
        one = minutes[service.name]
        if not one.causes.get("credentials"):
            executions = one.rate * (1 - one.causes.get("pool", 0.0)) * statement.times
            plan = database.plan_of(statement, system.table(statement.table))
            total += executions * (misses if statement.cached else 1.0) * plan.examined
    return total
