"""Logs of one component, newest lines, of one level if asked. No Django here."""

from __future__ import annotations

from sandbox.lab.incident import Incident
from sandbox.lab.views.lines import Line
from sandbox.lab.views.service_logs import consumer_lines, service_lines
from sandbox.lab.views.store_logs import cache_lines, database_lines, queue_lines

KEPT = {"": 26, "ERROR": 14, "WARN": 10, "INFO": 6}


def lines_of(incident: Incident, name: str) -> list[Line]:
    """Every line of one component, in order of time."""
    system = incident.system
    if name == system.database.name:
        return database_lines(incident)
    if name == system.cache.name:
        return cache_lines(incident)
    if name == system.queue.name:
        return queue_lines(incident)
    if name == system.queue.consumer:
        return sorted(service_lines(incident, name) + consumer_lines(incident))
    return service_lines(incident, name) if system.has_service(name) else []


def logs(lines: list[Line], level: str = "") -> str:
    """The newest lines as they are printed."""
    chosen = [line for line in lines if not level or line.level == level.upper()]
    kept = chosen[-KEPT[level.upper()] :]
    if not kept:
        return "-- no entries --\n"
    return "\n".join(line.printed() for line in kept) + "\n"
