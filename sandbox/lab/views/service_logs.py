"""What services write: requests, what fails in the model, restarts, and the usual noise. No Django here."""

from __future__ import annotations

from random import Random

from sandbox.lab import cluster
from sandbox.lab.exceptions import exceptions_of
from sandbox.lab.incident import Incident
from sandbox.lab.parameters import Call, Service, System
from sandbox.lab.responses import CERTIFICATE_S, CONNECT_TIMEOUT_MS, QUEUE_BOUND_MS, distrusts
from sandbox.lab.state import Minute, ServiceMinute
from sandbox.lab.views.lines import Line, Log

REFUSED = "no session with {}:5432: the server ended the connection during startup"
NOTICED = 0.002  # share of requests below which a failure does not show in the sampled log

NOISE = (
    ("WARN", "otel exporter: failed to export 512 spans, will retry in 5s"),
    ("WARN", "header X-Quay-Channel is deprecated, use X-Channel"),
    ("WARN", "slow consumer heartbeat 1.2s (limit 3s)"),
    ("ERROR", "feature flag refresh failed: 503 from flags.internal, using last known values"),
    ("ERROR", "metrics push rejected: sample timestamp too old"),
    ("WARN", "clock drift 38ms corrected"),
    ("WARN", "flags.internal answered Retry-After: 5, backing off"),
)


def service_lines(incident: Incident, name: str) -> list[Line]:
    log = Log(incident, name)
    for minute in range(incident.count):
        state = incident.minutes[minute]
        pods = [pod.name for pod in cluster.running(state.pods, name)]
        if pods:
            _write_minute(log, minute, name, pods)
    return log.sorted()


def _write_minute(log: Log, minute: int, name: str, pods: list[str]) -> None:
    incident, random = log.incident, log.random
    system, state = incident.parameters(minute), incident.minutes[minute]
    service, one = system.service(name), state.services[name]
    for _ in range(2):
        took = one.quantile_ms(random.expovariate(1.0))
        log.write(minute, random.choice(pods), "INFO", _access(system, service, took, random))
    if random.random() < 0.22:
        log.write(minute, random.choice(pods), *random.choice(NOISE))
    for share, level, text in _failures(system, minute, state, service, one, random):
        for _ in range(min(3, 1 + int(share * 4))):
            log.write(minute, random.choice(pods), level, text)
    before = incident.parameters(max(0, minute - 1)).service(name)
    if minute - 1 in incident.restarts.get(name, ()) or before.version != service.version:
        text = f"{name} {service.version} starting, listening on :{service.port}"
        log.write(minute, random.choice(pods), "INFO", text)


def _access(system: System, service: Service, took: float, random: Random) -> str:
    if service.name == system.queue.consumer:
        return f"parcel for order {random.randrange(10**6, 10**7)} handed to carrier in {took:.0f}ms"
    return f"request id={random.randrange(16**8):08x} done in {took:.0f}ms"


def _failures(
    system: System, number: int, state: Minute, service: Service, one: ServiceMinute, random: Random
) -> list[tuple[float, str, str]]:
    """(share of requests, level, text) of what fails in this minute."""
    store, found = system.database, []
    texts = {
        "overload": "request queue full, answering 503",
        "threads": f"no worker free after {QUEUE_BOUND_MS:.0f}ms (max {service.workers}), answering 503",
    }
    if service.pool:
        limit = f"request timed out after {service.pool.acquire_timeout_ms:.0f}ms"
        counts = f"total={one.pool_open}, active={one.pool_open}, idle=0, waiting={one.pool_waiting:.0f}"
        texts |= {
            "pool": f"connection is not available, {limit} ({counts})",
            "credentials": REFUSED.format(store.name),
            "lock": f"canceling statement due to lock timeout after {store.lock_timeout_ms:.0f}ms",
            "disk": "could not extend file: No space left on device, HINT: Check free disk space.",
        }
    if service.defect:
        texts["defect"] = (
            f"unhandled exception in request handler: {service.defect.exception}: {service.defect.message}"
        )
    if service.pool and one.pool_open < one.pool_max and one.causes.get("pool", 0.0) > NOTICED:
        found.append((0.5, "ERROR", REFUSED.format(store.name)))
    if one.causes.get("stale", 0.0) > NOTICED:
        exception, message = random.choice(exceptions_of(service.language))
        texts["stale"] = f"unhandled exception in request handler: {exception}: {message}"
    for call in service.calls:
        reason = _reason(system, number, state, service, call, random)
        texts[f"call:{call.target}"] = f"call {call.operation} to {call.target} failed: {reason}"
    for cause, text in texts.items():
        if one.causes.get(cause, 0.0) > NOTICED:
            found.append((one.causes[cause], "ERROR", text))
    for external in system.externals:
        calls = [call for call in service.calls if call.target == external.name]
        if calls and one.rate * calls[0].times > external.limit_per_second:
            found.append((0.3, "WARN", f"{external.name} answered Retry-After: 1, backing off"))
    if service.cache and system.cache.startup_error:
        text = (
            f"cache {system.cache.name}:{system.cache.port} connect failed: Connection refused, reading from database"
        )
        found.append((1.0, "WARN", text))
    return found


def _reason(system: System, number: int, state: Minute, service: Service, call: Call, random: Random) -> str:
    """Why a call fails: refused, dropped, timed out or answered with an error, in the model's proportion."""
    if system.shuts_out(service.name, call.target):
        return f"connect timeout after {CONNECT_TIMEOUT_MS:.0f}ms"
    if system.has_service(call.target) and not state.services[call.target].ready:
        return "connect: connection refused"
    if distrusts(system, service, call.target, number) or random.random() < _skewed(system, state, service, call):
        return "tls: handshake failure"
    if random.random() < system.resolver.failing:
        return f"connect timeout after {CONNECT_TIMEOUT_MS:.0f}ms"
    _, errors, timeouts = state.calls.get((service.name, call.target), (0.0, 0.0, 0.0))
    if random.random() < timeouts / max(errors, timeouts, 1e-9):
        return f"deadline exceeded after {call.timeout_ms:.0f}ms"
    return random.choice(("HTTP 500", "HTTP 503", "HTTP 500"))


def _skewed(system: System, state: Minute, service: Service, call: Call) -> float:
    """Share of failed calls that a node with a wrong clock is to blame for."""
    kept = 1.0
    for node in system.nodes:
        if abs(node.clock_s) > CERTIFICATE_S:
            for app in (service.name, call.target):
                kept *= 1 - cluster.share_on(state.pods, app, node.name)
    _, errors, _ = state.calls.get((service.name, call.target), (0.0, 0.0, 0.0))
    return (1 - kept) / max(errors, 1 - kept, 1e-9)


def consumer_lines(incident: Incident) -> list[Line]:
    """A consumer that meets malformed messages says so at each redelivery."""
    log = Log(incident, "consumer")
    numbers = [log.random.randrange(10**6, 10**7) for _ in range(4)]
    for minute in range(incident.count):
        queue = incident.parameters(minute).queue
        if not queue.poison_messages:
            continue
        for pod in cluster.running(incident.minutes[minute].pods, queue.consumer):
            what = "unexpected end of input at line 1 column 211, requeued (redelivered=true)"
            text = f"cannot decode message {log.random.choice(numbers)} from {queue.queue}: {what}"
            log.write(minute, pod.name, "ERROR", text)
    return log.sorted()
