"""Series as a dashboard exports them: CSV, one column a metric. No Django here."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.lab.incident import Incident
from sandbox.lab.state import Minute

P50, P95 = 0.693, 2.996  # -ln(1 - q) of an exponential

Reading = Callable[[Minute], float]


def _service_metrics(incident: Incident, name: str) -> dict[str, tuple[Reading, int, float]]:
    """Metric -> (reading, decimals, relative noise)."""
    service = incident.healthy.service(name)
    metrics: dict[str, tuple[Reading, int, float]] = {
        "requests_per_second": (lambda m: m.services[name].rate, 1, 0.01),
        "error_ratio": (lambda m: m.services[name].errors, 4, 0.05),
        "latency_p50_ms": (lambda m: m.services[name].quantile_ms(P50), 0, 0.03),
        "latency_p95_ms": (lambda m: m.services[name].quantile_ms(P95), 0, 0.04),
        "cpu_utilisation": (lambda m: m.services[name].cpu, 3, 0.03),
        "memory_mb": (lambda m: m.services[name].memory_mb, 0, 0.0),
        "threads_busy": (lambda m: m.services[name].threads, 0, 0.03),
        "replicas_ready": (lambda m: m.services[name].ready, 0, 0.0),
    }
    if service.heap_mb:
        metrics["gc_time_ratio"] = (lambda m: m.services[name].collecting, 3, 0.04)
    if service.pool:
        metrics |= {
            "db_pool_in_use": (lambda m: m.services[name].pool_used, 0, 0.0),
            "db_pool_max": (lambda m: m.services[name].pool_open, 0, 0.0),
            "db_pool_waiting": (lambda m: m.services[name].pool_waiting, 0, 0.05),
            "db_pool_wait_ms": (lambda m: m.services[name].pool_wait_ms, 0, 0.03),
        }
    return metrics


def _store_metrics(incident: Incident, name: str) -> dict[str, tuple[Reading, int, float]]:
    system = incident.system
    if name == system.database.name:
        return {
            "cpu_utilisation": (lambda m: m.db_cpu, 3, 0.03),
            "connections": (lambda m: m.db_connections, 0, 0.0),
            "connections_max": (lambda m: system.database.max_connections, 0, 0.0),
            "rows_read_per_second": (lambda m: m.db_rows_read, 0, 0.02),
            "disk_used_ratio": (lambda m: m.disk_ratio, 4, 0.0),
            "replica_lag_seconds": (lambda m: m.lag_s, 2, 0.05),
            "volume_read_ms": (lambda m: 0.3 + m.page_ms, 2, 0.05),
        }
    if name == system.cache.name:
        return {
            "up": (lambda m: float(m.cache_up), 0, 0.0),
            "hit_ratio": (lambda m: m.cache_hits, 3, 0.004),
        }
    return {
        "messages_in_per_second": (lambda m: m.queue_in, 1, 0.01),
        "messages_acknowledged_per_second": (lambda m: m.queue_out, 1, 0.01),
        "messages_redelivered_per_second": (lambda m: m.queue_redelivered, 1, 0.01),
        "processing_mean_ms": (lambda m: m.work_ms, 0, 0.02),
        "messages_ready": (lambda m: m.queue_backlog, 0, 0.0),
    }


def _node_metrics(incident: Incident, name: str) -> dict[str, tuple[Reading, int, float]]:
    """The network readings follow the node's own parameters at that minute; they are read by index in ``values``."""
    return {"cpu_utilisation": (lambda m: m.node_cpu[name], 3, 0.02)}


def _external_metrics(incident: Incident, name: str) -> dict[str, tuple[Reading, int, float]]:
    caller = incident.system.callers_of(name)[0]
    return {
        "outbound_requests_per_second": (lambda m: m.services[caller].rate, 1, 0.01),
        "outbound_latency_mean_ms": (lambda m: m.calls[caller, name][0], 0, 0.03),
        "outbound_error_ratio": (lambda m: m.calls[caller, name][1], 4, 0.05),
    }


def subjects(incident: Incident) -> tuple[str, ...]:
    """Everything that has metrics."""
    system = incident.system
    return (
        *(service.name for service in system.services),
        system.database.name,
        system.cache.name,
        system.queue.name,
        *(external.name for external in system.externals),
        *(node.name for node in system.nodes),
    )


def readings(incident: Incident, name: str) -> dict[str, tuple[Reading, int, float]]:
    system = incident.system
    if system.has_service(name):
        return _service_metrics(incident, name)
    if any(node.name == name for node in system.nodes):
        return _node_metrics(incident, name)
    if any(external.name == name for external in system.externals):
        return _external_metrics(incident, name)
    return _store_metrics(incident, name)


def values(incident: Incident, name: str) -> dict[str, list[str]]:
    """Printed values by metric, one a minute."""
    printed = {}
    for metric, (reading, decimals, noise) in readings(incident, name).items():
        random = incident.random(f"metric:{name}:{metric}")
        series = []
        for minute in incident.minutes:
            value = reading(minute) * (1 + random.gauss(0, noise))
            if metric in ("cpu_utilisation", "error_ratio", "hit_ratio"):
                value = min(max(value, 0.0), 1.0)
            series.append(f"{value:.{decimals}f}")
        printed[metric] = series
    if any(node.name == name for node in incident.system.nodes):
        random = incident.random(f"metric:{name}:network")
        nodes = [incident.parameters(minute).node(name) for minute in range(incident.count)]
        printed["network_round_trip_ms"] = [
            f"{0.6 + 2 * node.delay_ms + abs(random.gauss(0, 0.1)):.1f}" for node in nodes
        ]
        printed["clock_offset_ms"] = [f"{node.clock_s * 1000 + random.gauss(0, 3):.0f}" for node in nodes]
        printed["tcp_retransmit_ratio"] = [f"{node.loss + abs(random.gauss(0, 0.0004)):.4f}" for node in nodes]
    return printed


def metrics(incident: Incident, name: str, printed: dict[str, list[str]]) -> str:
    """Series of one component as CSV: one column for each of ``printed``."""
    lines = [f"# {name}, step 60s, UTC", ",".join(("time", *printed))]
    for minute in range(incident.count):
        time = incident.at(minute).strftime("%Y-%m-%dT%H:%M:%SZ")
        lines.append(",".join((time, *(series[minute] for series in printed.values()))))
    return "\n".join(lines) + "\n"
