"""What counts as low, per system, with defaults. No Django here."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from cases.evaluation.base import GROUNDED_ENOUGH, INTENT_ENOUGH


@dataclass(frozen=True)
class Thresholds:
    """``grounded`` and ``intent``: 0..1, below it a session scores low. ``reviewers``: people asked per score, 1..5."""

    grounded: float = GROUNDED_ENOUGH
    intent: float = INTENT_ENOUGH
    reviewers: int = 1


DEFAULT = Thresholds()


def read(data: dict[str, Any]) -> Thresholds:
    """From what a system stores; what is not there is the default."""
    return Thresholds(**{one.name: data[one.name] for one in fields(Thresholds) if one.name in data})
