"""Traces as a span tree in text: recent slow or failed requests through one service. No Django here."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from sandbox.lab.database import plan_of, waits_for_lock
from sandbox.lab.exceptions import exceptions_of
from sandbox.lab.incident import Incident
from sandbox.lab.parameters import System
from sandbox.lab.responses import CERTIFICATE_S, distrusts
from sandbox.lab.state import Minute

SOME_DAY = 1e9  # a minute after any certificate's end

Span = tuple[int, str, str, float, str]  # depth, component, operation, milliseconds, error
RECENT = 6  # minutes that requests are sampled from
SAMPLED = 24  # requests through one component, at most


@dataclass(frozen=True)
class Trace:
    """One request from the edge on; spans in the order in which they began."""

    id: str
    minute: int
    path: str
    total_ms: float
    failed: bool
    spans: tuple[Span, ...]


def _spread(random: Random, mean: float) -> float:
    return mean * random.uniform(0.75, 1.3)


def _spans(
    system: System, minute: Minute, name: str, operation: str, depth: int, random: Random, spans: list[Span]
) -> tuple[float, bool]:
    """Append the span tree of one request; return its time and whether it failed."""
    service, state = system.service(name), minute.services[name]
    if not state.ready:
        spans.append((depth, name, operation, 1.0, "connection refused"))
        return 1.0, True
    place = len(spans)
    spans.append((depth, name, operation, 0.0, ""))
    demand = service.cpu_ms / (1 - state.collecting)
    base = state.cpu and demand / max(1 - state.cpu, demand / 1500)
    total, failed = _spread(random, base), ""
    if service.defect and random.random() < state.causes.get("defect", 0.0):
        failed = service.defect.exception
    if not failed and random.random() < state.causes.get("stale", 0.0):
        failed = random.choice(exceptions_of(service.language))[0]
    if service.cache:
        down = system.cache.startup_error
        took = system.cache.connect_timeout_ms * 2 if down else _spread(random, 0.8)
        spans.append((depth + 1, system.cache.name, "GET", took, "Connection refused" if down else ""))
        total += took
    if service.pool and not failed:
        took, failed = _database_spans(system, minute, name, depth + 1, random, spans)
        total += took
    for call in service.calls:
        if failed:
            break
        if depth == 0 and call.target != _route_target(system, operation):
            continue
        took, wrong = _call_spans(system, minute, name, call, depth + 1, random, spans)
        total += took
        if wrong and random.random() < 0.95:
            failed = wrong
    spans[place] = (depth, name, operation, total, failed)
    return total, bool(failed)


def _route_target(system: System, operation: str) -> str:
    return next((route.target for route in system.routes if route.path == operation), "")


def _call_spans(
    system: System, minute: Minute, name: str, call, depth: int, random: Random, spans: list[Span]
) -> tuple[float, str]:
    mean, errors, _ = minute.calls[name, call.target]
    if system.shuts_out(name, call.target):
        spans.append((depth, name, f"connect {call.target}", 1000.0, "connect timeout"))
        return 1000.0, "connect timeout"
    clocks = [node.name for node in system.nodes if abs(node.clock_s) > CERTIFICATE_S]
    apart = any(_touches(minute, node, name, call.target, random) for node in clocks)
    if apart or (errors == 1 and distrusts(system, system.service(name), call.target, SOME_DAY)):
        spans.append((depth, name, f"connect {call.target}", 4.0, "tls: handshake failure"))
        return 4.0, "tls: handshake failure"
    if random.random() < system.resolver.failing:
        spans.append((depth, name, f"connect {call.target}", 1000.0, "connect timeout"))
        return 1000.0, "connect timeout"
    if not system.has_service(call.target):
        took = min(_spread(random, mean), call.timeout_ms)
        wrong = "deadline exceeded" if random.random() < errors else ""
        spans.append((depth, call.target, call.operation, call.timeout_ms if wrong else took, wrong))
        return (call.timeout_ms if wrong else took), wrong
    place = len(spans)
    took, failed = _spans(system, minute, call.target, call.operation, depth, random, spans)
    network = sum(
        node.delay_ms * 2
        for node in system.nodes
        if node.delay_ms and _touches(minute, node.name, name, call.target, random)
    )
    if took + network > call.timeout_ms:
        depth_, component, operation, _, wrong = spans[place]
        spans[place] = (depth_, component, operation, took, wrong or "cancelled by caller")
        return call.timeout_ms, f"deadline exceeded calling {call.target}"
    return took + network, f"{call.target} answered 500" if failed else ""


def _touches(minute: Minute, node: str, source: str, target: str, random: Random) -> bool:
    ends = [
        random.choice([pod.node for pod in minute.pods if pod.app == app and pod.node] or [""])
        for app in (source, target)
    ]
    return node in ends


def _database_spans(
    system: System, minute: Minute, name: str, depth: int, random: Random, spans: list[Span]
) -> tuple[float, str]:
    service, state = system.service(name), minute.services[name]
    if state.causes.get("credentials"):
        spans.append((depth, system.database.name, "connect", 3.0, "authentication failed"))
        return 3.0, "authentication failed"
    lost = state.causes.get("pool", 0.0)
    if random.random() < lost:
        limit = service.pool.acquire_timeout_ms
        spans.append((depth, name, "pool.acquire", limit, "timed out"))
        return limit, "pool.acquire timed out"
    wait = state.pool_wait_ms * random.uniform(0.85, 1.0) if state.pool_wait_ms > 1 else random.uniform(0.05, 0.3)
    spans.append((depth, name, "pool.acquire", wait, ""))
    total = wait + service.pool.held_ms * random.uniform(0.7, 1.1)
    for statement in service.statements:
        if statement.times < random.random() or (statement.cached and random.random() < minute.cache_hits):
            continue
        took = _spread(random, plan_of(statement, system.table(statement.table)).work_ms * minute.db_stretch)
        wrong = ""
        if random.random() < waits_for_lock(system, statement) * 4:
            took, wrong = system.database.lock_timeout_ms, "lock timeout"
        elif statement.writes and random.random() < state.causes.get("disk", 0.0):
            wrong = "No space left on device"
        spans.append((depth, system.database.name, " ".join(statement.text.split()[:4]) + " ...", took, wrong))
        total += took
        if wrong:
            return total, wrong
    return total, ""


def sampled(incident: Incident, name: str) -> list[Trace]:
    """Requests of the last minutes that went through ``name``, as the collector sampled them."""
    system, random = incident.system, incident.random(f"trace:{name}")
    kept: list[Trace] = []
    for attempt in range(240):
        route = random.choices(system.routes, weights=[route.share for route in system.routes])[0]
        minute = incident.count - 1 - attempt % RECENT
        spans: list[Span] = []
        total, failed = _spans(
            incident.parameters(minute), incident.minutes[minute], system.edge, route.path, 0, random, spans
        )
        if not any(component == name for _, component, _, _, _ in spans):
            continue
        kept.append(Trace(f"{random.randrange(16**16):016x}", minute, route.path, total, failed, tuple(spans)))
        if len(kept) >= SAMPLED:
            break
    return kept


def printed(incident: Incident, trace: Trace) -> str:
    at = incident.at(trace.minute).strftime("%Y-%m-%dT%H:%M:%SZ")
    head = f"trace {trace.id}  {at}  {trace.path}  {trace.total_ms:.1f} ms{'  ERROR' if trace.failed else ''}"
    body = [
        f"  {'  ' * depth}{component}: {operation}  {took:.1f} ms{'  error=' + wrong if wrong else ''}"
        for depth, component, operation, took, wrong in trace.spans
    ]
    return "\n".join((head, *body))


def traces(incident: Incident, name: str, count: int = 3) -> str:
    """The ``count`` slowest or failed of the sampled requests that went through ``name`` in the last minutes."""
    found = sorted(sampled(incident, name), key=lambda trace: -(trace.total_ms + 10_000 * trace.failed))
    if not found:
        return f"no traces through {name} in the last 10 minutes\n"
    chosen = [*found[: count - 1], found[len(found) // 2]]
    return "\n\n".join(printed(incident, trace) for trace in chosen) + "\n"
