"""How long a service takes and how often it fails: its processors, its pool, and what it calls. No Django here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp

from sandbox.lab import cluster, queueing, traffic
from sandbox.lab.parameters import Call, Service, System
from sandbox.lab.state import Carried, ServiceMinute

CONNECT_TIMEOUT_MS = 1000.0
HANDSHAKE_MS = 4.0
QUEUE_BOUND_MS = 1800.0  # a server turns requests away that would wait longer
RETRANSMIT_MS = 200.0
SEGMENTS = 4  # packets of a call whose loss delays it
NETWORK_MS = 0.6
CERTIFICATE_S = 3600.0  # certificates of pods are renewed long before this is left of their time
COLLECTING = 0.25  # processor time for garbage per request, at as much free heap as there is in use
READ_AFTER_WRITE_S = 2.0  # mean time from a write to the look for it
EXHAUSTED = 0.02  # share of requests that give up waiting for a connection from which the wait counts as fixed


@dataclass(frozen=True)
class Surroundings:
    """What a service's response depends on besides itself."""

    system: System
    minutes: Mapping[str, ServiceMinute]
    pods: tuple[cluster.Pod, ...]
    factors: Mapping[str, float]  # node -> CPU asked for over CPU there is
    carried: Carried
    minute: int


def respond(around: Surroundings, service: Service) -> dict[tuple[str, str], tuple[float, float, float]]:
    """Fill the minute of ``service``, whose callees are filled already; return its calls' (mean ms, errors, time-outs)."""
    one = around.minutes[service.name]
    there = cluster.running(around.pods, service.name)
    restarting = around.carried.restarts.get(service.name, []).count(around.minute - 1)
    one.ready = max(1, len(there) - restarting) if there else 0
    one.threads_max = service.workers * one.ready
    if not there:
        one.errors, one.causes["unavailable"] = 1.0, 1.0
        return {}
    _compute(around, service, one, there)
    _use_stores(around, service, one)
    calls = {}
    for call in service.calls:
        mean, errors, _timeouts = calls[service.name, call.target] = _call(around, service, call)
        share = min(call.times, 1.0)
        if errors > 0:
            one.causes[f"call:{call.target}"] = share * errors
        one.mean_ms += share * mean
    line = queueing.station(one.rate, one.fixed_ms + one.mean_ms, one.threads_max, QUEUE_BOUND_MS)
    one.threads, one.causes["threads"] = line.busy, line.lost
    one.mean_ms += line.wait_ms
    passing = 1.0
    for share in one.causes.values():
        passing *= 1 - min(share, 1.0)
    one.errors = 1 - passing
    return calls


def collecting(service: Service) -> float:
    """Processor time for garbage per processor time of the request: live data over the free part of the heap."""
    return COLLECTING * service.live_mb / max(service.heap_mb - service.live_mb, 1.0) if service.heap_mb else 0.0


def _compute(around: Surroundings, service: Service, one: ServiceMinute, there: tuple[cluster.Pod, ...]) -> None:
    """Processor time, pod by pod: requests are spread evenly, processors are not."""
    turned_away = 0.0
    for pod in there:
        factor = around.factors[pod.node]
        demand = service.cpu_ms * (1 + collecting(service))
        utilisation = one.rate / one.ready * demand / 1000 * factor / service.cpu_limit
        response, lost = queueing.processor_sharing(demand * factor, utilisation, QUEUE_BOUND_MS)
        one.mean_ms += response / len(there)
        turned_away += lost / len(there)
        one.cpu += min(utilisation, 1.0) / len(there)
    one.causes["overload"] = turned_away
    one.collecting = collecting(service) / (1 + collecting(service))
    if service.defect:
        one.causes["defect"] = service.defect.share


def _use_stores(around: Surroundings, service: Service, one: ServiceMinute) -> None:
    cache, store = around.system.cache, around.system.database
    if service.cache:
        one.mean_ms += 2 * cache.connect_timeout_ms if cache.startup_error else 1.0
    if not service.pool:
        return
    if one.hold_ms:
        lost = one.causes["pool"]
        one.mean_ms += one.hold_ms * (1 - lost)
        if lost > EXHAUSTED:
            one.fixed_ms += one.pool_wait_ms
        else:
            one.mean_ms += one.pool_wait_ms
    if around.carried.disk_gb >= store.disk_gb:
        writing = sum(each.times for each in service.statements if each.writes)
        if writing:
            one.causes["disk"] = writing / (1 + writing)
    late = 1 - exp(-around.carried.lag_s / READ_AFTER_WRITE_S)
    one.causes["stale"] = late * min(1.0, sum(each.times * each.own_write_share for each in service.statements))


def _call(around: Surroundings, service: Service, call: Call) -> tuple[float, float, float]:
    """Mean time, error share and time-out share of one call with its retries, as the caller sees it."""
    system = around.system
    if system.shuts_out(service.name, call.target):
        return CONNECT_TIMEOUT_MS * (1 + call.retries), 1.0, 0.0
    if distrusts(system, service, call.target, around.minute):
        return HANDSHAKE_MS * (1 + call.retries), 1.0, 0.0
    network = _network_ms(around, service.name, call.target)
    external = next((one for one in system.externals if one.name == call.target), None)
    if external:
        asked = around.minutes[service.name].rate * call.times
        refused = max(0.0, 1 - external.limit_per_second / asked) if asked else 0.0
        failed = 1 - (1 - external.error_share) * (1 - refused)
        fixed, mean = external.mean_ms / 2, external.mean_ms / 2 + network
    else:
        other = around.minutes[call.target]
        if not other.ready:
            return 2.0, 1.0, 0.0
        fixed, mean, failed = other.fixed_ms, other.mean_ms + network, other.errors
    timeouts = queueing.beyond(fixed, mean, call.timeout_ms)
    lost = system.resolver.failing
    once = 1 - (1 - failed) * (1 - timeouts) * (1 - lost) * (1 - distrusting(around, service.name, call.target))
    took = (1 - lost) * queueing.cut(fixed, mean, call.timeout_ms) + lost * CONNECT_TIMEOUT_MS
    return took * traffic.attempts(once, call.retries), once ** (1 + call.retries), timeouts


def distrusts(system: System, service: Service, target: str, minute: float) -> bool:
    """Whether every handshake of ``service`` with ``target`` fails: out of date, or signed by nobody it knows."""
    if not system.has_service(target):
        return False
    other = system.service(target)
    return other.certificate_until <= minute or other.issuer not in service.trusts


def distrusting(around: Surroundings, source: str, target: str) -> float:
    """Share of handshakes with an end on a node by whose clock the other end's certificate is out of date."""
    kept = 1.0
    for node in around.system.nodes:
        if abs(node.clock_s) > CERTIFICATE_S:
            for app in (source, target):
                kept *= 1 - cluster.share_on(around.pods, app, node.name)
    return 1 - kept


def _network_ms(around: Surroundings, source: str, target: str) -> float:
    """Time on the wire: there and back, longer by the share of pod pairs that a slow node is part of."""
    extra = NETWORK_MS
    for node in around.system.nodes:
        ends = (cluster.share_on(around.pods, app, node.name) for app in (source, target))
        untouched = 1.0
        for share in ends:
            untouched *= 1 - share
        extra += (1 - untouched) * (2 * node.delay_ms + node.loss * RETRANSMIT_MS * SEGMENTS)
    return extra
