"""Alerts, topology, change log, configuration, connectivity and queue. No Django here."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from statistics import fmean

from sandbox.lab import cluster
from sandbox.lab.incident import Incident
from sandbox.lab.state import Minute
from sandbox.lab.views.kubernetes import address, port, restarts, table
from sandbox.lab.views.metrics import P95

BASELINE = 12  # minutes at the start that are known to be healthy
OTHER_QUEUES = ("invoices",)  # of other teams, on the same broker
HELD = 3  # minutes a condition must hold
LOOK_UPS = 6  # of a name, one after the other
DIVERGENCE = 0.02  # of the orders


@dataclass(frozen=True)
class Alert:
    name: str
    severity: str
    component: str
    since: int
    summary: str


def _held_since(minutes: tuple[Minute, ...], broken: Callable[[Minute], bool]) -> int | None:
    """First minute of the run of broken minutes that lasts until now, if it is long enough."""
    count = 0
    for minute in reversed(minutes):
        if not broken(minute):
            break
        count += 1
    return len(minutes) - count if count >= HELD else None


def alerts(incident: Incident) -> tuple[Alert, ...]:
    """The shop's alert rules over the minutes; they know thresholds and no cause."""
    minutes, system, last = incident.minutes, incident.system, incident.last
    found: list[Alert] = []

    def rule(name: str, severity: str, component: str, broken: Callable[[Minute], bool], summary: str) -> None:
        since = _held_since(minutes, broken)
        if since is not None:
            found.append(Alert(name, severity, component, since, summary))

    for service in system.services:
        name = service.name
        normal = fmean(minute.services[name].quantile_ms(P95) for minute in minutes[:BASELINE])
        now = last.services[name]
        if service.pool:
            rule(
                "DatabasePoolAtLimit",
                "critical",
                name,
                lambda m, n=name: m.services[n].pool_used >= 0.97 * m.services[n].pool_open > 0,
                f"database connection pool of {name} at its limit ({min(now.pool_open, round(now.pool_used))} of {now.pool_open} connections in use, {now.pool_waiting:.0f} requests waiting)",
            )
        rule(
            "HighErrorRatio",
            "critical",
            name,
            lambda m, n=name: m.services[n].errors > 0.02,
            f"{now.errors:.1%} of requests to {name} fail",
        )
        rule(
            "HighLatency",
            "warning",
            name,
            lambda m, n=name, b=normal: m.services[n].quantile_ms(P95) > max(1.6 * b, 120),
            f"p95 latency of {name} is {now.quantile_ms(P95):.0f} ms (usually {normal:.0f} ms)",
        )
        running = len(cluster.running(last.pods, name))
        rule(
            "PodsNotReady",
            "warning",
            name,
            lambda m, n=name, r=service.replicas: len(cluster.running(m.pods, n)) < r,
            f"{service.replicas - running} of {service.replicas} pods of {name} not ready",
        )
        rule(
            "TargetDown",
            "critical",
            name,
            lambda m, n=name: not m.services[n].ready,
            f"{name} does not answer the health check",
        )
        kills = [minute for minute in restarts(incident, name) if minute >= incident.count - 15]
        crashing = [pod for pod in last.pods if pod.app == name and pod.problem]
        if not kills and crashing and crashing[0].problem.reason == "CrashLoopBackOff":
            kills = list(range(incident.rollouts.get(name, incident.onset), incident.count, 3))
        if kills:
            found.append(
                Alert(
                    "ContainerRestarting",
                    "warning",
                    name,
                    kills[0],
                    f"containers of {name} restarted {len(kills)} times in 15 minutes",
                )
            )
    rule(
        "QueueBacklog",
        "critical",
        system.queue.name,
        lambda m: m.queue_backlog > 4000,
        f"{last.queue_backlog:.0f} messages ready in {system.queue.queue}",
    )
    rule(
        "DiskAlmostFull",
        "critical",
        system.database.name,
        lambda m: m.disk_ratio > 0.95,
        f"disk of {system.database.name} {last.disk_ratio:.0%} used",
    )
    rule(
        "TargetDown",
        "critical",
        system.cache.name,
        lambda m: not m.cache_up,
        f"{system.cache.name} does not answer the health check",
    )
    if system.saga and incident.count >= BASELINE + HELD:
        apart = [_apart(incident, back) for back in range(BASELINE)]
        if all(max(each) > DIVERGENCE for each in apart[:HELD]):
            since = next((back for back, each in enumerate(apart) if max(each) <= DIVERGENCE), BASELINE)
            worst = max(max(each) for each in apart[:HELD])
            text = f"stores behind {system.saga.coordinator} differ by {worst:.0%} of the orders of the last minutes"
            found.append(Alert("CountsDiverge", "critical", system.saga.coordinator, incident.count - since, text))
    return tuple(sorted(found, key=lambda alert: (alert.since, alert.name, alert.component)))


