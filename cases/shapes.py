"""The shape of a raw return, so that a page can show a log as a log and a table as a table. No Django here.

A shape never changes what was said: the raw text stays one click away, and a piece says how much it leaves out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise

from cases import folding
from cases.ansi import PLAIN, Style, plain, runs
from cases.folding import Node
from cases.printed import Table, is_table, read_table, sifted

PIECE = 6_000  # characters shown at first
MORE = 60_000  # characters that one more click brings
FOUND = 400  # lines or rows that a search shows at once

_STAMP = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d|^\d\d:\d\d:\d\d|^\w{3} +\d+ \d\d:\d\d:\d\d|^[IWEF]\d{4} ")
_LEVELS = (
    ("bad", re.compile(r"\b(?:ERROR|ERR|FATAL|CRITICAL|CRIT|PANIC|SEVERE|Exception|Traceback)\b|^[EF]\d{4} |\b(?:level|severity|lvl)\"?[=:] ?\"?(?:error|fatal|crit|panic)")),
    ("warn", re.compile(r"\b(?:WARN|WARNING)\b|^W\d{4} |\b(?:level|severity|lvl)\"?[=:] ?\"?warn")),
    ("quiet", re.compile(r"\b(?:DEBUG|TRACE)\b|\b(?:level|severity|lvl)\"?[=:] ?\"?(?:debug|trace)")),
)  # fmt: skip
LEVELS = {"bad": ("bad",), "warn": ("bad", "warn"), "": ("bad", "warn", "", "quiet")}  # at least -> those shown


class Shape(StrEnum):
    JSON = "json"
    YAML = "yaml"
    TABLE = "table"
    LOG = "log"
    TEXT = "text"


@dataclass(frozen=True)
class Segment:
    text: str
    marked: bool = False  # kept as evidence
    style: str = ""  # classes of its colour
    found: bool = False


@dataclass(frozen=True)
class Line:
    segments: tuple[Segment, ...]
    level: str = ""  # bad, warn, quiet or nothing
    number: int = 0  # counted from 1 in the whole return


@dataclass(frozen=True)
class Sieve:
    """What a search through the whole return found. ``shown`` of ``matching`` of ``total`` lines or rows are here."""

    total: int
    matching: int
    after: int  # how many matching ones came before those shown
    shown: int
    levels: tuple[tuple[str, int], ...] = ()  # of all lines

    @property
    def left(self) -> int:
        return self.matching - self.after - self.shown


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
    separator: str = ""  # what the return has between two cells, where that is not white space alone
    nodes: tuple[Node, ...] = ()
    sieve: Sieve | None = None

    @property
    def left(self) -> int:
        return self.total - self.end

    @property
    def columns(self) -> int:
        return len(self.headings)

    @property
    def more(self) -> int:
        """How many characters the next click brings."""
        return min(self.left, MORE)


def shape_of(text: str, *, whole: bool = True) -> Shape:
    """What the text looks like. Only a whole text folds."""
    fits = whole and len(text) <= folding.LARGEST
    if fits and text.lstrip()[:1] in ("{", "[") and folding.parsed(text) is not None:
        return Shape.JSON
    lines = [line for line in text.splitlines()[:40] if line.strip()]
    if not whole and len(lines) > 2:
        lines = lines[:-1]  # the last one may be cut
    if is_table(lines):
        return Shape.TABLE
    if lines and sum(bool(_STAMP.search(plain(line)[:60])) for line in lines) * 2 >= len(lines):
        return Shape.LOG
    if fits and folding.is_indented(lines):
        return Shape.YAML
    return Shape.TEXT


def piece(
    text: str,
    total: int,
    *,
    start: int = 0,
    marks: Sequence[tuple[int, int]] = (),
    shape: Shape | None = None,
    first_line: int = 1,
) -> Piece:
    """``text`` is the part of a return that begins at ``start``; ``total`` the length of the whole return.

    A part that is not the last ends at a line's end, so no line is cut in two. ``marks`` are spans of the whole return.
    """
    whole = start == 0 and len(text) >= total
    if start + len(text) < total and "\n" in text:
        text = text[: text.rindex("\n") + 1]
    end = start + len(text)
    seen = shape or shape_of(text, whole=whole)
    if seen is Shape.JSON and whole and (value := folding.parsed(text)) is not None:
        return Piece(seen, start, end, total, nodes=folding.nodes_of(value))
    if seen is Shape.YAML and whole and not marks:
        return Piece(seen, start, end, total, nodes=folding.folds_of(text))
    if seen is Shape.TABLE and start == 0 and not marks:
        table = read_table(text)
        return Piece(seen, start, end, total, **_shown(table))
    plainly = Shape.LOG if seen is Shape.LOG else Shape.TEXT
    return Piece(plainly, start, end, total, lines=lines_of(text, start, marks, first_line=first_line))


def search(
    text: str,
    *,
    shape: Shape,
    find: str = "",
    level: str = "",
    after: int = 0,
    marks: Sequence[tuple[int, int]] = (),
) -> Piece:
    """The lines of a whole return that hold ``find``, in any case, and are at least as bad as ``level``.

    At most FOUND lines at once, after the first ``after`` of them; the sieve says how many there are.
    """
    wanted, kept = find.lower(), LEVELS.get(level, LEVELS[""])
    levels: Counter[str] = Counter()
    matching, shown, at = 0, [], 0
    lines = text.splitlines(keepends=True)
    for number, raw in enumerate(lines, 1):
        bare = raw.rstrip("\r\n")
        how_bad = level_of(plain(bare))
        levels[how_bad] += 1
        if how_bad in kept and (not wanted or wanted in plain(bare).lower()):
            matching += 1
            if after < matching <= after + FOUND:
                segments, _ = _segments(bare, at, marks, PLAIN)
                shown.append(Line(_with_found(segments, wanted), how_bad, number))
        at += len(raw)
    sieve = Sieve(len(lines), matching, after, len(shown), tuple(sorted(levels.items())))
    return Piece(shape, 0, len(text), len(text), lines=tuple(shown), sieve=sieve)


def search_table(text: str, *, find: str = "", sort: int | None = None, descending: bool = False) -> Piece:
    """The rows of a whole table that hold ``find``, ordered by a column; at most FOUND of them."""
    whole = read_table(text)
    table: Table = sifted(whole, find=find, sort=sort, descending=descending)
    rows = table.rows[:FOUND]
    return Piece(
        Shape.TABLE,
        0,
        len(text),
        len(text),
        **_shown(replace(table, rows=rows)),
        sieve=Sieve(len(whole.rows), len(table.rows), 0, len(rows)),
    )


def _shown(table: Table) -> dict:
    return {"headings": table.headings, "rows": table.rows, "above": table.above, "separator": table.separator}


def level_of(line: str) -> str:
    return next((name for name, pattern in _LEVELS if pattern.search(line[:400])), "")


def lines_of(text: str, start: int, marks: Sequence[tuple[int, int]] = (), *, first_line: int = 1) -> tuple[Line, ...]:
    lines, at, style = [], start, PLAIN
    for number, line in enumerate(text.splitlines(keepends=True), first_line):
        shown = line.rstrip("\r\n")
        segments, style = _segments(shown, at, marks, style)
        lines.append(Line(segments, level_of(plain(shown)), number))
        at += len(line)
    return tuple(lines)


def _segments(line: str, at: int, marks: Sequence[tuple[int, int]], style: Style) -> tuple[tuple[Segment, ...], Style]:
    """A line cut where its colour or a mark begins or ends; and the colour it ends in."""
    drawn, style = runs(line, style)
    found = []
    for run in drawn:
        cuts = {run.start, run.end}
        for begin, end in marks:
            cuts |= {min(max(begin - at, run.start), run.end), min(max(end - at, run.start), run.end)}
        for a, b in pairwise(sorted(cuts)):
            marked = any(begin - at <= a and b <= end - at for begin, end in marks)
            found.append(Segment(line[a:b], marked, run.style.classes))
    return tuple(found), style


def _with_found(segments: tuple[Segment, ...], wanted: str) -> tuple[Segment, ...]:
    if not wanted:
        return segments
    cut = []
    for one in segments:
        at, lower = 0, one.text.lower()
        while (hit := lower.find(wanted, at)) >= 0:
            if hit > at:
                cut.append(Segment(one.text[at:hit], one.marked, one.style))
            cut.append(Segment(one.text[hit : hit + len(wanted)], one.marked, one.style, found=True))
            at = hit + len(wanted)
        if at < len(one.text):
            cut.append(Segment(one.text[at:], one.marked, one.style))
    return tuple(cut)


def find(quote: str, text: str, *, line: int = 1) -> tuple[int, int] | None:
    """Where a passage chosen on a page stands in the raw text, whatever its white space; None where it does not.

    The first place from ``line`` on (counted from 1) is meant, or else the first. Colour stands between the letters of
    the raw text and not of the passage.
    """
    begin = sum(map(len, text.splitlines(keepends=True)[: line - 1]))
    if begin and (found := _found(quote, text[begin:])):
        return begin + found[0], begin + found[1]
    return _found(quote, text)


def _found(quote: str, text: str) -> tuple[int, int] | None:
    words = quote.split()
    if not words:
        return None
    at = text.find(quote)
    if at >= 0:
        return at, at + len(quote)
    pattern = re.compile(r"\s+".join(re.escape(word) for word in words))
    if match := pattern.search(text):
        return match.start(), match.end()
    if "\x1b" not in text:
        return None
    drawn, _ = runs(text)
    match = pattern.search("".join(text[run.start : run.end] for run in drawn))
    if match is None:
        return None
    places = [at for run in drawn for at in range(run.start, run.end)]
    return places[match.start()], places[match.end() - 1] + 1
