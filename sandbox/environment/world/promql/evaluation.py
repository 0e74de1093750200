"""PromQL on the metrics table of a world, at one moment or in steps. No Django here."""

from __future__ import annotations

import json
import math
import operator
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sandbox.environment.clock import clipped
from sandbox.environment.world.base import BadQuery
from sandbox.environment.world.lexing import SECOND, instant, micros
from sandbox.environment.world.opening import Rows, Store, naive
from sandbox.environment.world.promql import parsing
from sandbox.environment.world.promql.parsing import Aggregate, Binary, Call, Matcher, Node, Number, Selector
from sandbox.environment.world.promql.windows import over, quantile

LOOKBACK = 300 * SECOND  # how old the last sample of an instant vector may be
STEPS = 11_000
SAMPLES = 400_000

_TESTS = {"=": "{} = ?", "!=": "{} <> ?", "=~": "regexp_full_match({}, ?)", "!~": "NOT regexp_full_match({}, ?)"}

Labels = tuple[tuple[str, str], ...]  # sorted; __name__ among them where it is kept
Values = list["float | None"]  # by step; None where there is no sample
Vector = dict[Labels, Values]


def instant_query(store: Store, text: str, *, at: datetime, now: datetime) -> Rows:
    """The vector at one moment, never later than ``now``: columns at, labels, value."""
    at = clipped(at, at, now)[1]
    node = parsing.parse(text)
    found = _evaluated(store, node, [micros(at)], now)
    ranked = isinstance(node, Aggregate) and node.name in ("topk", "bottomk")
    return _rows(found, [micros(at)], -1 if ranked and node.name == "topk" else int(ranked))


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
                return self.windowed(node) if name in parsing.WINDOWED else _mapped(self.of(of), _MAPPED[name])
            case Aggregate():
                return self.aggregate(node)
            case Binary():
                return _combined(node, self.of(node.left), self.of(node.right))

    def newest(self, node: Selector) -> Vector:
        found: Vector = {}
        for labels, times, values in self.series(node, LOOKBACK):
            at = [bisect_right(times, step - node.offset) - 1 for step in self.steps]
            oldest = [step - node.offset - LOOKBACK for step in self.steps]
            found[labels] = [
                values[k] if k >= 0 and times[k] > edge else None for k, edge in zip(at, oldest, strict=True)
            ]
        return _present(found)

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
            _put(found, labels if keeps else _without_name(labels), answers)
        return _present(found)

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
            return _ranked(inner, groups, node)
        found: Vector = {}
        for group, members in groups.items():
            columns = zip(*(inner[labels] for labels in members), strict=True)
            found[group] = [_aggregated(node, [value for value in column if value is not None]) for column in columns]
        return _present(found)


def _single(times: list[int], values: list[float]) -> tuple[list[int], list[float]]:
    """A series with one sample per moment: of several the last one given."""
    if len(set(times)) == len(times):
        return times, values
    held = dict(zip(times, values, strict=True))
    return list(held), list(held.values())


def _column(label: str) -> str:
    held = f"coalesce(json_extract_string(labels, '$.\"{label}\"'), '')"
    return {"__name__": "metric", "component": f"coalesce(nullif(component, ''), {held})"}.get(label, held)


def _without_name(labels: Labels) -> Labels:
    return tuple(pair for pair in labels if pair[0] != "__name__")


def _present(found: Vector) -> Vector:
    return {labels: values for labels, values in found.items() if any(value is not None for value in values)}


def _put(found: Vector, labels: Labels, values: Values) -> None:
    if labels in found:
        raise BadQuery(f"PromQL: two series become one without their name: {_said(labels)}; select one metric")
    found[labels] = values


def _mapped(inner: Vector | float, function: Callable[[float], float]) -> Vector | float:
    if isinstance(inner, float):
        return function(inner)
    found: Vector = {}
    for labels, values in inner.items():
        _put(found, _without_name(labels), [None if value is None else function(value) for value in values])
    return found


def _aggregated(node: Aggregate, values: list[float]) -> float | None:
    if not values:
        return None
    numbers = [value for value in values if not math.isnan(value)]
    match node.name:
        case "sum":
            return _sum(values)
        case "avg":
            return _sum(values) / len(values)
        case "min":
            return min(numbers, default=math.nan)
        case "max":
            return max(numbers, default=math.nan)
        case "count":
            return float(len(values))
        case _:
            return quantile(sorted(values, key=lambda value: (not math.isnan(value), value)), node.parameter)


def _sum(values: list[float]) -> float:
    try:
        return math.fsum(values)
    except (OverflowError, ValueError):  # infinities of both signs, or a sum beyond what a float holds
        return sum(values)