def _apart(incident: Incident, back: int) -> tuple[float, float]:
    """How far payments and deliveries are from the orders, in the ``HELD`` minutes that end ``back`` minutes ago."""
    end = incident.count - back
    counts = [minute.counts for minute in incident.minutes[end - HELD : end]]
    orders = max(sum(each["orders"] for each in counts), 1e-9)
    return tuple(abs(sum(each[store] for each in counts) / orders - 1) for store in ("payments", "deliveries"))


URGENCY = ("DatabasePoolAtLimit", "QueueBacklog", "HighErrorRatio", "HighLatency", "CountsDiverge")
RESOURCES = 2  # the first so many name a resource that is full


def primary(incident: Incident) -> Alert | None:
    """The alert a person is called with: a full pool or queue, else what users feel nearest to the edge."""
    entries = {route.target for route in incident.system.routes}

    def rank(alert: Alert) -> tuple[int, bool, int, int]:
        place = URGENCY.index(alert.name) if alert.name in URGENCY else len(URGENCY)
        return min(place, RESOURCES), alert.component not in entries, place, alert.since

    return min(alerts(incident), key=rank, default=None)


def alerts_text(incident: Incident) -> str:
    """Alertmanager's list of firing alerts, as JSON."""
    listed = [
        {
            "labels": {
                "alertname": alert.name,
                "severity": alert.severity,
                "service": alert.component,
                "namespace": incident.system.namespace,
            },
            "annotations": {"summary": alert.summary},
            "startsAt": incident.at(alert.since).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "status": {"state": "active"},
        }
        for alert in alerts(incident)
    ]
    return json.dumps(listed, indent=1) + "\n"


def topology(incident: Incident, only: str = "") -> str:
    """Who calls whom, from the last hour's traces; of one component if asked."""
    system = incident.system
    edges: list[tuple[str, str, str]] = []
    for service in system.services:
        edges += [(service.name, call.target, call.operation) for call in service.calls]
        if service.pool:
            edges.append((service.name, system.database.name, "postgresql"))
        if service.cache:
            edges.append((service.name, service.cache, system.cache.engine))
        if service.publishes:
            edges.append((service.name, system.queue.name, f"publish {system.queue.queue}"))
    edges.append((system.queue.consumer, system.queue.name, f"consume {system.queue.queue}"))
    if only:
        down = [f"  -> {target} ({what})" for source, target, what in edges if source == only]
        up = [f"  <- {source} ({what})" for source, target, what in edges if target == only]
        return "\n".join((only, "calls:", *(down or ["  (nothing)"]), "called by:", *(up or ["  (nobody)"]))) + "\n"
    roles = "\n".join(f"{service.name}: {service.role} ({service.language})" for service in system.services)
    stores = f"{system.database.name}: postgresql\n{system.cache.name}: {system.cache.engine}\n{system.queue.name}: {system.queue.engine}\n"
    outside = "".join(f"{external.name}: outside provider\n" for external in system.externals)
    return (
        f"{roles}\n{stores}{outside}\n"
        + "\n".join(f"{source} -> {target}  {what}" for source, target, what in edges)
        + "\n"
    )


def changes(incident: Incident, only: str = "") -> str:
    """The change log around the alert, oldest first; of one target if asked."""
    rows = [
        (
            incident.at(incident.onset + change.offset).strftime("%Y-%m-%d %H:%M"),
            change.kind,
            change.target,
            change.text,
            change.by,
        )
        for change in incident.changes
        if (not only or change.target == only) and incident.onset + change.offset < incident.count
    ]
    return table(("TIME", "KIND", "TARGET", "CHANGE", "BY"), rows, "No changes in the last 2 hours.")


