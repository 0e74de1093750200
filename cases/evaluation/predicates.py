"""The closed set of statements that code checks on what was recorded. No Django here.

Each check says True, False, or None where the recording does not settle it. Patterns come from models and
people: they are literal text, in which ``|`` separates alternatives and ``.*`` or ``*`` stands for anything
on a line; nothing of them is ever compiled, so none can be made to run for long.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from cases.diagnosis import Predicate
from cases.evaluation.base import EvidenceSource
from cases.evaluation.components import mentioned
from cases.evaluation.quotes import in_order, normal

_NUMBER = re.compile(r"(?<![\w.-])(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s?(%|[a-z]{1,3}\b)?")


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


class Pattern:
    """Alternatives, each a row of literal pieces that must follow each other on a line."""

    def __init__(self, text: str):
        rows = ([piece for piece in re.split(r"\.?\*", part) if piece] for part in normal(text).split("|"))
        self._rows = [row for row in rows if row]

    def count(self, line: str) -> int:
        """How often the line holds it; a row with a wildcard counts once a line."""
        return sum(line.count(row[0]) if len(row) == 1 else in_order(row, line) for row in self._rows)


Measure = tuple[float, str]  # a number and its unit, "" where none is written


def _values(metric: str, lines: Lines) -> list[Measure]:
    """The numbers printed after the metric's name, line by line."""
    name = metric.strip().lower()
    if not name:
        return []
    return [
        (float(match[1]), match[2] or "")
        for line in lines
        if (at := line.find(name)) >= 0
        for match in _NUMBER.finditer(line, at + len(name))
    ]


def _readings(metric: str, lines: Lines, rows: Lines) -> list[Measure]:
    """The metric's column in ``rows``, where one of ``lines`` is the head of a comma-separated table that names it."""
    name = metric.strip().lower()
    head = next((cells for line in lines if len(cells := _cells(line)) > 1 and name in cells), None)
    if head is None:
        return []
    at = head.index(name)
    tabled = [cells[at] for row in rows if len(cells := _cells(row)) == len(head)]
    return [(float(match[1]), match[2] or "") for cell in tabled if (match := _NUMBER.fullmatch(cell))]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split(",")]


def _measured(metric: str, lines: Lines, quotes: Lines) -> list[Measure]:
    """The metric's values in what is quoted; where it has none there, in all that was returned."""
    return (
        _values(metric, quotes)
        or _readings(metric, lines, quotes)
        or _values(metric, lines)
        or _readings(metric, lines, lines)
    )


def _number(value: Any) -> Measure | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    match = _NUMBER.fullmatch(str(value).strip().lower().replace(",", ""))
    return (float(match[1]), match[2] or "") if match else None


def _compare(test: Callable[[float, float], bool]) -> Check:
    def check(predicate: Predicate, texts: list[str], lines: Lines, quotes: Lines) -> bool | None:
        wanted = _number(predicate.arguments.get("value"))
        if wanted is None:
            return None
        limit, unit = wanted[0], wanted[1] or _text(predicate, "unit").strip().lower()
        metric = _text(predicate, "metric")
        measured = _measured(metric, lines, quotes)
        found = {test(value, limit) for value, of in measured if not of or not unit or of == unit}
        return found.pop() if len(found) == 1 else None

    return check


def _equal(value: float, limit: float) -> bool:
    return abs(value - limit) <= max(1e-9, abs(limit) * 1e-6)


def _changed(predicate: Predicate, texts: list[str], lines: Lines, quotes: Lines) -> bool | None:
    wanted = _number(predicate.arguments.get("factor"))
    measured = _measured(_text(predicate, "metric"), lines, quotes)
    if wanted is None or wanted[0] <= 0 or len(measured) < 2 or len({unit for _, unit in measured}) > 1:
        return None
    low, high = (edge(value for value, _ in measured) for edge in (min, max))
    if low <= 0:
        return None
    factor = max(wanted[0], 1 / wanted[0])
    return True if high / low >= 0.95 * factor else False if high / low < 0.5 * factor else None


def _contains(predicate: Predicate, texts: list[str], lines: Lines, quotes: Lines) -> bool | None:
    least, _ = _number(predicate.arguments.get("n", 1)) or (1.0, "")
    pattern = Pattern(_text(predicate, "pattern"))
    return sum(pattern.count(normal(line)) for line in lines) >= least


def _absent(predicate: Predicate, texts: list[str], lines: Lines, quotes: Lines) -> bool | None:
    pattern = Pattern(_text(predicate, "pattern"))
    return not any(pattern.count(normal(line)) for line in lines)


def _co_occurs(predicate: Predicate, texts: list[str], lines: Lines, quotes: Lines) -> bool | None:
    first, second = Pattern(_text(predicate, "a")), Pattern(_text(predicate, "b"))
    if any(first.count(line) and second.count(line) for line in map(normal, lines)):
        return True
    seen = any(first.count(text) for text in texts), any(second.count(text) for text in texts)
    return None if all(seen) else False  # both seen, but when is not on the line


def _config_changed(predicate: Predicate, texts: list[str], lines: Lines, quotes: Lines) -> bool | None:
    key, old, new = (normal(_text(predicate, name)) for name in ("key", "old", "new"))
    of_key = [normal(line) for line in lines if _word(key, normal(line))]
    if not of_key or not any(_word(new, text) for text in texts):
        return False
    return True if all(any(_word(value, line) for line in of_key) for value in (old, new)) else None


def _word(wanted: str, text: str) -> bool:
    return bool(wanted) and re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", text) is not None


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