def _ranked(inner: Vector, groups: dict[Labels, list[Labels]], node: Aggregate) -> Vector:
    found: Vector = {labels: [None] * len(values) for labels, values in inner.items()}
    sign = -1.0 if node.name == "topk" else 1.0
    if math.isnan(node.parameter) or math.isinf(node.parameter):
        raise BadQuery(f"PromQL: {node.name} needs a whole number")
    for members in groups.values():
        for k in range(len(inner[members[0]])):
            held = [(value, labels) for labels in members if (value := inner[labels][k]) is not None]
            held.sort(key=lambda pair: (math.isnan(pair[0]), 0.0 if math.isnan(pair[0]) else sign * pair[0], pair[1]))
            for value, labels in held[: max(0, int(node.parameter))]:
                found[labels][k] = value
    return _present(found)


def _combined(node: Binary, left: Vector | float, right: Vector | float) -> Vector | float:
    compares = node.op in parsing.COMPARISONS
    function = _OPERATORS[node.op]
    if isinstance(left, float) and isinstance(right, float):
        return float(function(left, right))

    def answer(a: float | None, b: float | None, kept: float | None) -> float | None:
        if a is None or b is None:
            return None
        value = function(a, b)
        if not compares or node.as_bool:
            return float(value)
        return kept if value else None

    found: Vector = {}
    keeps_name = compares and not node.as_bool
    if isinstance(left, float) or isinstance(right, float):
        vector = right if isinstance(left, float) else left
        assert not isinstance(vector, float)
        for labels, values in vector.items():
            pairs = [(left, value) if isinstance(left, float) else (value, right) for value in values]
            kept = [answer(a, b, value) for (a, b), value in zip(pairs, values, strict=True)]  # type: ignore[arg-type]
            _put(found, labels if keeps_name else _without_name(labels), kept)
        return _present(found)
    partners = _by_match(right, node, "right")
    for match, (labels, values) in _by_match(left, node, "left").items():
        if match in partners:
            pairs = zip(values, partners[match][1], strict=True)
            name = labels if keeps_name and node.on is None else match
            _put(found, name, [answer(a, b, a) for a, b in pairs])
    return _present(found)


def _by_match(vector: Vector, node: Binary, side: str) -> dict[Labels, tuple[Labels, Values]]:
    found: dict[Labels, tuple[Labels, Values]] = {}
    for labels, values in vector.items():
        if node.on is not None:
            match = tuple(pair for pair in labels if pair[0] in node.on)
        else:
            match = tuple(pair for pair in labels if pair[0] != "__name__" and pair[0] not in node.ignoring)
        if match in found:
            raise BadQuery(f"PromQL: several series on the {side} of {node.op} match {_said(match)}; match one to one")
        found[match] = (labels, values)
    return found


def _said(labels: Labels) -> str:
    return "{" + ", ".join(f'{name}="{value}"' for name, value in labels) + "}"


def _divided(a: float, b: float) -> float:
    if b:
        return a / b
    return math.nan if math.isnan(a) or a == 0 else math.copysign(math.inf, a) * math.copysign(1.0, b)


def _remainder(a: float, b: float) -> float:
    return math.fmod(a, b) if b and not math.isinf(a) else math.nan


def _power(a: float, b: float) -> float:
    try:
        return math.pow(a, b)
    except OverflowError:
        return math.inf if a > 0 or b % 2 == 0 else -math.inf
    except ValueError:
        return math.inf if a == 0 else math.nan


def _guarded(function: Callable[[float], float], beyond: float) -> Callable[[float], float]:
    """A function that answers as floats do where Python's raises."""

    def answer(value: float) -> float:
        try:
            return float(function(value)) if math.isfinite(value) else value if value > 0 else math.nan
        except OverflowError:
            return beyond
        except ValueError:
            return math.nan

    return answer


_OPERATORS: dict[str, Callable[[float, float], float | bool]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divided,
    "%": _remainder,
    "^": _power,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
_MAPPED: dict[str, Callable[[float], float]] = {
    "abs": abs,
    "ceil": lambda value: float(math.ceil(value)) if math.isfinite(value) else value,
    "floor": lambda value: float(math.floor(value)) if math.isfinite(value) else value,
    "sqrt": _guarded(math.sqrt, math.inf),
    "exp": lambda value: 0.0 if value == -math.inf else _guarded(math.exp, math.inf)(value),
    "ln": lambda value: -math.inf if value == 0 else _guarded(math.log, math.inf)(value),
}


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
