"""How long a service takes and how often it fails: its processors, its pool, and what it calls. No Django here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.lab import cluster, queueing
from sandbox.lab.parameters import Call, Service, System
from sandbox.lab.state import Carried, ServiceMinute

CONNECT_TIMEOUT_MS = 1000.0
QUEUE_BOUND_MS = 1800.0  # a server turns requests away that would wait longer
RETRANSMIT_MS = 200.0
SEGMENTS = 4  # packets of a call whose loss delays it
NETWORK_MS = 0.6
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
    restarting = around.minute - 1 in around.carried.restarts.get(service.name, ())
    one.ready = max(1, len(there) - 1) if restarting and there else len(there)
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


def _compute(around: Surroundings, service: Service, one: ServiceMinute, there: tuple[cluster.Pod, ...]) -> None:
    """Processor time, pod by pod: requests are spread evenly, processors are not."""
    turned_away = 0.0
    for pod in there:
        factor = around.factors[pod.node]
        utilisation = one.rate / one.ready * service.cpu_ms / 1000 * factor / service.cpu_limit
        response, lost = queueing.processor_sharing(service.cpu_ms * factor, utilisation, QUEUE_BOUND_MS)
        one.mean_ms += response / len(there)
        turned_away += lost / len(there)
        one.cpu += min(utilisation, 1.0) / len(there)
    one.causes["overload"] = turned_away
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


def _call(around: Surroundings, service: Service, call: Call) -> tuple[float, float, float]:
    """Mean time, error share and time-out share of one call with its retries, as the caller sees it."""
    system = around.system
    if system.shuts_out(service.name, call.target):
        return CONNECT_TIMEOUT_MS * (1 + call.retries), 1.0, 0.0
    network = _network_ms(around, service.name, call.target)
    external = next((one for one in system.externals if one.name == call.target), None)
    if external:
        fixed, mean, failed = external.mean_ms / 2, external.mean_ms / 2 + network, external.error_share
    else:
        other = around.minutes[call.target]
        if not other.ready:
            return 2.0, 1.0, 0.0
        fixed, mean, failed = other.fixed_ms, other.mean_ms + network, other.errors
    timeouts = queueing.beyond(fixed, mean, call.timeout_ms)
    once = 1 - (1 - failed) * (1 - timeouts)
    attempts = 1 + (once if call.retries else 0.0)
    return queueing.cut(fixed, mean, call.timeout_ms) * attempts, once ** (1 + call.retries), timeouts


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
