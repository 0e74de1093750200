"""PromQL on the metrics table of a world, at one moment or in steps. No Django here."""

from __future__ import annotations

import json
import math
from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime

from sandbox.environment.clock import clipped
from sandbox.environment.world.base import BadQuery
from sandbox.environment.world.lexing import SECOND, instant, micros
from sandbox.environment.world.opening import Rows, Store, naive
from sandbox.environment.world.promql import parsing
from sandbox.environment.world.promql.parsing import Aggregate, Binary, Call, Matcher, Node, Number, Selector
from sandbox.environment.world.promql.vectors import (
    Labels,
    Vector,
    aggregated,
    combined,
    mapped,
    present,
    put,
    ranked,
    without_name,
)
from sandbox.environment.world.promql.windows import over

LOOKBACK = 300 * SECOND  # how old the last sample of an instant vector may be
STEPS = 11_000
SAMPLES = 400_000

_TESTS = {"=": "{} = ?", "!=": "{} <> ?", "=~": "regexp_full_match({}, ?)", "!~": "NOT regexp_full_match({}, ?)"}


def instant_query(store: Store, text: str, *, at: datetime, now: datetime) -> Rows:
    """The vector at one moment, never later than ``now``: columns at, labels, value."""
    at = clipped(at, at, now)[1]
    node = parsing.parse(text)
    found = _evaluated(store, node, [micros(at)], now)
    by_value = isinstance(node, Aggregate) and node.name in ("topk", "bottomk")
    return _rows(found, [micros(at)], -1 if by_value and node.name == "topk" else int(by_value))


def range_query(store: Store, text: str, *, start: datetime, end: datetime, step: int, now: datetime) -> Rows:
    """The series from ``start`` in steps of so many microseconds as far as ``end`` or ``now``: at, labels, value."""
    if micros(end) < micros(start):
        raise BadQuery("the end is before the start")
    past = min(micros(end), micros(now))
    if (past - micros(start)) // step >= STEPS:
        raise BadQuery(f"more than {STEPS} steps; take a longer step or a narrower window")
    steps = list(range(micros(start), past + 1, step))
    return _rows(_evaluated(store, parsing.parse(text), steps, now), steps, 0)


def _evaluated(store: Store, node: Node, steps: list[int], now: datetime) -> Vector:
    if isinstance(node, Selector) and node.window:
        raise BadQuery("PromQL: a range vector alone is no answer; wrap it, as in rate(metric[5m])")
    store.holds("metrics")
    found = _Evaluation(store, steps, now).of(node) if steps else {}
    return {(): [found] * len(steps)} if isinstance(found, float) else found


