"""Vectors of PromQL, and what functions, aggregations and operators make of them. No Django here."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable

from sandbox.environment.world.base import BadQuery
from sandbox.environment.world.promql import parsing
from sandbox.environment.world.promql.parsing import Aggregate, Binary
from sandbox.environment.world.promql.windows import quantile

Labels = tuple[tuple[str, str], ...]  # sorted; __name__ among them where it is kept
Values = list["float | None"]  # by step; None where there is no sample
Vector = dict[Labels, Values]


def without_name(labels: Labels) -> Labels:
    return tuple(pair for pair in labels if pair[0] != "__name__")


def present(found: Vector) -> Vector:
    """Without the series that have no sample at any step."""
    return {labels: values for labels, values in found.items() if any(value is not None for value in values)}


def put(found: Vector, labels: Labels, values: Values) -> None:
    """Add a series; BadQuery where another one bears these labels already."""
    if labels in found:
        raise BadQuery(f"PromQL: two series become one without their name: {_said(labels)}; select one metric")
    found[labels] = values


def mapped(inner: Vector | float, name: str) -> Vector | float:
    """The value or every value of a vector under the function of that name; the metric's name goes."""
    function = _MAPPED[name]
    if isinstance(inner, float):
        return function(inner)
    found: Vector = {}
    for labels, values in inner.items():
        put(found, without_name(labels), [None if value is None else function(value) for value in values])
    return found


def aggregated(node: Aggregate, values: list[float]) -> float | None:
    """What a group of samples of one moment comes to; None of none."""
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


def ranked(inner: Vector, groups: dict[Labels, list[Labels]], node: Aggregate) -> Vector:
    """The first so many series of each group at every step (topk, bottomk); ties go by labels."""
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
    return present(found)


def combined(node: Binary, left: Vector | float, right: Vector | float) -> Vector | float:
    """Two sides under one operator, series matched one to one; BadQuery where several match."""
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
            put(found, labels if keeps_name else without_name(labels), kept)
        return present(found)
    partners = _by_match(right, node, "right")
    for match, (labels, values) in _by_match(left, node, "left").items():
        if match in partners:
            pairs = zip(values, partners[match][1], strict=True)
            name = labels if keeps_name and node.on is None else match
            put(found, name, [answer(a, b, a) for a, b in pairs])
    return present(found)


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
