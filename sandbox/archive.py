"""What an exploration has covered: fault family x modality x distance from the alert, and how well each cell did. No Django here.

A cell that nobody has been in is worth more than one more look where ten branches have been
(engine section 4): the plan takes the emptiest, likeliest cell first.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from sandbox.modalities import MODALITIES, words_of

ANY = ""  # a side of a cell that a branch leaves open
AT_ALERT, NEAR, FAR = "alert", "near", "far"  # no hop from the alert, one, two or more
DISTANCES = (AT_ALERT, NEAR, FAR)
MODALITY_NAMES = tuple(MODALITIES)

# family -> words of fault classes that belong to it, in the order in which a class is asked
FAMILIES: dict[str, tuple[str, ...]] = {
    "certificates": ("certificate", "cert", "tls", "x509", "expired", "expiry"),
    "database": ("database", "db", "sql", "query", "index", "lock", "transaction", "pool", "statistic", "vacuum", "replication"),
    "network": ("network", "dns", "packet", "loss", "proxy", "connectivity", "partition", "policy", "latency"),
    "scheduling": ("schedule", "scheduler", "unschedulable", "affinity", "taint", "cordon", "node", "neighbour", "quota", "claim", "volume"),
    "configuration": ("config", "configuration", "misconfigured", "env", "environment", "port", "selector", "secret", "credential", "image", "mismatch", "probe", "readiness", "liveness", "permission", "replica", "protocol", "gateway", "route"),
    "data": ("message", "data", "corrupt", "poison", "inconsistency", "duplicate", "skew", "schema"),
    "dependency": ("dependency", "external", "provider", "upstream", "cache", "queue", "third", "rate"),
    "code": ("leak", "exception", "bug", "deadlock", "retry", "code", "crash", "inefficient", "loop", "thread", "gc", "deployment", "regression"),
    "capacity": ("cpu", "memory", "oom", "overload", "traffic", "surge", "capacity", "limit", "disk", "saturation", "exhaustion", "small"),
}  # fmt: skip
OTHER = "other"


class Cell(NamedTuple):
    """One place to look; ``ANY`` where a side is left open."""

    family: str = ANY
    modality: str = ANY
    distance: str = ANY


ANYWHERE = Cell()


def family_of(fault_class: str) -> str:
    """The coarse group of a fault class, told from the words of its name; OTHER where they say nothing, ANY for none."""
    words = set(words_of(fault_class))
    if not words:
        return ANY
    return next((name for name, own in FAMILIES.items() if words & set(own)), OTHER)


def distances(start: Iterable[str], edges: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Component -> hops from the nearest of ``start`` along calls, whichever way they go; what is not connected is left out."""
    beside: dict[str, list[str]] = {}
    for caller, callee in sorted(edges):
        beside.setdefault(caller, []).append(callee)
        beside.setdefault(callee, []).append(caller)
    found = dict.fromkeys(sorted(start), 0)
    waiting = deque(found)
    while waiting:
        name = waiting.popleft()
        for other in beside.get(name, ()):
            if other not in found:
                found[other] = found[name] + 1
                waiting.append(other)
    return found


def distance_name(hops: int | None) -> str:
    if hops is None:
        return ANY
    return DISTANCES[min(hops, 2)]


@dataclass
class Archive:
    """How often each cell was looked at, and the best partial score that was had there."""

    visits: Counter[Cell] = field(default_factory=Counter)
    best: dict[Cell, float] = field(default_factory=dict)

    def visit(self, cell: Cell, score: float | None = None) -> None:
        self.visits[cell] += 1
        if score is not None:
            self.best[cell] = max(score, self.best.get(cell, 0.0))

    def crowd(self, cell: Cell) -> int:
        """How often a cell was looked at; an open side takes in all of that side."""
        return sum(times for seen, times in self.visits.items() if _within(seen, cell))

    def table(self) -> tuple[tuple[str, tuple[Mapping[str, object], ...]], ...]:
        """Families in rows, modalities in columns: visits, best score and the distances reached, for the page."""
        families = [name for name in (*FAMILIES, OTHER) if any(cell.family == name for cell in self.visits)]
        return tuple(
            (family, tuple(self._square(Cell(family, modality)) for modality in MODALITY_NAMES)) for family in families
        )

    def _square(self, cell: Cell) -> Mapping[str, object]:
        seen = [one for one in self.visits if _within(one, cell)]
        scores = [self.best[one] for one in seen if one in self.best]
        return {
            "modality": cell.modality,
            "visits": sum(self.visits[one] for one in seen),
            "best": max(scores, default=None),
            "distances": tuple(name for name in DISTANCES if any(one.distance == name for one in seen)),
        }


def _within(seen: Cell, asked: Cell) -> bool:
    return all(wanted in (ANY, had) for had, wanted in zip(seen, asked, strict=True))