@dataclass
class _Evaluation:
    store: Store
    steps: list[int]
    now: datetime

    def of(self, node: Node) -> Vector | float:
        match node:
            case Number():
                return node.value
            case Selector():
                return self.newest(node)
            case Call(name, of):
                return self.windowed(node) if name in parsing.WINDOWED else mapped(self.of(of), name)
            case Aggregate():
                return self.aggregate(node)
            case Binary():
                return combined(node, self.of(node.left), self.of(node.right))

    def newest(self, node: Selector) -> Vector:
        found: Vector = {}
        for labels, times, values in self.series(node, LOOKBACK):
            at = [bisect_right(times, step - node.offset) - 1 for step in self.steps]
            oldest = [step - node.offset - LOOKBACK for step in self.steps]
            found[labels] = [
                values[k] if k >= 0 and times[k] > edge else None for k, edge in zip(at, oldest, strict=True)
            ]
        return present(found)

    def windowed(self, node: Call) -> Vector:
        selector = node.of
        assert isinstance(selector, Selector)
        found: Vector = {}
        held: list[int] = []
        windows: list[tuple[int, int, int]] = []
        for labels, times, values in self.series(selector, selector.window):
            if times != held:  # series are mostly sampled together
                held, windows = (
                    times,
                    [
                        (bisect_right(times, end - selector.window), bisect_right(times, end), end)
                        for end in (step - selector.offset for step in self.steps)
                    ],
                )
            function = over(node.name, times, values)
            answers = [function(i, j, end, selector.window, node.parameter) if i < j else None for i, j, end in windows]
            keeps = node.name == "last_over_time"
            put(found, labels if keeps else without_name(labels), answers)
        return present(found)

    def series(self, node: Selector, back: int) -> list[tuple[Labels, list[int], list[float]]]:
        """The matching series with their samples in (first step - back, last step], none later than now."""
        chosen = self.chosen(node.matchers)
        if not chosen:
            return []
        first, last = self.steps[0] - node.offset - back, self.steps[-1] - node.offset
        wanted = ", ".join(str(number) for number in chosen)
        window = [naive(instant(first)), naive(min(instant(last), self.now))]
        inside = f'FROM frozen.metrics WHERE series IN ({wanted}) AND "at" > ? AND "at" <= ?'
        if self.store.rows(f"SELECT count(*) {inside}", window, now=self.now).rows[0][0] > SAMPLES:
            raise BadQuery(f"it reads more than {SAMPLES} samples; narrow its window or its selectors")
        held = self.store.rows(
            f'SELECT series, list(epoch_us("at") ORDER BY "at", rowid), list(value ORDER BY "at", rowid) {inside} '
            "GROUP BY series ORDER BY series",
            window,
            now=self.now,
        )
        return [(chosen[number], *_single(times, values)) for number, times, values in held.rows]

    def chosen(self, matchers: tuple[Matcher, ...]) -> dict[int, Labels]:
        """The series that match, by number. Patterns are the database's (RE2), which no pattern can hold up."""
        tests = [(_TESTS[matcher.op].format(_column(matcher.label)), matcher.value) for matcher in matchers]
        values = [value for _, value in tests]
        empty = ", ".join(_TESTS[matcher.op].format("''") for matcher in matchers) or "true"
        if all(self.store.rows(f"SELECT {empty}", values, now=self.now).rows[0]):
            raise BadQuery("PromQL: a selector needs a matcher that does not match empty text")
        found = {}
        sql = f"SELECT id, metric, component, labels FROM frozen.series WHERE {' AND '.join(test for test, _ in tests)}"
        for number, metric, component, text in self.store.rows(f"{sql} ORDER BY id", values, now=self.now).rows:
            labels = json.loads(text) | {"__name__": metric} | ({"component": component} if component else {})
            found[number] = tuple(sorted((name, value) for name, value in labels.items() if value))
        return found

    def aggregate(self, node: Aggregate) -> Vector:
        inner = self.of(node.of)
        if isinstance(inner, float):
            raise BadQuery(f"PromQL: {node.name} is over a vector, not a number")
        groups: dict[Labels, list[Labels]] = {}
        for labels in inner:
            if node.without:
                group = tuple(pair for pair in labels if pair[0] not in node.by and pair[0] != "__name__")
            else:
                group = tuple(pair for pair in labels if pair[0] in node.by)
            groups.setdefault(group, []).append(labels)
        if node.name in ("topk", "bottomk"):
            return ranked(inner, groups, node)
        found: Vector = {}
        for group, members in groups.items():
            columns = zip(*(inner[labels] for labels in members), strict=True)
            found[group] = [aggregated(node, [value for value in column if value is not None]) for column in columns]
        return present(found)


def _single(times: list[int], values: list[float]) -> tuple[list[int], list[float]]:
    """A series with one sample per moment: of several the last one given."""
    if len(set(times)) == len(times):
        return times, values
    held = dict(zip(times, values, strict=True))
    return list(held), list(held.values())


def _column(label: str) -> str:
    held = f"coalesce(json_extract_string(labels, '$.\"{label}\"'), '')"
    return {"__name__": "metric", "component": f"coalesce(nullif(component, ''), {held})"}.get(label, held)


def _rows(found: Vector, steps: list[int], ranked: int) -> Rows:
    """Long rows: at, one column per label (``metric`` for the name), value; by labels and time, or by value."""
    names = sorted({name for labels in found for name, _ in labels if name != "__name__"})
    named = any(name == "__name__" for labels in found for name, _ in labels)
    rows = []
    for labels in sorted(found):
        held = dict(labels)
        cells = [held.get(name, "") for name in (["__name__"] if named else []) + names]
        rows += [
            (instant(step), *cells, value)
            for step, value in zip(steps, found[labels], strict=True)
            if value is not None
        ]
    if ranked:
        rows.sort(key=lambda row: (math.isnan(row[-1]), 0.0 if math.isnan(row[-1]) else ranked * row[-1]))
    return Rows(("at", *(["metric"] if named else []), *names, "value"), rows)
