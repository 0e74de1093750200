"""A raw return read as rows that can be left out without touching the others. No Django here."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?")
_TIME_HEADS = {"time", "timestamp", "at", "ts", "date", "datetime"}
_LEVEL_HEADS = {"level", "severity", "status"}
_LEVEL = re.compile(r"\b(trace|debug|info|notice|warn|warning|error|err|fatal|critical)\b", re.IGNORECASE)
_CUT = re.compile(r"truncat|omitted|\bmore (lines|rows|results|items|entries)\b|has_?more|next_?token|…\s*$", re.I)
_PARTS = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))  # epochs above these are in nano-, micro-, milliseconds


@dataclass(frozen=True)
class Row:
    """One row: its bytes as they stand in the return, and its cells by normalised head ({} for a line of text)."""

    text: str
    cells: dict[str, str]


@dataclass(frozen=True)
class Rows:
    """``kind`` is lines, csv, columns or json. ``keep`` writes the same return with fewer of its rows."""

    kind: str
    head: str
    rows: tuple[Row, ...]
    heads: tuple[str, ...] = ()
    cut: bool = False  # says of itself that something was left out
    _document: Any = None
    _path: str | None = None
    _indent: int | None = None
    _ascii: bool = False
    _tail: str = ""

    def keep(self, chosen: Sequence[int]) -> str:
        """The return with only the rows of these indices, every other byte as it was; a JSON total follows."""
        if self.kind == "columns" and _aligned(self.rows, self.head) == [self.head, *(row.text for row in self.rows)]:
            return "".join(_aligned([self.rows[at] for at in chosen], self.head))
        if self.kind != "json":
            return self.head + "".join(self.rows[at].text for at in chosen)
        items = self._document if self._path is None else self._document[self._path]
        kept: Any = [items[at] for at in chosen]
        if self._path is not None:
            counts = {key: len(kept) for key in self._document if _is_count(key, self._document[key], len(items))}
            kept = {**self._document, self._path: kept, **counts}
        return _dump(kept, self._indent, self._ascii) + self._tail

    def times(self) -> tuple[datetime, ...] | None:
        """When each row is of, UTC where unmarked; None where some row has no time, or times that differ."""
        heads = [head for head in self.heads if head in _TIME_HEADS or "time" in head]
        if not self.heads:
            found = [_instant(match[0]) if (match := _INSTANT.search(row.text)) else None for row in self.rows]
            return _complete(found)
        columns = [[_instant(row.cells.get(head, "")) for row in self.rows] for head in heads]
        columns = [column for column in columns if any(column)]
        if not columns or any(_apart(columns[0], other) for other in columns[1:]):
            return None
        return _complete(columns[0])

    def levels(self) -> tuple[str, ...] | None:
        """The severity each row states, in lower case; None where a row states none or more than one."""
        heads = [head for head in self.heads if head in _LEVEL_HEADS]
        found = []
        for row in self.rows:
            where = row.cells.get(heads[0], "") if heads else row.text
            words = {word.lower() for word in _LEVEL.findall(where)}
            if len(words) != 1:
                return None
            found.append(_ALIKE.get(word := words.pop(), word))
        return tuple(found)


_ALIKE = {"warning": "warn", "err": "error"}
SEVERITIES = ("trace", "debug", "info", "notice", "warn", "error", "critical", "fatal")


def severity(word: str) -> str | None:
    """A level by its one name; None for what is no level."""
    name = _ALIKE.get(word.lower(), word.lower())
    return name if name in SEVERITIES else None


def normal(name: str) -> str:
    """The form in which an argument's name and a column's head are compared: pod_name, PodName and pod are one."""
    return re.sub(r"[^a-z0-9]", "", name.lower()).removesuffix("name") or "name"


def read(output: str, *, arguments: Iterable[Any] = (), limit: int | None = None) -> Rows | None:
    """Read a return as rows; None where it has no rows that stand for themselves.

    ``arguments`` are the values the call named and ``limit`` how many rows it asked for: both tell a
    heading above log lines from a log line.
    """
    if output[:1] in ("{", "["):
        return _json(output)
    lines = output.splitlines(keepends=True)
    if not lines or any(line.strip() in ("stderr:", "stdout:") for line in lines):
        return None
    return _csv(lines) or _columns(lines) or _lines(lines, [str(value) for value in arguments], limit)


def _json(output: str) -> Rows | None:
    try:
        document = json.loads(output)
    except (ValueError, RecursionError):
        return None
    path, items = None, document
    if isinstance(document, dict):
        lists = [key for key, value in document.items() if isinstance(value, list)]
        if len(lists) != 1:
            return None
        path, items = lists[0], document[lists[0]]
    texts = all(isinstance(item, str) for item in items)
    if not items or not (texts or all(isinstance(item, dict) for item in items)):
        return None
    body = output.rstrip("\n")
    for indent in (None, 1, 2, 4):
        for ascii_only in (False, True):
            if _dump(document, indent, ascii_only) == body:
                rows = tuple(Row(item, {}) if texts else _object(item) for item in items)
                heads = tuple(dict.fromkeys(head for row in rows for head in row.cells))
                tail = output[len(body) :]
                return Rows("json", "", rows, heads, _says_cut(document), document, path, indent, ascii_only, tail)
    return None


def _object(item: dict[str, Any]) -> Row:
    return Row("", {normal(key): _cell(value) for key, value in item.items()})


def _csv(lines: list[str]) -> Rows | None:
    head = lines[0].strip()
    if "," not in head or len(head) > 600 or re.search(r"[\s{}\"]", re.sub(r"[ ]?\([^)]*\)", "", head)):
        return None
    try:
        table = list(csv.reader(lines, strict=True))
    except csv.Error:
        return None
    if len(table) != len(lines) or {len(row) for row in table} != {len(table[0])}:
        return None
    heads = tuple(normal(cell) for cell in table[0])
    if len(set(heads)) != len(heads):
        return None
    pairs = zip(lines[1:], table[1:], strict=True)
    return Rows("csv", lines[0], tuple(Row(line, dict(zip(heads, cells, strict=True))) for line, cells in pairs), heads)


def _columns(lines: list[str]) -> Rows | None:
    """A table as kubectl prints it: upper-case heads, each cell beginning under its head."""
    words = lines[0].split()
    if "NAME" not in words or not lines[0].isupper():
        return None
    starts = [match.start() for match in re.finditer(r"\S+(?: \S+)*", lines[0])]
    heads = tuple(normal(lines[0][a:b].strip()) for a, b in zip(starts, [*starts[1:], None], strict=True))
    if len(set(heads)) != len(heads):
        return None
    rows = []
    for line in lines[1:]:
        if any(start and line[start - 1 : start].strip() for start in starts):
            return None
        cells = [line[a:b].strip() for a, b in zip(starts, [*starts[1:], None], strict=True)]
        rows.append(Row(line, dict(zip(heads, cells, strict=True))))
    return Rows("columns", lines[0], tuple(rows), heads)


def _aligned(rows: Sequence[Row], head: str) -> list[str]:
    """A table in columns as wide as what they hold, three spaces apart."""
    table = [re.split(r"\s{2,}", head.strip()), *([*row.cells.values()] for row in rows)]
    widths = [max(len(cell) for cell in column) + 3 for column in zip(*table, strict=True)]
    ends = ["\n" if line.endswith("\n") else "" for line in (head, *(row.text for row in rows))]
    widths[-1] = 0
    return [
        "".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + end
        for cells, end in zip(table, ends, strict=True)
    ]


def _lines(lines: list[str], named: list[str], limit: int | None) -> Rows | None:
    """Lines of text. A first line that ends in a colon is a heading where it names an argument or is one too many."""
    head = ""
    first = lines[0].strip()
    over = limit is not None and len(lines) == limit + 1
    if first.endswith(":") and not _INSTANT.search(first) and (over or any(len(n) > 2 and n in first for n in named)):
        head, lines = lines[0], lines[1:]
    if len(lines) < 2 or (limit is not None and len(lines) > limit):
        return None
    cut = any(_CUT.search(line) for line in (lines[0], lines[-1], head))
    return Rows("lines", head, tuple(Row(line, {}) for line in lines), cut=cut)


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _is_count(key: str, value: Any, rows: int) -> bool:
    return type(value) is int and value == rows and bool(re.search("count|total|size", key, re.I))


def _says_cut(document: Any) -> bool:
    return isinstance(document, dict) and any(_CUT.search(key) and value for key, value in document.items())


def _dump(value: Any, indent: int | None, ascii_only: bool) -> str:
    return json.dumps(value, indent=indent, ensure_ascii=ascii_only)


def _instant(text: str) -> datetime | None:
    text = text.strip()
    if re.fullmatch(r"\d{10,19}(\.\d+)?", text):
        number = float(text)
        return datetime.fromtimestamp(number / next((parts for above, parts in _PARTS if number > above), 1), UTC)
    match = _INSTANT.match(text)
    if not match:
        return None
    written = re.sub(r" ?(Z|UTC)$", "+00:00", match[0]).replace(",", ".").replace(" +", "+").replace(" -", "-")
    written = re.sub(r"(\.\d{6})\d+", r"\1", written)
    try:
        found = datetime.fromisoformat(written)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _complete(found: list[datetime | None]) -> tuple[datetime, ...] | None:
    times = tuple(at for at in found if at is not None)
    return times if found and len(times) == len(found) else None


def _apart(one: Sequence[datetime | None], other: Sequence[datetime | None]) -> bool:
    """Whether two columns of times tell different instants: then a window could mean either."""
    return any(a is None or b is None or abs((a - b).total_seconds()) > 1 for a, b in zip(one, other, strict=True))
