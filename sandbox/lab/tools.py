"""The tools of a lab system, and every call of them that is worth recording. No Django here."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from cases.transcript import ToolSchema
from sandbox.environment.base import Recording
from sandbox.lab.database import statements_of
from sandbox.lab.incident import Incident
from sandbox.lab.schemas import TEXT
from sandbox.lab.schemas import text as _text
from sandbox.lab.schemas import tool as _tool
from sandbox.lab.views import descriptions, kubernetes, logs, metrics, overview, postgres, saga, traces, trust

SERVICE = _text("name of a service as the topology lists it")
MINUTES = {"type": "integer", "minimum": 1, "description": "how far back to look; without it as far as there is"}

TOOLS: tuple[ToolSchema, ...] = (
    _tool("get_alerts", "Alerts that fire now, with labels and start."),
    _tool(
        "get_metrics",
        "Metric series of a service, data store, outside provider or node, one value a minute: traffic, errors, latency, CPU, memory, threads, connection pool, queue, disk, network.",
        ("service",),
        service=_text("name of a service, store, provider or node"),
        metric=_text("one metric; without it all series of the component"),
        minutes=MINUTES,
    ),
    _tool(
        "get_logs",
        "Newest log lines of a service or data store.",
        ("service",),
        service=_text("name of a service or store"),
        level=TEXT | {"enum": ["error", "warn", "info"], "description": "only lines of this level"},
        minutes=MINUTES,
    ),
    _tool(
        "get_traces",
        "Slow, failed and typical recent traces that pass through a service, as span trees.",
        ("service",),
        service=SERVICE,
        minutes=MINUTES,
    ),
    _tool(
        "get_topology",
        "Services, stores and providers and which calls which; of one component if named.",
        service=SERVICE,
    ),
    _tool(
        "get_changes",
        "Change log: deployments, configuration, migrations, jobs, policies; of one target if named.",
        service=_text("target of the change"),
    ),
    _tool(
        "get_resources",
        "kubectl get: list resources of a type, or one by name.",
        ("resource_type",),
        resource_type=_text(
            "pods, deployments, statefulsets, services, endpoints, nodes, events, networkpolicies or resourcequotas"
        ),
        name=_text("one resource"),
        namespace=TEXT,
    ),
    _tool(
        "describe_resource",
        "kubectl describe: specification, state, conditions and events of one resource.",
        ("resource_type", "name"),
        resource_type=_text("pods, deployments, statefulsets, services, endpoints, nodes or networkpolicies"),
        name=_text("name of the resource"),
        namespace=TEXT,
    ),
    _tool(
        "get_resource_usage",
        "kubectl top: CPU and memory in use of pods or nodes.",
        ("resource_type",),
        resource_type=TEXT | {"enum": ["pods", "nodes"]},
    ),
    _tool(
        "get_config",
        "Configuration in effect of a service or store.",
        ("service",),
        service=_text("name of a service or store"),
    ),
    _tool(
        "check_connectivity",
        "Open a TCP connection to a component, from a service or a toolbox pod, and time it.",
        ("target",),
        target=_text("name of a service, store or provider"),
        source=SERVICE,
    ),
    _tool(
        "get_pool_status",
        "Database connection pool of a service, from the pool's own counters.",
        ("service",),
        service=SERVICE,
    ),
    _tool(
        "get_database_connections",
        "Sessions of the database (pg_stat_activity): state, age of transaction, wait event, query; of one user if named.",
        service=_text("database user, which is the service's name"),
    ),
    _tool(
        "get_slow_queries",
        "Database statements by total time with calls, mean time and rows examined, and plans of slow ones.",
        minutes=MINUTES,
    ),
    _tool(
        "explain_query",
        "EXPLAIN of one database statement.",
        ("query_id",),
        query_id=_text("queryid as the list of statements shows it"),
    ),
    _tool(
        "describe_table",
        "Columns, indexes, rows and size of a database table.",
        ("table",),
        table=_text("name of the table"),
    ),
    _tool("get_lock_waits", "Database sessions that wait for a lock, and the sessions that hold it."),
    _tool("get_database_storage", "Disk of the database and what keeps its log: file system and replication slots."),
    _tool("get_replication_status", "Replica of the database: state and how far it is behind (pg_stat_replication)."),
    _tool("get_certificates", "Certificates that components serve: issuer and validity."),
    _tool("get_reconciliation", "Records in each store that orders are written to, by time of the order."),
    _tool("get_queue_status", "Message queues: ready, unacknowledged, consumers, rates."),
)


def _answers(incident: Incident) -> Iterator[tuple[str, dict[str, str], str, str]]:
    """(tool, arguments, output, match) of every call."""
    system = incident.system
    yield "get_alerts", {}, overview.alerts_text(incident), "any"
    for name in metrics.subjects(incident):
        printed = metrics.values(incident, name)
        yield "get_metrics", {"service": name}, metrics.metrics(incident, name, printed), "exact"
        for metric, series in printed.items():
            text = metrics.metrics(incident, name, {metric: series})
            yield "get_metrics", {"service": name, "metric": metric}, text, "exact"
    apps = kubernetes.apps(incident)
    for app in apps:
        lines = logs.lines_of(incident, app)
        yield "get_logs", {"service": app}, logs.logs(lines), "exact"
        for level in ("error", "warn", "info"):
            yield "get_logs", {"service": app, "level": level}, logs.logs(lines, level), "exact"
    for service in system.services:
        name = {"service": service.name}
        yield "get_pool_status", name, postgres.pool_status(incident, service), "exact"
        yield "get_database_connections", name, postgres.connections(incident, service.name), "exact"
    yield "get_topology", {}, overview.topology(incident), "exact"
    yield "get_changes", {}, overview.changes(incident), "exact"
    outside = tuple(one.name for one in system.externals)
    for name in (*apps, *outside):
        yield "get_traces", {"service": name}, traces.traces(incident, name), "exact"
    for name in (*apps, *outside):
        yield "get_topology", {"service": name}, overview.topology(incident, name), "exact"
        yield "get_changes", {"service": name}, overview.changes(incident, name), "exact"
        yield "check_connectivity", {"target": name}, overview.connectivity(incident, name), "exact"
    for app in apps:
        yield "get_config", {"service": app}, overview.config(incident, app), "exact"
    yield from _elsewhere(incident)
    yield from _edges(incident)
    yield from _resources(incident)
    yield from _database(incident)
    yield "get_queue_status", {}, overview.queue_status(incident), "any"
    yield "get_certificates", {}, trust.certificates(incident), "any"
    yield "get_reconciliation", {}, saga.reconciliation(incident), "any"


def _elsewhere(incident: Incident) -> Iterator[tuple[str, dict[str, str], str, str]]:
    """What the tools say of names that stand in listings but are no component of the shop: jobs, policies, queues."""
    system = incident.system
    outside = {one.name for one in system.externals}
    named = {change.target for change in incident.changes} | outside | {node.name for node in system.nodes}
    named |= {batch.name for batch in system.batches} | {system.queue.queue, *overview.OTHER_QUEUES}
    for name in sorted(named - set(kubernetes.apps(incident))):
        asked = {"service": name}
        if name not in outside:
            yield "get_changes", asked, overview.changes(incident, name), "exact"
        if name not in metrics.subjects(incident):
            yield "get_metrics", asked, f"no series for {name}\n", "exact"
        yield "get_logs", asked, f"error: no log stream {name} in namespace {system.namespace}\n", "exact"
        yield "get_config", asked, f"error: configmap {name} not found\n", "exact"
    stores = {store.name for store in (system.database, system.cache, system.queue)}
    for name in sorted((named | stores) - {service.name for service in system.services}):
        yield "get_pool_status", {"service": name}, postgres.no_pool(name), "exact"
    for name in (*(store.name for store in (system.database, system.cache, system.queue)), *sorted(outside)):
        yield "get_database_connections", {"service": name}, postgres.connections(incident, name), "exact"


def _edges(incident: Incident) -> Iterator[tuple[str, dict[str, str], str, str]]:
    system = incident.system
    for service in system.services:
        targets = [call.target for call in service.calls]
        targets += [system.database.name] if service.pool else []
        targets += [service.cache] if service.cache else []
        for target in targets:
            yield (
                "check_connectivity",
                {"source": service.name, "target": target},
                overview.connectivity(incident, target, service.name),
                "exact",
            )


def _resources(incident: Incident) -> Iterator[tuple[str, dict[str, str], str, str]]:
    system = incident.system
    for kind in kubernetes.KINDS:
        yield "get_resources", {"resource_type": kind}, kubernetes.resources(incident, kind), "subset"
    for kind in kubernetes.NONE_OF:
        yield "get_resources", {"resource_type": kind}, kubernetes.none_of(incident), "subset"
    named = [("pods", pod.name) for pod in incident.last.pods]
    named += [("pods", f"{batch.name}-0") for batch in system.batches]
    named += [("deployments", service.name) for service in system.services]
    named += [("statefulsets", name) for name in kubernetes.apps(incident)[len(system.services) :]]
    named += [("services", app) for app in kubernetes.apps(incident)]
    named += [("endpoints", app) for app in kubernetes.apps(incident)]
    named += [("nodes", node.name) for node in system.nodes]
    named += [("networkpolicies", policy.name) for policy in system.policies]
    for kind, name in named:
        yield (
            "get_resources",
            {"resource_type": kind, "name": name},
            kubernetes.resources(incident, kind, name),
            "subset",
        )
        yield (
            "describe_resource",
            {"resource_type": kind, "name": name},
            descriptions.describe(incident, kind, name),
            "subset",
        )
    absent = [("deployments", store) for store in kubernetes.stores(incident)]
    absent += [("services", external.name) for external in system.externals]
    for kind, name in absent:
        for tool in ("get_resources", "describe_resource"):
            yield tool, {"resource_type": kind, "name": name}, kubernetes.not_found(kind, name) + "\n", "subset"
    for service, kind in product(system.services, kubernetes.NOT_BY_SERVICE):
        asked = {"resource_type": kind, "name": service.name}
        yield "describe_resource", asked, kubernetes.not_found(kind, service.name) + "\n", "subset"
    for kind in ("pods", "nodes"):
        yield "get_resource_usage", {"resource_type": kind}, kubernetes.top(incident, kind), "exact"


def _database(incident: Incident) -> Iterator[tuple[str, dict[str, str], str, str]]:
    yield "get_database_connections", {}, postgres.connections(incident), "exact"
    yield (
        "get_database_connections",
        {"service": incident.system.database.other_client},
        postgres.connections(incident, incident.system.database.other_client),
        "exact",
    )
    held = incident.system.database.transaction
    if held:
        yield (
            "get_database_connections",
            {"service": held.application},
            postgres.connections(incident, held.application),
            "exact",
        )
    yield "get_slow_queries", {}, postgres.slow_queries(incident), "any"
    for _, statement in statements_of(incident.system):
        yield "explain_query", {"query_id": statement.id}, postgres.explain(incident, statement), "exact"
    for each in incident.system.database.tables:
        yield "describe_table", {"table": each.name}, postgres.describe_table(incident, each.name), "exact"
    yield "get_lock_waits", {}, postgres.lock_waits(incident), "any"
    yield "get_database_storage", {}, postgres.storage(incident), "any"
    yield "get_replication_status", {}, postgres.replication(incident), "any"


def recordings(incident: Incident) -> tuple[Recording, ...]:
    """Everything the tools answer about one incident, with the latency each call took."""
    random = incident.random("latency")
    return tuple(
        Recording(
            tool, arguments, output, match=match, latency_ms=random.randint(20, 60) + len(output) // 60, order=order
        )
        for order, (tool, arguments, output, match) in enumerate(_answers(incident))
    )
