"""A lab case made again: under another load, with another cause behind the same alert, or with nothing broken. No Django here."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from sandbox.lab import incident
from sandbox.lab.case import Posed, UnknownName, faults, happen, posed, systems
from sandbox.lab.views import overview

LOAD = 0.8  # of the requests a second that the system has
NOTHING = "none"  # the category of what is no fault
Place = tuple[str, str, int]  # system, fault, seed


def place_of(path: str) -> Place | None:
    """Where the case of this identity comes from; None for what the lab does not make."""
    system, _, rest = path.partition("/")
    fault, _, seed = rest.partition("/")
    if system not in systems() or fault not in faults() or not seed.isdecimal():
        return None
    return system, fault, int(seed)


@lru_cache(maxsize=32)
def scaled(place: Place) -> Posed | None:
    """The same fault at the same moment with fewer requests; None where nothing alerts then."""
    name, fault, seed = place
    system = systems()[name]
    fewer = replace(system, requests_per_second=LOAD * system.requests_per_second)
    happened = incident.happen(fewer, faults()[fault], seed)
    return posed(happened) if overview.primary(happened) else None


@lru_cache(maxsize=32)
def swapped(place: Place) -> Posed | None:
    """Another fault of the system that raises an alert of the same name; None where no other does.

    One of the same category comes before all others: the nearer the miss, the more it says.
    """
    alert = _alert(place)
    system, fault, seed = place

    def far(other: str) -> tuple[bool, bytes]:
        return faults()[other].category != faults()[fault].category, hashlib.sha256(
            f"{place}/{other}".encode()
        ).digest()

    broken = (name for name, one in faults().items() if name != fault and one.category != NOTHING)
    for other in sorted(broken, key=far):
        if alert and _alert((system, other, seed)) == alert:
            return posed(happen(system, other, seed))
    return None


@lru_cache(maxsize=32)
def healthy(place: Place) -> Posed:
    """The system with nothing broken, and somebody who asks."""
    nothing = next(name for name, one in faults().items() if one.category == NOTHING)
    return posed(happen(place[0], nothing, place[2]))


@lru_cache(maxsize=1_000)
def _alert(place: Place) -> str:
    """The name of the alert that a fault raises; "" for none, and for what cannot happen in this system."""
    try:
        alert = overview.primary(happen(*place))
    except (UnknownName, KeyError):
        return ""
    return alert.name if alert else ""


AGAIN: dict[str, Callable[[Place], Posed | None]] = {"scale": scaled, "swap-cause": swapped, "no-fault": healthy}
