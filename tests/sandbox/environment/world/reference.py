"""The query languages of a world once more: slow, obvious, over plain lists. Tests compare the engines with it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise


@dataclass(frozen=True)
class Sample:
    at: datetime
    metric: str
    labels: tuple[tuple[str, str], ...]  # with component
    value: float


def matches(labels: dict[str, str], matchers: list[tuple[str, str, str]]) -> bool:
    for label, op, value in matchers:
        held = labels.get(label, "")
        equal = held == value if op in ("=", "!=") else re.fullmatch(value, held) is not None
        if equal != (op in ("=", "=~")):
            return False
    return True


def series(samples: list[Sample], metric: str, matchers, since: datetime, until: datetime) -> dict:
    """Samples in (since, until] by labels, in order of time; of several at one moment the last given."""
    found: dict = {}
    for sample in samples:
        if sample.metric == metric and matches(dict(sample.labels), matchers) and since < sample.at <= until:
            found.setdefault(sample.labels, {})[sample.at] = sample.value
    return {labels: sorted(held.items()) for labels, held in found.items()}


def newest(samples, metric, matchers, moment: datetime) -> dict:
    held = series(samples, metric, matchers, moment - timedelta(minutes=5), moment)
    return {labels: points[-1][1] for labels, points in held.items()}


def windowed(name: str, samples, metric, matchers, moment: datetime, window: timedelta, q: float = 0.5) -> dict:
    found = {}
    for labels, points in series(samples, metric, matchers, moment - window, moment).items():
        value = over_window(name, points, moment, window, q)
        if value is not None:
            found[labels] = value
    return found


def over_window(name: str, points, moment: datetime, window: timedelta, q: float):
    values = [value for _, value in points]
    match name:
        case "count_over_time":
            return float(len(values))
        case "sum_over_time":
            return math.fsum(values)
        case "avg_over_time":
            return math.fsum(values) / len(values)
        case "min_over_time":
            return min(values)
        case "max_over_time":
            return max(values)
        case "last_over_time":
            return values[-1]
        case "stddev_over_time":
            mean = math.fsum(values) / len(values)
            return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values))
        case "quantile_over_time":
            return quantile(values, q)
        case "changes":
            return float(sum(1 for a, b in pairwise(values) if a != b))
        case "resets":
            return float(sum(1 for a, b in pairwise(values) if b < a))
    if len(points) < 2:
        return None
    seconds = [(at - points[0][0]).total_seconds() for at, _ in points]
    if name == "irate":
        last = values[-1] if values[-1] < values[-2] else values[-1] - values[-2]
        return last / (seconds[-1] - seconds[-2])
    if name == "deriv":
        n = len(values)
        slope = n * sum(x * y for x, y in zip(seconds, values, strict=True)) - sum(seconds) * sum(values)
        return slope / (n * sum(x * x for x in seconds) - sum(seconds) ** 2)
    change = values[-1] - values[0]
    counter = name in ("rate", "increase")
    if counter:
        change += sum(a for a, b in pairwise(values) if b < a)
    spacing = seconds[-1] / (len(values) - 1)
    before = (points[0][0] - (moment - window)).total_seconds()
    after = (moment - points[-1][0]).total_seconds()
    before = before if before < spacing * 1.1 else spacing / 2
    if counter and change > 0 and values[0] >= 0:
        before = min(before, seconds[-1] * values[0] / change)
    after = after if after < spacing * 1.1 else spacing / 2
    whole = change * (seconds[-1] + before + after) / seconds[-1]
    return whole / window.total_seconds() if name == "rate" else whole


def quantile(values: list[float], q: float) -> float:
    ordered = sorted(values)
    place = q * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def aggregated(name: str, vector: dict, by: tuple[str, ...], without: bool, parameter: float = 0.0) -> dict:
    groups: dict = {}
    for labels, value in vector.items():
        group = tuple(pair for pair in labels if (pair[0] in by) is not without)
        groups.setdefault(group, {})[labels] = value
    if name in ("topk", "bottomk"):
        found = {}
        for members in groups.values():
            ranked = sorted(members.items(), key=lambda pair: (-pair[1] if name == "topk" else pair[1], pair[0]))
            found.update(dict(ranked[: int(parameter)]))
        return found
    count = {"sum": math.fsum, "min": min, "max": max, "count": lambda values: float(len(values))}
    count["avg"] = lambda values: math.fsum(values) / len(values)
    count["quantile"] = lambda values: quantile(values, parameter)
    return {group: count[name](list(members.values())) for group, members in groups.items()}


def lines(rows: list[dict], matchers, filters, start: datetime, end: datetime) -> list[tuple]:
    """The lines in [start, end] that pass, in the order of time and then as they were given."""
    found = []
    for row in sorted(rows, key=lambda row: row["at"]):
        if not start <= row["at"] <= end or not matches(row, matchers):
            continue
        for op, text in filters:
            there = text in row["line"] if op in ("|=", "!=") else re.search(text, row["line"]) is not None
            if there != (op in ("|=", "|~")):
                break
        else:
            found.append((row["at"], row["component"], row["pod"], row["level"], row["line"]))
    return found


def waited_for(spans: dict[str, tuple[str, int, int]], root: str) -> dict[str, int]:
    """Critical path by ticks: for each of the root's, from its end backwards, the span that was waited for.

    ``spans``: name -> (parent, begins, ends) in ticks. In a span until tick t, the child that ended last by then is
    waited for, from its end back to its begin; what is between is the span's own.
    """
    own: dict[str, int] = {}

    def walk(name: str, since: int, until: int) -> None:
        tick = until
        left = [child for child, (parent, _, _) in spans.items() if parent == name]
        while tick > since:
            running = [child for child in left if max(spans[child][1], since) < tick <= min(spans[child][2], until)]
            if running:
                child = min(running, key=lambda one: (-spans[one][2], spans[one][1], one))
                begins = max(spans[child][1], since)
                left.remove(child)
                walk(child, begins, tick)
                tick = begins
            else:
                own[name] = own.get(name, 0) + 1
                tick -= 1

    walk(root, spans[root][1], spans[root][2])
    return own
