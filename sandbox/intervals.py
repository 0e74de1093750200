"""How far a rate of few cases can be trusted. No Django here."""

from __future__ import annotations

import math


def wilson(passed: int, n: int, z: float = 1.959964) -> tuple[float, float] | None:
    """Wilson score interval of a rate; None where nothing was counted."""
    if n == 0:
        return None
    rate, square = passed / n, z * z / n
    centre = (rate + square / 2) / (1 + square)
    half = z * math.sqrt(rate * (1 - rate) / n + square / (4 * n)) / (1 + square)
    return max(0.0, centre - half), min(1.0, centre + half)


def loss_bound(n: int, alpha: float = 0.05) -> float | None:
    """Zero losses in ``n`` cases bound the true rate of loss by 1 - alpha^(1/n) (50 cases: 5.8 %)."""
    return 1 - alpha ** (1 / n) if n else None
