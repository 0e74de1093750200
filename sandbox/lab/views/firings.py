"""Every alert there has been, minute by minute. No Django here."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sandbox.lab.incident import Incident
from sandbox.lab.views.overview import Alert, alerts


@dataclass(frozen=True)
class Firing:
    """One alert from the minute it fired in to the minute it was gone; ``until`` None while it lasts."""

    alert: Alert
    fired: int
    until: int | None


def firings(happened: Incident) -> tuple[Firing, ...]:
    """Every alert there has been, in the order in which they fired; an alert that comes back is another."""
    open_: dict[tuple[str, str], Firing] = {}
    closed: list[Firing] = []
    for minute in range(1, happened.count):
        now = {(alert.name, alert.component): alert for alert in alerts(happened.until(minute + 1))}
        for key in [key for key in open_ if key not in now]:
            closed.append(replace(open_.pop(key), until=minute))
        for key, alert in now.items():
            open_[key] = replace(open_[key], alert=alert) if key in open_ else Firing(alert, minute, None)
    return tuple(
        sorted((*closed, *open_.values()), key=lambda each: (each.fired, each.alert.name, each.alert.component))
    )
