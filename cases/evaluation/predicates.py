"""The closed set of statements that code checks on what was recorded. No Django here.

Each check says True, False, or None where the recording does not settle it. Patterns come from models and
people: they are literal text, in which ``|`` separates alternatives and ``.*`` or ``*`` stands for anything
on a line; nothing of them is ever compiled as it came.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from cases.diagnosis import Predicate
from cases.evaluation.base import EvidenceSource
from cases.evaluation.components import mentioned
from cases.evaluation.quotes import normal

_NUMBER = re.compile(r"(?<![\w.-])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")
_SCALE = {"k": 1e3, "m": 1e6, "g": 1e9, "ki": 1024.0, "mi": 1024.0**2, "gi": 1024.0**3}


def holds(
    predicate: Predicate, texts: Sequence[str], quotes: Sequence[str], evidence: EvidenceSource | None = None
) -> bool | None:
    """Check ``predicate`` on the cited returns; ``quotes`` are the claim's own spans of them, looked at first."""
    check = _CHECKS.get(predicate.name)
    if predicate.name == "depends":
        return None if evidence is None else evidence.depends(_text(predicate, "a"), _text(predicate, "b"))
    if check is None or not texts:
        return None
    return check(predicate, [normal(text) for text in texts], _lines(texts), _lines(quotes))


Lines = list[str]
Check = Callable[[Predicate, list[str], Lines, Lines], bool | None]


def _lines(texts: Sequence[str]) -> Lines:
    return [line.lower() for text in texts for line in text.splitlines() if line.strip()]


def _text(predicate: Predicate, name: str) -> str:
    value = predicate.arguments.get(name, "")
    return value if isinstance(value, str) else str(value)


def _pattern(text: str) -> re.Pattern[str]:
    alternatives = ("[^\n]*?".join(map(re.escape, re.split(r"\.?\*", part))) for part in normal(text).split("|"))
    return re.compile("|".join(part for part in alternatives if part) or r"(?!)")


def _values(metric: str, lines: Lines) -> list[float]:
    """The numbers printed after the metric's name, line by line."""
    name = metric.strip().lower()
    if not name:
        return []
    return [
        float(match[0])
        for line in lines
        if (at := line.find(name)) >= 0
        for match in _NUMBER.finditer(line, at + len(name))
    ]


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, int | float):
        return float(value)
    match = re.fullmatch(r"(-?\d+(?:\.\d+)?)\s*([a-z%]*)", value.strip().lower().replace(",", ""))
    return float(match[1]) * _SCALE.get(match[2].rstrip("b"), 1.0) if match else None


def _compare(test: Callable[[float, float], bool]) -> Check:
    def check(predicate: Predicate, texts: list[str], lines: Lines, quotes: Lines) -> bool | None:
        limit = _number(predicate.arguments.get("value"))
        if limit is None:
            return None
        metric = _text(predicate, "metric")
        found = {test(value, limit) for value in _values(metric, quotes) or _values(metric, lines)}
        return found.pop() if len(found) == 1 else None

    return check


def _equal(value: float, limit: float) -> bool:
    return abs(value - limit) <= max(1e-9, abs(limit) * 1e-6)


def _changed(predicate: Predicate, texts: list[str], lines: Lines, quotes: Lines) -> bool | None:
    factor = _number(predicate.arguments.get("factor"))
    values = _values(_text(predicate, "metric"), quotes) or _values(_text(predicate, "metric"), lines)
    if factor is None or factor <= 0 or len(values) < 2:
        return None
    low, high = min(values), max(values)
    if low <= 0:
        return None
    wanted = max(factor, 1 / factor)
    return True if high / low >= 0.95 * wanted else False if high / low < 0.5 * wanted else None


def _contains(predicate: Predicate, texts: list[str], lines: Lines, quotes: Lines) -> bool | None:
    least = _number(predicate.arguments.get("n", 1)) or 1
    pattern = _pattern(_text(predicate, "pattern"))
    return sum(len(pattern.findall(normal(line))) for line in lines) >= least


def _absent(predicate: Predicate, texts: list[str], lines: Lines, quotes: Lines) -> bool | None:
    pattern = _pattern(_text(predicate, "pattern"))
    return not any(pattern.search(normal(line)) for line in lines)


def _co_occurs(predicate: Predicate, texts: list[str], lines: Lines, quotes: Lines) -> bool | None:
    first, second = _pattern(_text(predicate, "a")), _pattern(_text(predicate, "b"))
    if any(first.search(line) and second.search(line) for line in map(normal, lines)):
        return True
    seen = any(first.search(text) for text in texts), any(second.search(text) for text in texts)
    return None if all(seen) else False  # both seen, but when is not on the line


def _config_changed(predicate: Predicate, texts: list[str], lines: Lines, quotes: Lines) -> bool | None:
    whole = "\n".join(texts)
    key, old, new = (normal(_text(predicate, name)) for name in ("key", "old", "new"))
    if key not in whole or new not in whole:
        return False
    return True if old in whole else None


def _state(predicate: Predicate, texts: list[str], lines: Lines, quotes: Lines) -> bool | None:
    name, value = _text(predicate, "component"), normal(_text(predicate, "value"))
    if not value or not any(value in text for text in texts):
        return False
    if any(value in normal(line) and mentioned(name, line) for line in lines):
        return True
    return None  # the word is there, whose it is the recording's lines do not say


_CHECKS: dict[str, Check] = {
    "gt": _compare(lambda value, limit: value > limit),
    "lt": _compare(lambda value, limit: value < limit),
    "eq": _compare(_equal),
    "changed": _changed,
    "contains": _contains,
    "absent": _absent,
    "co_occurs": _co_occurs,
    "config_changed": _config_changed,
    "state": _state,
}
