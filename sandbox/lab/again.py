"""A lab case made again: under another load, with another cause behind the same alert, or with nothing broken. No Django here."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from sandbox.lab import incident
from sandbox.lab.case import Plot, Posed, faults, happen, posed, systems
from sandbox.lab.views import overview
from sandbox.variants import LOAD, NO_FAULT, SCALE, SWAP

NOTHING = "none"  # the category of what is no fault
KEPT = 8  # plots whose other makings a process remembers: some 2 MB each


@lru_cache(maxsize=KEPT)
def scaled(plot: Plot) -> Posed | None:
    """The same fault at the same moment with fewer requests; None where nothing alerts then."""
    system = systems()[plot.system]
    fewer = replace(system, requests_per_second=LOAD * system.requests_per_second)
    happened = incident.happen(fewer, faults()[plot.fault], plot.seed)
    return posed(happened) if overview.primary(happened) else None


@lru_cache(maxsize=KEPT)
def swapped(plot: Plot) -> Posed | None:
    """Another fault of the system that raises an alert of the same name; None where no other does.

    One of the same category comes before all others: the nearer the miss, the more it says.
    """
    alert = _alert(plot)
    if not alert:
        return None

    def far(other: Plot) -> tuple[bool, bytes]:
        alike = faults()[other.fault].category == faults()[plot.fault].category
        return not alike, hashlib.sha256(f"{plot.path}/{other.fault}".encode()).digest()

    broken = [name for name, one in faults().items() if name != plot.fault and one.category != NOTHING]
    others = sorted((replace(plot, fault=name) for name in broken), key=far)
    found = next((other for other in others if _alert(other) == alert), None)
    return posed(_happen(found)) if found else None


@lru_cache(maxsize=KEPT)
def healthy(plot: Plot) -> Posed:
    """The system with nothing broken, and somebody who asks."""
    nothing = next(name for name, one in faults().items() if one.category == NOTHING)
    return posed(_happen(replace(plot, fault=nothing)))


@lru_cache(maxsize=1_000)
def _alert(plot: Plot) -> str:
    """The name of the alert that it raises; "" for none."""
    alert = overview.primary(_happen(plot))
    return alert.name if alert else ""


def _happen(plot: Plot) -> incident.Incident:
    return happen(plot.system, plot.fault, plot.seed)


AGAIN: dict[str, Callable[[Plot], Posed | None]] = {SCALE: scaled, SWAP: swapped, NO_FAULT: healthy}
