"""Log lines as services and stores write them, drawn from what fails in the model, with the usual noise. No Django here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from sandbox.lab import cluster
from sandbox.lab.database import plan_of
from sandbox.lab.incident import MINUTES, Incident
from sandbox.lab.parameters import Service, System

LEVELS = ("ERROR", "WARN", "INFO")
KEPT = {"": 32, "ERROR": 16, "WARN": 10, "INFO": 8}


@dataclass(frozen=True, order=True)
class Line:
    at: datetime
    pod: str
    level: str
    text: str

    def printed(self) -> str:
        return f"{self.at.strftime('%Y-%m-%dT%H:%M:%S.%f')[:-3]}Z {self.level:<5} {self.pod} {self.text}"


NOISE = (
    ("WARN", "otel exporter: failed to export 512 spans, will retry in 5s"),
    ("WARN", "header X-Quay-Channel is deprecated, use X-Channel"),
    ("WARN", "slow consumer heartbeat 1.2s (limit 3s)"),
    ("ERROR", "feature flag refresh failed: 503 from flags.internal, using last known values"),
    ("ERROR", "metrics push rejected: sample timestamp too old"),
    ("WARN", "clock drift 38ms corrected"),
)


def _failures(
    system: System, service: Service, causes: dict[str, float], pool_max: int, pool_waiting: float
) -> list[tuple[float, str, str]]:
    """(share of requests, level, text) of what fails now."""
    lines: list[tuple[float, str, str]] = []
    store = system.database

    def add(cause: str, text: str, level: str = "ERROR") -> None:
        if causes.get(cause, 0.0) > 0.002:
            lines.append((causes[cause], level, text))

    if service.pool:
        timeout = service.pool.acquire_timeout_ms
        add(
            "pool",
            f"connection is not available, request timed out after {timeout:.0f}ms (total={pool_max}, active={pool_max}, idle=0, waiting={pool_waiting:.0f})",
        )
        add(
            "credentials",
            f'connect to {store.name}:5432 failed: FATAL: password authentication failed for user "{service.name}"',
        )
        add("lock", f"canceling statement due to lock timeout after {store.lock_timeout_ms:.0f}ms")
        add("disk", "could not extend file: No space left on device, HINT: Check free disk space.")
    add("overload", "request queue full, answering 503")
    add("threads", f"no worker free after 1800ms (max {service.workers}), answering 503")
    if service.defect:
        add("defect", f"unhandled exception in request handler: {service.defect.exception}: {service.defect.message}")
    for call in service.calls:
        blocked = any(policy.target == call.target and service.name not in policy.allowed for policy in system.policies)
        text = f"call {call.operation} to {call.target} failed: "
        add(f"call:{call.target}", text + ("connect timeout after 1000ms" if blocked else "{reason}"))
    if service.cache and system.cache.startup_error:
        lines.append(
            (1.0, "WARN", f"cache {system.cache.name}:6379 connect failed: Connection refused, reading from database")
        )
    return lines


def _service_lines(incident: Incident, service: Service) -> list[Line]:
    random = incident.random(f"log:{service.name}")
    lines: list[Line] = []
    for minute in range(MINUTES):
        state, now = incident.minutes[minute], incident.parameters(minute)
        parameters = now.service(service.name)
        one = state.services[service.name]
        pods = [pod.name for pod in cluster.running(state.pods, service.name)]
        if not pods:
            continue
        lines += [
            _line(
                incident,
                minute,
                random,
                random.choice(pods),
                "INFO",
                _access(now, parameters, one.quantile_ms(random.expovariate(1.0)), random),
            )
            for _ in range(2)
        ]
        if random.random() < 0.22:
            level, text = random.choice(NOISE)
            lines.append(_line(incident, minute, random, random.choice(pods), level, text))
        for share, level, text in _failures(now, parameters, one.causes, one.pool_max, one.pool_waiting):
            for _ in range(min(3, 1 + int(share * 4))):
                lines.append(
                    _line(
                        incident,
                        minute,
                        random,
                        random.choice(pods),
                        level,
                        _reason(incident, state, parameters, text, random),
                    )
                )
        restarts = incident.restarts.get(service.name, ())
        if minute - 1 in restarts or (minute == incident.onset and parameters.version != service.version):
            lines.append(
                _line(
                    incident,
                    minute,
                    random,
                    random.choice(pods),
                    "INFO",
                    f"{service.name} {parameters.version} starting, listening on :{service.port}",
                )
            )
    return sorted(lines)


def _reason(incident: Incident, state, service: Service, text: str, random: Random) -> str:
    """Why a call failed: time-out or an error answer, in the proportion the model gives."""
    if "{reason}" not in text:
        return text
    for call in service.calls:
        if f" to {call.target} failed" in text:
            _, errors, timeouts = state.calls[service.name, call.target]
            if incident.system.has_service(call.target) and not state.services[call.target].ready:
                return text.replace("{reason}", "connect: connection refused")
            if random.random() < timeouts / max(errors, timeouts, 1e-9):
                return text.replace("{reason}", f"deadline exceeded after {call.timeout_ms:.0f}ms")
    return text.replace("{reason}", random.choice(("HTTP 500", "HTTP 503", "HTTP 500")))


def _access(system: System, service: Service, took: float, random: Random) -> str:
    if service.name == system.queue.consumer:
        return f"parcel for order {random.randrange(10**6, 10**7)} handed to carrier in {took:.0f}ms"
    return f"request id={random.randrange(16**8):08x} done in {took:.0f}ms"


def _line(incident: Incident, minute: int, random: Random, pod: str, level: str, text: str) -> Line:
    return Line(incident.at(minute) + timedelta(milliseconds=random.randrange(60_000)), pod, level, text)


def _database_lines(incident: Incident) -> list[Line]:
    """What the server itself writes: slow statements, refused log-ins, lock waits, a full disk, checkpoints."""
    random = incident.random("log:database")
    pod = f"{incident.system.database.name}-0"
    lines = []
    for minute in range(MINUTES):
        state, now = incident.minutes[minute], incident.parameters(minute)
        store = now.database
        if minute % 5 == 2:
            lines.append(
                _line(
                    incident,
                    minute,
                    random,
                    pod,
                    "INFO",
                    f"checkpoint complete: wrote {random.randint(900, 2400)} buffers",
                )
            )
        for service in now.services:
            one = state.services[service.name]
            if one.causes.get("credentials"):
                lines.append(
                    _line(
                        incident,
                        minute,
                        random,
                        pod,
                        "ERROR",
                        f'FATAL:  password authentication failed for user "{service.name}"',
                    )
                )
            if one.causes.get("disk"):
                lines.append(
                    _line(
                        incident,
                        minute,
                        random,
                        pod,
                        "ERROR",
                        f'ERROR:  could not extend file "base/16401/{random.randrange(20000, 30000)}": No space left on device',
                    )
                )
            if one.causes.get("lock", 0) > 0.002:
                table = store.transaction.table
                lines.append(
                    _line(
                        incident,
                        minute,
                        random,
                        pod,
                        "ERROR",
                        f'ERROR:  canceling statement due to lock timeout CONTEXT: while updating tuple in relation "{table}"',
                    )
                )
            for statement in service.statements:
                took = plan_of(statement, now.table(statement.table)).work_ms * state.db_stretch
                if took > 50:
                    lines.append(
                        _line(
                            incident,
                            minute,
                            random,
                            pod,
                            "WARN",
                            f"duration: {took * random.uniform(0.9, 1.2):.3f} ms  statement: {statement.text}",
                        )
                    )
        if store.inactive_slot and minute >= incident.onset:
            lines.append(
                _line(
                    incident,
                    minute,
                    random,
                    pod,
                    "WARN",
                    f'replication slot "{store.inactive_slot}" is inactive, retaining write-ahead log',
                )
            )
    return sorted(lines)


def _store_lines(incident: Incident, name: str) -> list[Line]:
    random = incident.random(f"log:{name}")
    lines = []
    for minute in range(MINUTES):
        state, now = incident.minutes[minute], incident.parameters(minute)
        if name == now.cache.name:
            if now.cache.startup_error:
                lines.append(_line(incident, minute, random, f"{name}-0", "ERROR", now.cache.startup_error))
            elif minute % 6 == 1:
                lines.append(
                    _line(
                        incident,
                        minute,
                        random,
                        f"{name}-0",
                        "INFO",
                        "10000 changes in 60 seconds. Saving... Background saving terminated with success",
                    )
                )
        elif state.queue_redelivered:
            lines.append(
                _line(
                    incident,
                    minute,
                    random,
                    f"{name}-0",
                    "WARN",
                    f"queue {now.queue.queue}: {state.queue_redelivered * 60:.0f} messages requeued in the last minute",
                )
            )
        elif minute % 7 == 3:
            lines.append(
                _line(incident, minute, random, f"{name}-0", "INFO", f"connection accepted from {now.queue.consumer}")
            )
    return sorted(lines)


def _consumer_lines(incident: Incident) -> list[Line]:
    """A consumer that meets malformed messages says so at each redelivery."""
    random = incident.random("log:consumer")
    lines = []
    numbers = [random.randrange(10**6, 10**7) for _ in range(4)]
    for minute in range(MINUTES):
        queue = incident.parameters(minute).queue
        if not queue.poison_messages:
            continue
        for pod in cluster.running(incident.minutes[minute].pods, queue.consumer):
            lines.append(
                _line(
                    incident,
                    minute,
                    random,
                    pod.name,
                    "ERROR",
                    f"cannot decode message {random.choice(numbers)} from {queue.queue}: unexpected end of input at line 1 column 211, requeued (redelivered=true)",
                )
            )
    return lines


def lines_of(incident: Incident, name: str) -> list[Line]:
    """Every line of one component, in order of time."""
    system = incident.system
    if system.has_service(name):
        own = _service_lines(incident, incident.healthy.service(name))
        return sorted(own + (_consumer_lines(incident) if name == system.queue.consumer else []))
    return _database_lines(incident) if name == system.database.name else _store_lines(incident, name)


def logs(lines: list[Line], level: str = "") -> str:
    """The newest lines, of one level if asked."""
    chosen = [line for line in lines if not level or line.level == level.upper()]
    kept = chosen[-KEPT[level.upper()] :]
    if not kept:
        return "-- no entries --\n"
    return "\n".join(line.printed() for line in kept) + "\n"