def config(incident: Incident, name: str) -> str:
    """The configuration a component runs with, as its config map shows it."""
    system = incident.system
    lines: list[tuple[str, str]]
    if name == system.database.name:
        store = system.database
        lines = [
            ("max_connections", str(store.max_connections)),
            ("lock_timeout", f"{store.lock_timeout_ms:.0f}ms"),
            ("idle_in_transaction_session_timeout", "0"),
            ("log_min_duration_statement", "50ms"),
            ("autovacuum", "on"),
            ("archive_mode", "on"),
            ("work_mem", "64MB"),
        ]
        lines += [
            (f"role.{service.name}.password_version", str(store.role_secret_version.get(service.name, 3)))
            for service in system.services
            if service.pool
        ]
    elif name == system.cache.name:
        lines = [
            ("maxmemory", f"{system.cache.memory_mb:.0f}mb"),
            ("maxmemory-policy", "allkeys-lru"),
        ]
    elif name == system.queue.name:
        lines = [
            ("queue", system.queue.queue),
            ("prefetch", "1"),
            ("dead_letters", "none"),
            ("acknowledge_timeout", f"{system.queue.acknowledge_ms:.0f}ms"),
        ]
    else:
        service = system.service(name)
        lines = [("PORT", str(service.port)), ("WORKERS", str(service.workers)), ("LOG_LEVEL", "info")]
        if service.heap_mb:
            lines.append(("JAVA_TOOL_OPTIONS", f"-Xmx{service.heap_mb:.0f}m"))
        if service.calls:
            lines.append(("TRUSTED_ISSUERS", " ".join(service.trusts)))
        if system.saga and system.saga.coordinator == name:
            lines.append(("REFUND_ON_CONFLICT", str(system.saga.compensates).lower()))
        if system.saga and system.saga.payer == name:
            lines.append(("SEND_IDEMPOTENCY_KEY", str(system.saga.idempotent).lower()))
        for call in service.calls:
            key = call.target.upper()
            scheme = (
                f"http://{call.target}:8080"
                if system.has_service(call.target)
                else f"https://api.{call.target}.example"
            )
            lines += [
                (f"{key}_URL", scheme),
                (f"{key}_TIMEOUT_MS", f"{call.timeout_ms:.0f}"),
                (f"{key}_RETRIES", str(call.retries)),
            ]
        if service.pool:
            lines += [
                ("DB_URL", f"postgresql://{name}@{system.database.name}:5432/{system.business}"),
                ("DB_PASSWORD_FROM", f"secret {name}-db, key version {service.secret_version}"),
                ("DB_POOL_MAX", str(service.pool.size)),
                ("DB_POOL_ACQUIRE_TIMEOUT_MS", f"{service.pool.acquire_timeout_ms:.0f}"),
            ]
        if service.cache:
            lines.append(("CACHE_URL", f"{system.cache.engine}://{service.cache}:{system.cache.port}/0"))
    return f"# {name}, configuration in effect\n" + "".join(f"{key}: {value}\n" for key, value in lines)


def connectivity(incident: Incident, target: str, source: str = "") -> str:
    """A TCP connection tried from a pod of ``source`` (a toolbox pod where none is named), with its time."""
    system, last = incident.system, incident.last
    origin = source or "toolbox"
    external = any(one.name == target for one in system.externals)
    where = f"api.{target}.example:443" if external else f"{target}:{port(incident, target)}"
    numeric = "203.0.113.24:443" if external else f"{address(incident, target)}:{port(incident, target)}"
    head = f"{origin} -> {where} ({numeric})"
    looked = system.resolver.failing
    if looked:
        late = round(max(1, looked * LOOK_UPS))
        tries = ["timed out after 1000 ms"] * late + ["answered in 1.1 ms"] * (LOOK_UPS - late)
        incident.random(f"lookup:{origin}:{target}").shuffle(tries)
        names = "".join(
            f"  look-up {at + 1} of {target} at {system.resolver.name}: {each}\n" for at, each in enumerate(tries)
        )
    else:
        names = f"  look-up 1 of {target} at {system.resolver.name}: answered in 1.1 ms\n"
    if system.shuts_out(origin, target):
        return f"{head}: Connection timed out after 1000 ms\n{names}"
    there = cluster.running(last.pods, target)
    if not external and (not there or (target == system.cache.name and system.cache.startup_error)):
        return f"{head}: Connection refused\n{names}"
    delay, random = 0.6, incident.random(f"connect:{origin}:{target}")
    lines = []
    ends = cluster.running(last.pods, origin) or (None,)
    for number in range(4):
        pair = (random.choice(ends), random.choice(there) if there else None)
        nodes = {pod.node for pod in pair if pod}
        delay = (
            0.4
            + random.uniform(0.05, 0.4)
            + sum(2 * node.delay_ms for node in system.nodes if node.name in nodes)
            + 9 * external
        )
        via = " -> ".join(pod.node for pod in pair if pod)
        lines.append(f"  attempt {number + 1}: connected in {delay:.1f} ms{f'  ({via})' if via else ''}")
    return f"{head}: open\n{names}" + "\n".join(lines) + "\n"


def queue_status(incident: Incident) -> str:
    """rabbitmqctl's list of queues."""
    last, queue = incident.last, incident.system.queue
    consumers = queue.consumers_per_replica * len(cluster.running(last.pods, queue.consumer))
    unacknowledged = min(consumers, round(last.queue_out * queue.work_ms / 1000) + queue.poison_messages)
    rows = [
        (
            queue.queue,
            f"{last.queue_backlog:.0f}",
            str(unacknowledged),
            str(consumers),
            f"{last.queue_in:.1f}",
            f"{last.queue_out:.1f}",
            f"{last.queue_redelivered:.1f}",
        ),
        *((name, "0", "1", "2", "0.8", "0.8", "0.0") for name in OTHER_QUEUES),
    ]
    return table(("name", "messages_ready", "unacknowledged", "consumers", "publish/s", "ack/s", "redeliver/s"), rows)
