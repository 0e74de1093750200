"""One minute of a system's life from its parameters and what the minutes before left behind. No Django here.

Rates go down the call graph (retries included, with the error shares of the minute before), response
times come up it. Only parameters and the carried state decide; no fault is known here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from sandbox.lab import cluster, database, queueing
from sandbox.lab.parameters import Call, Service, System

CONNECT_TIMEOUT_MS = 1000.0
QUEUE_BOUND_MS = 1800.0  # a server turns requests away that would wait longer
RETRANSMIT_MS = 200.0
NETWORK_MS = 0.6


@dataclass
class Carried:
    """What one minute leaves for the next."""

    leaked: dict[str, list[int]] = field(default_factory=dict)  # service -> minutes in which connections were lost
    leak_debt: dict[str, float] = field(default_factory=dict)
    heap_mb: dict[str, float] = field(default_factory=dict)
    restarts: dict[str, list[int]] = field(default_factory=dict)  # service -> minutes of restarts
    errors: dict[str, float] = field(default_factory=dict)
    node_cpu: dict[str, float] = field(default_factory=dict)
    backlog: float = 0.0
    disk_gb: float = 0.0


@dataclass
class ServiceMinute:
    rate: float = 0.0
    errors: float = 0.0  # share of requests that fail
    fixed_ms: float = 0.0
    mean_ms: float = 0.0  # of the random part
    cpu: float = 0.0  # of the limit, over ready pods
    memory_mb: float = 0.0
    threads: float = 0.0
    threads_max: int = 0
    ready: int = 0
    pool_used: float = 0.0
    pool_max: int = 0
    pool_waiting: float = 0.0
    pool_wait_ms: float = 0.0
    hold_ms: float = 0.0
    causes: dict[str, float] = field(default_factory=dict)  # what requests fail of -> share

    def quantile_ms(self, factor: float) -> float:
        """``factor`` is -ln(1 - q) of the exponential part."""
        return self.fixed_ms + self.mean_ms * factor


@dataclass
class Minute:
    services: dict[str, ServiceMinute]
    calls: dict[tuple[str, str], tuple[float, float, float]]  # (caller, target) -> mean ms, error share, time-out share
    routes: dict[str, float]
    pods: tuple[cluster.Pod, ...]
    db_cpu: float
    db_stretch: float
    db_connections: float
    db_rows_read: float
    cache_hits: float
    cache_up: bool
    queue_in: float
    queue_out: float
    queue_backlog: float
    queue_redelivered: float
    disk_ratio: float
    node_cpu: dict[str, float]


def cache_hits(system: System) -> float:
    cache = system.cache
    if cache.startup_error:
        return 0.0
    return min(0.985, 0.985 * (cache.memory_mb / cache.working_set_mb) ** 0.35)


def in_call_order(system: System) -> list[Service]:
    """Callers before what they call."""
    order: list[Service] = []
    seen: set[str] = set()

    def visit(service: Service) -> None:
        if service.name in seen:
            return
        seen.add(service.name)
        for call in service.calls:
            if system.has_service(call.target):
                visit(system.service(call.target))
        order.append(service)

    for service in system.services:
        visit(service)
    return order[::-1]


class Clockwork:
    """Steps a system minute by minute; ``step`` may be given changed parameters at any minute."""

    def __init__(self, system: System, pod_seed: str, random: Random) -> None:
        self.pod_seed = pod_seed
        self.random = random
        self.carried = Carried(disk_gb=system.database.disk_used_gb)

    def step(self, system: System, minute: int, surge: dict[str, float]) -> Minute:
        """``surge`` multiplies the rates of routes by name."""
        carried = self.carried
        pods = cluster.place(system, cluster.names_of(system, self.pod_seed))
        swing = 1.0 + self.random.gauss(0, 0.02)
        routes = {
            route.name: system.requests_per_second
            * route.share
            * swing
            * surge.get(route.name, 1.0)
            * (1 + self.random.gauss(0, 0.015))
            for route in system.routes
        }
        rates = self.rates(system, routes)
        hits = cache_hits(system)
        factors = cluster.contention(system, carried.node_cpu)
        minutes = {service.name: ServiceMinute(rate=rates[service.name]) for service in system.services}
        stretch, db_cpu = self._database(system, pods, minutes, 1 - hits)
        calls: dict[tuple[str, str], tuple[float, float, float]] = {}
        for service in reversed(in_call_order(system)):
            self._respond(system, service, minutes, pods, factors, calls, minute)
        queue_in, queue_out, redelivered = self._queue(system, minutes, pods)
        disk = self._disk(system, minute)
        self._wear(system, minutes, minute)
        carried.errors = {name: one.errors for name, one in minutes.items()}
        used = {node.name: 0.4 for node in system.nodes}
        for pod in pods:
            if pod.node and system.has_service(pod.app):
                service = system.service(pod.app)
                used[pod.node] += min(minutes[pod.app].cpu, 1.0) * service.cpu_limit
            elif pod.node and pod.app == system.database.name:
                used[pod.node] += db_cpu * system.database.cores * 0.6
        carried.node_cpu = used
        node_cpu = {
            node.name: min(
                1.0, (used[node.name] + sum(one.cores for one in system.batches if one.node == node.name)) / node.cores
            )
            for node in system.nodes
        }
        rows_read = sum(
            minutes[service.name].rate
            * (1 - minutes[service.name].causes.get("pool", 0.0))
            * statement.times
            * (1 - hits if statement.cached else 1.0)
            * database.plan_of(statement, system.table(statement.table)).examined
            for service, statement in database.statements_of(system)
        )
        return Minute(
            services=minutes,
            calls=calls,
            routes=routes,
            pods=pods,
            db_cpu=db_cpu,
            db_stretch=stretch,
            db_connections=sum(
                service.pool.size * minutes[service.name].ready for service in system.services if service.pool
            ),
            db_rows_read=rows_read,
            cache_hits=hits,
            cache_up=not system.cache.startup_error,
            queue_in=queue_in,
            queue_out=queue_out,
            queue_backlog=carried.backlog,
            queue_redelivered=redelivered,
            disk_ratio=disk,
            node_cpu=node_cpu,
        )

    def rates(self, system: System, routes: dict[str, float]) -> dict[str, float]:
        rates = {service.name: 0.0 for service in system.services}
        rates[system.edge] = sum(routes.values())
        targets = {route.target: routes[route.name] for route in system.routes}
        for service in in_call_order(system):
            for call in service.calls:
                if not system.has_service(call.target):
                    continue
                errors = self.carried.errors.get(call.target, 0.0)
                attempts = 1 + call.retries * errors
                base = targets[call.target] if service.name == system.edge else rates[service.name] * call.times
                rates[call.target] += base * attempts
        consumer = system.service(system.queue.consumer)
        rates[consumer.name] = sum(rates[one.name] * one.publishes for one in system.services)
        return rates

    def _database(
        self, system: System, pods: tuple[cluster.Pod, ...], minutes: dict[str, ServiceMinute], misses: float
    ) -> tuple[float, float]:
        """Solve pools and database together: connections in use slow the database, a slow database keeps them in use."""
        served = [service for service in system.services if service.pool]
        stretch, busy = 1.0, 0.0
        for _ in range(24):
            working = 0.0
            for service in served:
                one, pool = minutes[service.name], service.pool
                one.ready = len(cluster.running(pods, service.name))
                one.pool_max = pool.size * one.ready
                leaked = min(len(self.carried.leaked.get(service.name, [])), one.pool_max)
                if service.secret_version != system.database.role_secret_version.get(service.name, 3):
                    one.causes["credentials"] = 1.0
                    one.hold_ms, one.pool_used = 0.0, 0.0
                    continue
                work = database.work_ms(system, service, misses) * stretch
                lock = database.lock_wait_ms(system, service)
                one.hold_ms = work + pool.held_ms + lock
                line = queueing.station(one.rate, one.hold_ms, one.pool_max - leaked, pool.acquire_timeout_ms)
                one.pool_used = line.busy + leaked
                one.pool_waiting, one.pool_wait_ms = line.waiting, line.wait_ms
                one.causes["pool"] = line.lost
                one.causes["lock"] = min(1.0, lock / system.database.lock_timeout_ms)
                working += line.busy * work / one.hold_ms
            target = max(1.0, working / system.database.cores)
            stretch += 0.4 * (target - stretch)
            busy = min(1.0, working / system.database.cores)
        return stretch, min(1.0, 0.04 + busy)

    def _respond(
        self,
        system: System,
        service: Service,
        minutes: dict[str, ServiceMinute],
        pods: tuple[cluster.Pod, ...],
        factors: dict[str, float],
        calls: dict[tuple[str, str], tuple[float, float, float]],
        minute: int,
    ) -> None:
        one = minutes[service.name]
        there = cluster.running(pods, service.name)
        restarting = minute - 1 in self.carried.restarts.get(service.name, [])
        one.ready = max(1, len(there) - 1) if restarting and there else len(there)
        one.threads_max = service.workers * one.ready
        if not there:
            one.errors, one.causes["unavailable"] = 1.0, 1.0
            return
        cpu_time, turned_away, use = 0.0, 0.0, 0.0
        for pod in there:
            cores = service.cpu_limit / factors[pod.node]
            utilisation = one.rate / one.ready * service.cpu_ms / 1000 / cores
            response, lost = queueing.processor_sharing(service.cpu_ms * factors[pod.node], utilisation, QUEUE_BOUND_MS)
            cpu_time += response / len(there)
            turned_away += lost / len(there)
            use += min(utilisation, 1.0) / len(there)
        one.cpu = use
        one.mean_ms += cpu_time
        one.causes["overload"] = turned_away
        if service.defect:
            one.causes["defect"] = service.defect.share
        if service.pool and one.hold_ms:
            waits_out = one.causes["pool"] > 0.02
            one.fixed_ms += one.pool_wait_ms if waits_out else 0.0
            one.mean_ms += one.hold_ms * (1 - one.causes["pool"]) + (0.0 if waits_out else one.pool_wait_ms)
        if (
            service.pool
            and self.carried.disk_gb >= system.database.disk_gb
            and any(each.writes for each in service.statements)
        ):
            one.causes["disk"] = min(0.9, sum(each.times for each in service.statements if each.writes) * 0.5)
        if service.cache:
            one.mean_ms += 2 * system.cache.connect_timeout_ms if system.cache.startup_error else 1.0
        for call in service.calls:
            mean, errors, timeouts = self._call(system, service, call, minutes, pods)
            calls[service.name, call.target] = (mean, errors, timeouts)
            share = min(call.times, 1.0)
            if errors > 0:
                one.causes[f"call:{call.target}"] = share * errors
            one.mean_ms += share * mean
        passing = 1.0
        for lost in one.causes.values():
            passing *= 1 - min(lost, 1.0)
        one.errors = 1 - passing
        line = queueing.station(one.rate, one.fixed_ms + one.mean_ms, one.threads_max, QUEUE_BOUND_MS)
        one.threads = line.busy
        one.causes["threads"] = line.lost
        one.errors = 1 - (1 - one.errors) * (1 - line.lost)
        one.mean_ms += line.wait_ms

    def _call(
        self,
        system: System,
        service: Service,
        call: Call,
        minutes: dict[str, ServiceMinute],
        pods: tuple[cluster.Pod, ...],
    ) -> tuple[float, float, float]:
        """Mean time, error share and time-out share of one call with its retries, as the caller sees it."""
        if any(policy.target == call.target and service.name not in policy.allowed for policy in system.policies):
            return CONNECT_TIMEOUT_MS * (1 + call.retries), 1.0, 0.0
        external = next((one for one in system.externals if one.name == call.target), None)
        network = self._network(system, pods, service.name, call.target)
        if external:
            fixed, mean, failed = 0.5 * external.mean_ms, 0.5 * external.mean_ms + network, external.error_share
        else:
            other = minutes[call.target]
            if not other.ready:
                return 2.0, 1.0, 0.0
            fixed, mean, failed = other.fixed_ms, other.mean_ms + network, other.errors
        timeouts = queueing.beyond(fixed, mean, call.timeout_ms)
        once = 1 - (1 - failed) * (1 - timeouts)
        time = queueing.cut(fixed, mean, call.timeout_ms)
        attempts = 1 + (once if call.retries else 0.0)
        return time * attempts, once ** (1 + call.retries), timeouts

    def _network(self, system: System, pods: tuple[cluster.Pod, ...], source: str, target: str) -> float:
        extra = NETWORK_MS
        for node in system.nodes:
            if not (node.delay_ms or node.loss):
                continue
            touched = 1 - (1 - cluster.share_on(pods, source, node.name)) * (
                1 - cluster.share_on(pods, target, node.name)
            )
            extra += touched * (2 * node.delay_ms + node.loss * RETRANSMIT_MS * 4)
        return extra

    def _queue(
        self, system: System, minutes: dict[str, ServiceMinute], pods: tuple[cluster.Pod, ...]
    ) -> tuple[float, float, float]:
        queue = system.queue
        consumers = queue.consumers_per_replica * len(cluster.running(pods, queue.consumer))
        free = max(0.0, consumers - queue.poison_messages)
        capacity = free * 1000 / queue.work_ms
        arriving = minutes[queue.consumer].rate
        handled = min(capacity, arriving + self.carried.backlog / 60)
        self.carried.backlog = max(0.0, self.carried.backlog + (arriving - handled) * 60)
        minutes[queue.consumer].rate = handled
        return arriving, handled, min(queue.poison_messages, consumers) * 1000 / queue.work_ms

    def _disk(self, system: System, minute: int) -> float:
        store = system.database
        self.carried.disk_gb = min(store.disk_gb, self.carried.disk_gb + 0.01 + store.wal_retained_gb_per_minute)
        return self.carried.disk_gb / store.disk_gb

    def _wear(self, system: System, minutes: dict[str, ServiceMinute], minute: int) -> None:
        """Leaks: connections that are not given back, memory that is not freed, and the kill at the memory limit."""
        carried = self.carried
        for service in system.services:
            one = minutes[service.name]
            if service.pool and service.pool.leaked_per_request:
                reached = one.rate * 60 * (1 - one.causes.get("pool", 0.0))
                debt = carried.leak_debt.get(service.name, 0.0) + reached * service.pool.leaked_per_request
                lost = carried.leaked.setdefault(service.name, [])
                while debt >= 1 and len(lost) < one.pool_max:
                    lost.append(minute)
                    debt -= 1
                carried.leak_debt[service.name] = min(debt, 1.0)
            heap = carried.heap_mb.get(service.name, 0.0)
            heap += one.rate * 60 * service.memory_leak_kb / 1024 / max(one.ready, 1)
            one.memory_mb = (
                service.memory_mb * (1 + self.random.gauss(0, 0.01)) + heap + 0.2 * one.threads / max(one.ready, 1)
            )
            if one.memory_mb >= service.memory_limit_mb:
                carried.restarts.setdefault(service.name, []).append(minute)
                one.memory_mb, heap = service.memory_limit_mb, 0.0
            carried.heap_mb[service.name] = heap
