"""An incident as tables, row by row: what its tools show, to be queried instead of read. No Django here.

The rows are made from the same views as the tools' answers, so both say the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from sandbox.lab.incident import Incident
from sandbox.lab.views import kubernetes, logs, metrics, overview, postgres, traces
from sandbox.lab.views.firings import firings
from sandbox.lab.views.traces import Trace

Row = dict[str, Any]
STATEMENTS_EVERY = 10  # minutes that a listing of statements covers


def metric_rows(incident: Incident) -> Iterator[Row]:
    """Every series of every component, one value a minute, as it is printed."""
    for name in metrics.subjects(incident):
        for panel, (metric, series) in enumerate(metrics.values(incident, name).items()):
            # how a dashboard shows it: where it stands among its component's series, and with how many decimals
            digits = len(series[0].partition(".")[2])
            labels = json.dumps({"namespace": incident.system.namespace, "panel": str(panel), "digits": str(digits)})
            for minute, value in enumerate(series):
                yield {
                    "at": incident.at(minute),
                    "component": name,
                    "metric": metric,
                    "labels": labels,
                    "value": float(value),
                }


def log_rows(incident: Incident) -> Iterator[Row]:
    """Every line of every component, not only the newest that a tool prints."""
    for app in kubernetes.apps(incident):
        for line in logs.lines_of(incident, app):
            yield {
                "at": _to_milliseconds(line.at),
                "component": app,
                "pod": line.pod,
                "level": line.level,
                "line": line.text,
            }


def span_rows(incident: Incident) -> Iterator[Row]:
    """Every trace that was sampled through any component."""
    seen: set[str] = set()
    outside = (external.name for external in incident.system.externals)
    for name in (*kubernetes.apps(incident), *outside):
        for trace in traces.sampled(incident, name):
            if trace.id not in seen:
                seen.add(trace.id)
                yield from _spans_of(incident, trace, sampler=name)


def _spans_of(incident: Incident, trace: Trace, *, sampler: str) -> Iterator[Row]:
    """Spans with their parents and beginnings: children run one after the other. The root says what it was sampled for."""
    open_: list[tuple[str, float]] = []  # span and where its next child begins, from the root down
    for number, (depth, component, operation, took, wrong) in enumerate(trace.spans):
        del open_[depth:]
        parent, begins = open_[-1] if open_ else ("", 0.0)
        if open_:
            open_[-1] = (parent, begins + took)
        span = f"{trace.id}-{number:02d}"
        open_.append((span, begins))
        attributes = ({"error": wrong} if wrong else {}) | {"depth": depth} | ({} if depth else {"sampler": sampler})
        yield {
            "trace": trace.id,
            "span": span,
            "parent": parent,
            "component": component,
            "operation": operation,
            "at": _to_milliseconds(incident.at(trace.minute) + timedelta(milliseconds=begins)),
            "duration_ms": took,
            "error": bool(wrong),
            "attributes": json.dumps(attributes),
        }


def event_rows(incident: Incident) -> Iterator[Row]:
    for seen, kind, reason, subject, message in kubernetes.events(incident):
        of, _, name = subject.partition("/")
        yield {
            "at": incident.now - _age(seen),
            "kind": of,
            "name": name,
            "namespace": incident.system.namespace,
            "type": kind,
            "reason": reason,
            "message": message,
            "times": 1,
        }


def change_rows(incident: Incident) -> Iterator[Row]:
    for change in incident.changes:
        minute = incident.onset + change.offset
        if minute < incident.count:
            yield {
                "at": incident.at(minute),
                "kind": change.kind,
                "target": change.target,
                "text": change.text,
                "by_whom": change.by,
            }


def object_rows(incident: Incident) -> Iterator[Row]:
    """Configuration maps and deployments, each from the minute it reads so until it reads otherwise."""
    system = incident.system
    for app in kubernetes.apps(incident):
        yield from _intervals(incident, "configmap", app, lambda then, app=app: overview.config(then, app))
    for service in system.services:
        yield from _intervals(
            incident, "deployment", service.name, lambda then, name=service.name: _manifest(then, name)
        )


def _intervals(incident: Incident, kind: str, name: str, read: Callable[[Incident], str]) -> Iterator[Row]:
    began, text = 0, read(incident.until(1))
    for minute in range(1, incident.count + 1):
        now = read(incident.until(minute + 1)) if minute < incident.count and _changed(incident, minute) else text
        if now != text or minute == incident.count:
            yield {
                "kind": kind,
                "name": name,
                "namespace": incident.system.namespace,
                "from_at": incident.at(began),
                "until_at": None if minute == incident.count else incident.at(minute),
                "manifest": text,
            }
            began, text = minute, now


def _changed(incident: Incident, minute: int) -> bool:
    return incident.parameters(minute) != incident.parameters(minute - 1)


def _manifest(incident: Incident, name: str) -> str:
    service = incident.system.service(name)
    return (
        f"kind: Deployment\nmetadata:\n  name: {name}\n  namespace: {incident.system.namespace}\n"
        f"spec:\n  replicas: {service.replicas}\n  image: {name}:{service.version}\n"
        f"  resources:\n    limits: {{cpu: {service.cpu_limit:g}, memory: {service.memory_limit_mb:.0f}Mi}}\n"
        f"    requests: {{cpu: {service.cpu_request:g}, memory: {service.memory_mb:.0f}Mi}}\n"
    )


def topology_rows(incident: Incident) -> Iterator[Row]:
    """Who calls whom, as the topology tool prints it."""
    for line in overview.topology(incident).splitlines():
        source, arrow, rest = line.partition(" -> ")
        if arrow:
            target, _, relation = rest.partition("  ")
            yield {
                "source": source,
                "target": target,
                "relation": relation,
                "from_at": incident.at(0),
                "until_at": None,
            }


def statement_rows(incident: Incident) -> Iterator[Row]:
    """The listing of statements, once every ten minutes."""
    for count in range(incident.count, 0, -STATEMENTS_EVERY):
        then = incident.until(count)
        lines = postgres.slow_queries(then).split("\n(", 1)[0].splitlines()
        for line in lines[3:]:
            cells = [cell.strip() for cell in line.split(" | ", 7)]
            query_id, component, calls, mean, longest, rows, examined, query = cells
            yield {
                "at": then.now,
                "query_id": query_id,
                "component": component,
                "calls": int(calls),
                "mean_ms": float(mean),
                "max_ms": float(longest),
                "rows": int(rows),
                "rows_examined": int(examined),
                "query": query,
            }


def alert_rows(incident: Incident) -> Iterator[Row]:
    """Alerts from the minute their condition began, as the alert tool says it."""
    for firing in firings(incident):
        alert = firing.alert
        yield {
            "name": alert.name,
            "component": alert.component,
            "severity": alert.severity,
            "since": incident.at(alert.since),
            "until_at": None if firing.until is None else incident.at(firing.until),
            "summary": alert.summary,
        }


TABLES: dict[str, Callable[[Incident], Iterator[Row]]] = {
    "metrics": metric_rows,
    "logs": log_rows,
    "spans": span_rows,
    "events": event_rows,
    "changes": change_rows,
    "objects": object_rows,
    "topology": topology_rows,
    "slow_queries": statement_rows,
    "alerts": alert_rows,
}


def rows(incident: Incident) -> dict[str, list[Row]]:
    """Every table of the incident as it stands now."""
    return {name: list(make(incident)) for name, make in TABLES.items()}


def _to_milliseconds(at: datetime) -> datetime:
    """As exactly as a tool prints it."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _age(printed: str) -> timedelta:
    return timedelta(**{{"m": "minutes", "h": "hours", "d": "days"}[printed[-1]]: int(printed[:-1])})
