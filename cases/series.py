"""Figures over time in a return: columns beside a time, or series as a metrics API answers them. No Django here."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from cases import folding
from cases.printed import is_table, read_table

FEWEST = 6  # points worth a line
MOST = 24  # series of one chart

_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?|\d\d:\d\d(:\d\d(\.\d+)?)?|\d{10}(\.\d+)?|\d{13}"
)


@dataclass(frozen=True)
class Series:
    """One line of a chart: a value, or None where there is none, for each time as it was printed."""

    name: str
    times: tuple[str, ...]
    values: tuple[float | None, ...]

    @property
    def known(self) -> tuple[float, ...]:
        return tuple(value for value in self.values if value is not None)

    @property
    def flat(self) -> bool:
        return len(set(self.known)) < 2


def is_time(cell: str) -> bool:
    return bool(_TIME.fullmatch(cell.strip()))


def number(cell: str) -> float | None:
    try:
        value = float(cell.replace(",", ""))
    except ValueError:
        return None
    return value if value == value and abs(value) != float("inf") else None


def series_in(text: str) -> list[Series]:
    """The series of a whole return; those that move before those that do not; none where it holds no figures over time."""
    if text.lstrip()[:1] in ("{", "["):
        found = _of_json(folding.parsed(text))
    else:
        lines = [line for line in text.splitlines()[:40] if line.strip()]
        table = read_table(text) if is_table(lines) else None
        found = of_columns(table.headings, table.rows) if table else []
    return _apart(found[:MOST])


def _apart(found: list[Series]) -> list[Series]:
    """No two series of a chart share a name."""
    times: Counter[str] = Counter()
    for at, one in enumerate(found):
        times[one.name] += 1
        if times[one.name] > 1:
            found[at] = replace(one, name=f"{one.name} ({times[one.name]})")
    return found


def of_columns(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[Series]:
    """Columns of figures of a table whose first column is a time. An empty cell is a gap, a word makes it no series."""
    rows = [row for row in rows if len(row) == len(headings)]
    if not headings or len(rows) < FEWEST or not is_time(rows[0][0]):
        return []
    times = tuple(row[0] for row in rows)
    found = []
    for at, name in enumerate(headings[1:], 1):
        cells = [row[at] for row in rows]
        values = tuple(number(cell) for cell in cells)
        known = sum(value is not None for value in values)
        if known >= FEWEST and known == sum(bool(cell) for cell in cells):
            found.append(Series(name, times, values))
    return sorted(found, key=lambda series: series.flat)


def _of_json(value: Any) -> list[Series]:
    """Matrices as Prometheus answers them, lists of [time, value], or of objects that share a time field."""
    found: list[Series] = []
    for name, rows in _lists(value):
        pairs = [row for row in rows if isinstance(row, list) and len(row) == 2]
        if len(pairs) == len(rows) >= FEWEST and all(_moment(row[0]) for row in pairs):
            values = tuple(number(str(row[1])) for row in pairs)
            if sum(one is not None for one in values) >= FEWEST:
                found.append(Series(name, tuple(_moment(row[0]) for row in pairs), values))
        elif len(rows) >= FEWEST and all(isinstance(row, dict) for row in rows):
            headings = list(rows[0])
            key = next((one for one in headings if _moment(rows[0][one])), None)
            if key is not None:
                ordered = [key, *(one for one in headings if one != key)]
                cells = [[_moment(row.get(key)), *(_cell(row.get(one)) for one in ordered[1:])] for row in rows]
                found += of_columns(ordered, cells)
    return sorted(found, key=lambda series: series.flat)


def _lists(value: Any, name: str = "value", depth: int = 0):
    """Every list of three levels or so of a document, by the name it goes under."""
    if depth > 6:
        return
    if isinstance(value, list):
        yield name, value
        for item in value[:MOST]:
            if isinstance(item, dict):
                yield from _lists(item, name, depth + 1)
    elif isinstance(value, dict):
        labels = value.get("metric")
        if isinstance(labels, dict):
            name = ", ".join(f"{key}={part}" for key, part in labels.items() if isinstance(part, str)) or name
        for key, item in value.items():
            if key != "metric":
                yield from _lists(item, name if isinstance(labels, dict) else str(key), depth + 1)


def _moment(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool) and 1e9 <= value < 1e14:
        seconds = value / 1000 if value > 1e11 else value
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
    return value if isinstance(value, str) and is_time(value) else ""


def _cell(value: Any) -> str:
    return "" if value is None else str(value)
