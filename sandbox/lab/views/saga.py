"""The reconciliation of the stores that one transaction writes to. No Django here."""

from __future__ import annotations

from sandbox.lab.incident import Incident
from sandbox.lab.views.kubernetes import table

WINDOW = 5  # minutes


def reconciliation(incident: Incident) -> str:
    """Records by store in each five minutes, counted by the time of the order."""
    saga, system = incident.system.saga, incident.system
    if saga is None:
        return "no reconciliation is set up\n"
    random = incident.random("reconciliation")
    header = ("until", "orders", "payments", "published", "deliveries")
    rows = []
    for end in range(WINDOW, incident.count + 1, WINDOW):
        minutes = incident.minutes[end - WINDOW : end]
        counted = [sum(minute.counts[each] for minute in minutes) * 60 for each in header[1:]]
        rows.append(
            (
                incident.at(end - 1).strftime("%H:%M"),
                *(f"{each * (1 + random.gauss(0, 0.002)):.0f}" for each in counted),
            )
        )
    places = f"orders: {saga.recorder} in {system.database.name}; payments: {saga.payer}, refunds taken off; published: {system.queue.relay}; deliveries: {system.queue.consumer}"
    return f"{places}\n" + table(header, rows)
