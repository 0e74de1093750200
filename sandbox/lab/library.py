"""The starter library: lab cases over every fault class, the four causes of a full pool among them. No Django here."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from sandbox.bundle import CaseBundle
from sandbox.lab.case import make
from sandbox.lab.faults.registry import FAULTS

SYSTEM = "quayside"
OTHER = "millrace"
POOL = ("connection_pool_too_small", "missing_index", "connection_leak", "long_transaction_lock")
HELD_OUT_FROM = 1000  # seeds from here up are never in the library


def plan() -> tuple[tuple[str, str, int], ...]:
    """(system, fault, seed) of every case: three seeds of each cause of a full pool, one of every other class.

    The causes of a full pool are shown on one system, so that what is learned of them can be tried on the
    other; the other classes take turns.
    """
    others = [fault for fault in FAULTS if fault not in POOL]
    return (
        *((SYSTEM, fault, seed) for fault in POOL for seed in range(1, 4)),
        *(((SYSTEM, OTHER)[number % 2], fault, 1 + number % 3) for number, fault in enumerate(others)),
    )


def cases() -> Iterator[CaseBundle]:
    """The cases one by one with their worlds, each made when it is asked for."""
    return (make(*each) for each in plan())


@lru_cache(maxsize=1)
def starter_library() -> tuple[CaseBundle, ...]:
    """All cases of the library without their worlds; made once a process, since they are the same each time."""
    return tuple(make(*each, world=False) for each in plan())
