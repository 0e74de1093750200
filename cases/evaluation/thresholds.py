"""What counts as low, per system, with defaults. No Django here."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from cases.evaluation.base import BARREN, COSTLY_FROM, GROUNDED_ENOUGH, INTENT_ENOUGH, SAME_CALL


@dataclass(frozen=True)
class Thresholds:
    """Below ``grounded``, ``intent`` or ``coherence`` (0..1) a session scores low; a named break does so by itself.

    ``same_call``: so many times the same call is a loop, ``barren``: so many steps without new evidence.
    ``cost``: the percentile of comparable sessions, 0..1, above which one is costly. ``reviewers``: people asked
    per score, 1..5.
    """

    grounded: float = GROUNDED_ENOUGH
    intent: float = INTENT_ENOUGH
    coherence: float = 0.0
    same_call: int = SAME_CALL
    barren: int = BARREN
    cost: float = COSTLY_FROM
    reviewers: int = 1


DEFAULT = Thresholds()


def read(data: dict[str, Any]) -> Thresholds:
    """From what a system stores; what is not there is the default."""
    return Thresholds(**{one.name: data[one.name] for one in fields(Thresholds) if one.name in data})
