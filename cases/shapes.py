"""The shape of a raw return, so that a page can show a log as a log and a table as a table. No Django here.

A shape never changes what was said: the raw text stays one click away, and a piece says how much it leaves out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from typing import Any

PIECE = 6_000  # characters shown at first
MORE = 60_000  # characters that one more click brings
LARGEST_JSON = 200_000  # characters; above it JSON is shown as text

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_HEADING = re.compile(r"[A-Z][A-Za-z0-9()%/_.:-]*(?: [A-Z0-9()%/_.:-]+)*|[a-z][a-z0-9()%/_.-]*")
_NAME = re.compile(r"[A-Za-z_][\w%/.()-]*")
_STAMP = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d|^\d\d:\d\d:\d\d|^\w{3} +\d+ \d\d:\d\d:\d\d|^[IWEF]\d{4} ")
_LEVELS = (
    ("bad", re.compile(r"\b(?:ERROR|ERR|FATAL|CRITICAL|CRIT|PANIC|SEVERE|Exception|Traceback)\b|^[EF]\d{4} |level=(?:error|fatal)")),
    ("warn", re.compile(r"\b(?:WARN|WARNING)\b|^W\d{4} |level=warn")),
    ("quiet", re.compile(r"\b(?:DEBUG|TRACE)\b|level=debug")),
)  # fmt: skip


class Shape(StrEnum):
    JSON = "json"
    TABLE = "table"
    LOG = "log"
    TEXT = "text"


@dataclass(frozen=True)
class Segment:
    text: str
    marked: bool = False


@dataclass(frozen=True)
class Line:
    segments: tuple[Segment, ...]
    level: str = ""  # bad, warn, quiet or nothing


@dataclass(frozen=True)
class Node:
    """One value of a JSON document; ``children`` of an object or list, ``value`` of anything else."""

    key: str
    value: str = ""
    kind: str = "value"  # object, list, text, value
    size: int = 0
    children: tuple[Node, ...] = ()


@dataclass(frozen=True)
class Piece:
    """A part of a return in its shape. ``end`` of ``total`` characters are shown from ``start`` on."""

    shape: Shape
    start: int
    end: int
    total: int
    lines: tuple[Line, ...] = ()
    above: str = ""  # comment lines above a table
    headings: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    nodes: tuple[Node, ...] = field(default=())

    @property
    def left(self) -> int:
        return self.total - self.end

    @property
    def more(self) -> int:
        """How many characters the next click brings."""
        return min(self.left, MORE)


def shape_of(text: str, *, whole: bool = True) -> Shape:
    """What the text looks like. Only a whole text can be JSON."""
    head = text.lstrip()[:1]
    if whole and head in "{[" and head and len(text) <= LARGEST_JSON and _parsed(text) is not None:
        return Shape.JSON
    lines = [line for line in text.splitlines()[:40] if line.strip()]
    if not whole and len(lines) > 2:
        lines = lines[:-1]  # the last one may be cut
    below = [line for line in lines if not line.startswith("#")]
    if len(below) >= 2 and (_is_separated(below) or _is_aligned(below)):
        return Shape.TABLE
    if lines and sum(bool(_STAMP.search(line[:60])) for line in lines) * 2 >= len(lines):
        return Shape.LOG
    return Shape.TEXT


def piece(
    text: str, total: int, *, start: int = 0, marks: Sequence[tuple[int, int]] = (), shape: Shape | None = None
) -> Piece:
    """``text`` is the part of a return that begins at ``start``; ``total`` the length of the whole return.

    A part that is not the last ends at a line's end, so no line is cut in two. ``marks`` are spans of the whole return.
    """
    whole = start == 0 and len(text) >= total
    if start + len(text) < total and "\n" in text:
        text = text[: text.rindex("\n") + 1]
    end = start + len(text)
    seen = shape or shape_of(text, whole=whole)
    if seen is Shape.JSON and whole:
        return Piece(seen, start, end, total, nodes=_nodes(_parsed(text)))
    if seen is Shape.TABLE and start == 0 and not marks:
        headings, rows, above = _table(text)
        return Piece(seen, start, end, total, headings=headings, rows=rows, above=above)
    return Piece(Shape.LOG if seen is Shape.LOG else Shape.TEXT, start, end, total, lines=_lines(text, start, marks))


def _parsed(text: str) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict | list) else None


def _columns(heading: str) -> list[tuple[str, int]]:
    """The headings of a table as tools print them, two spaces or more apart, and where each begins."""
    return [(match[0], match.start()) for match in re.finditer(r"\S+(?: \S+)*", _plain(heading))]


def _is_aligned(lines: Sequence[str]) -> bool:
    """Whether nearly every line keeps the columns that the first one, in capitals or in single words, begins."""
    columns = _columns(lines[0])
    if len(columns) < 3 or not all(_HEADING.fullmatch(name) for name, _ in columns):
        return False
    kept = sum(_keeps(line, columns) for line in lines[1:])
    return kept * 10 >= (len(lines) - 1) * 8


def _keeps(line: str, columns: Sequence[tuple[str, int]]) -> bool:
    line = _plain(line)
    return all(start == 0 or line[start - 1 : start] in ("", " ") for _, start in columns)


def _is_separated(lines: Sequence[str]) -> bool:
    """Comma-separated rows under a heading of names, as metrics are exported."""
    names = lines[0].split(",")
    if len(names) < 3 or not all(_NAME.fullmatch(name) for name in names):
        return False
    return all(len(line.split(",")) == len(names) for line in lines[1:])


def _table(text: str) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...], str]:
    """Headings, rows, and the comment lines above them."""
    lines = [_plain(line) for line in text.splitlines() if line.strip()]
    above = [line for line in lines if line.startswith("#")]
    lines = lines[len(above) :]
    if _is_separated(lines[:40]):
        rows = tuple(tuple(cell.strip() for cell in line.split(",")) for line in lines[1:])
        return tuple(name.strip() for name in lines[0].split(",")), rows, "\n".join(above)
    columns = _columns(lines[0])
    starts = [start for _, start in columns]
    ends = [*starts[1:], None]
    rows = tuple(
        tuple(line[start:end].strip() for start, end in zip(starts, ends, strict=True))
        if _keeps(line, columns)
        else (line,)
        for line in lines[1:]
    )
    return tuple(name for name, _ in columns), rows, "\n".join(above)


def _plain(line: str) -> str:
    return _ANSI.sub("", line) if "\x1b" in line else line


def level_of(line: str) -> str:
    return next((name for name, pattern in _LEVELS if pattern.search(line[:400])), "")


def _lines(text: str, start: int, marks: Sequence[tuple[int, int]]) -> tuple[Line, ...]:
    lines, at = [], start
    for line in text.splitlines(keepends=True):
        shown = line.rstrip("\r\n")
        lines.append(Line(_segments(shown, at, marks), level_of(shown)))
        at += len(line)
    return tuple(lines)


def _segments(line: str, at: int, marks: Sequence[tuple[int, int]]) -> tuple[Segment, ...]:
    cuts = {0, len(line)}
    for begin, end in marks:
        cuts |= {min(max(begin - at, 0), len(line)), min(max(end - at, 0), len(line))}
    edges = sorted(cuts)
    return tuple(
        Segment(_plain(line[a:b]), any(begin - at <= a and b <= end - at for begin, end in marks))
        for a, b in pairwise(edges)
    )


def _nodes(value: Any) -> tuple[Node, ...]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    return tuple(_node(str(key), item) for key, item in items)


def _node(key: str, value: Any) -> Node:
    if isinstance(value, dict | list):
        kind = "object" if isinstance(value, dict) else "list"
        return Node(key, kind=kind, size=len(value), children=_nodes(value))
    if isinstance(value, str):
        return Node(key, value, kind="text")
    return Node(key, json.dumps(value))


def find(quote: str, text: str) -> tuple[int, int] | None:
    """Where a passage chosen on a page stands in the raw text, whatever its white space; None where it does not."""
    words = quote.split()
    if not words:
        return None
    at = text.find(quote)
    if at >= 0:
        return at, at + len(quote)
    match = re.search(r"\s+".join(re.escape(word) for word in words), text)
    return (match.start(), match.end()) if match else None
