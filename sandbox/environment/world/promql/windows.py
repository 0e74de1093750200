"""What the functions over a range vector make of the samples of one window. No Django here.

``rate``, ``increase`` and ``delta`` extrapolate to the ends of the window as Prometheus documents it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise

from sandbox.environment.world.lexing import SECOND

# (times in microseconds, values, first index, index after the last, window's end, its length, parameter) -> value
Window = Callable[[Sequence[int], Sequence[float], int, int, int, int, float], "float | None"]


def quantile(ordered: Sequence[float], q: float) -> float:
    """The q-quantile of ordered values, between neighbours by line; outside 0 to 1 infinite, as Prometheus has it."""
    if math.isnan(q) or not ordered:
        return math.nan
    if q < 0 or q > 1:
        return math.copysign(math.inf, q)
    rank = q * (len(ordered) - 1)
    low = int(rank)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] * (1 - (rank - low)) + ordered[high] * (rank - low)


def rises(values: Sequence[float]) -> list[float]:
    """A counter without its resets: what it lost in each is added to all that follows."""
    lost = accumulate((before if now < before else 0.0 for before, now in pairwise(values)), initial=0.0)
    return [value + more for value, more in zip(values, lost, strict=True)]


def extrapolated(
    change: float, first: float | None, times: Sequence[int], i: int, j: int, end: int, length: int
) -> float:
    """A change between two samples, as it would be over the whole window; ``first`` is a counter's first value."""
    sampled = times[j - 1] - times[i]
    spacing = sampled / (j - i - 1)
    before, after = times[i] - (end - length), end - times[j - 1]
    if before >= spacing * 1.1:
        before = spacing / 2
    if first is not None and change > 0 and first >= 0:  # a counter was never below zero
        before = min(before, sampled * (first / change))
    if after >= spacing * 1.1:
        after = spacing / 2
    return change * ((sampled + before + after) / sampled)


def _delta(times, values, i, j, end, length, _):
    return None if j - i < 2 else extrapolated(values[j - 1] - values[i], None, times, i, j, end, length)


def _irate(times, values, i, j, end, length, _):
    if j - i < 2:
        return None
    last, before = values[j - 1], values[j - 2]
    return (last if last < before else last - before) / ((times[j - 1] - times[j - 2]) / SECOND)


def _deriv(times, values, i, j, end, length, _):
    if j - i < 2:
        return None
    seconds = [(at - times[i]) / SECOND for at in times[i:j]]
    held = values[i:j]
    middle, level = math.fsum(seconds) / (j - i), math.fsum(held) / (j - i)
    spread = math.fsum((at - middle) ** 2 for at in seconds)
    return math.fsum((at - middle) * (value - level) for at, value in zip(seconds, held, strict=True)) / spread


def _stddev(times, values, i, j, end, length, _):
    mean = math.fsum(values[i:j]) / (j - i)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values[i:j]) / (j - i))


def _changes(times, values, i, j, end, length, _):
    return float(sum(values[k] != values[k - 1] for k in range(i + 1, j)))


def _resets(times, values, i, j, end, length, _):
    return float(sum(values[k] < values[k - 1] for k in range(i + 1, j)))


FUNCTIONS: dict[str, Window] = {
    "delta": _delta,
    "deriv": _deriv,
    "irate": _irate,
    "changes": _changes,
    "resets": _resets,
    "avg_over_time": lambda times, values, i, j, *_: math.fsum(values[i:j]) / (j - i),
    "sum_over_time": lambda times, values, i, j, *_: math.fsum(values[i:j]),
    "min_over_time": lambda times, values, i, j, *_: min(values[i:j]),
    "max_over_time": lambda times, values, i, j, *_: max(values[i:j]),
    "count_over_time": lambda times, values, i, j, *_: float(j - i),
    "last_over_time": lambda times, values, i, j, *_: values[j - 1],
    "stddev_over_time": _stddev,
    "quantile_over_time": lambda times, values, i, j, end, length, q: quantile(sorted(values[i:j]), q),
}


def over(
    name: str, times: Sequence[int], values: Sequence[float]
) -> Callable[[int, int, int, int, float], float | None]:
    """The function ``name`` over windows of one series: (i, j, end, length, parameter) -> value or nothing."""
    if name not in ("rate", "increase"):
        function = FUNCTIONS[name]
        return lambda i, j, end, length, q: function(times, values, i, j, end, length, q)
    level = rises(values)

    def increase(i: int, j: int, end: int, length: int, _: float) -> float | None:
        if j - i < 2:
            return None
        whole = extrapolated(level[j - 1] - level[i], values[i], times, i, j, end, length)
        return whole / (length / SECOND) if name == "rate" else whole

    return increase
