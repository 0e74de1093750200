"""Tables as tools print them: columns under a heading, a database client's rows, or comma-separated values. No Django here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cases.ansi import plain

_HEADING = re.compile(r"[A-Z][A-Za-z0-9()%/_.:-]*(?: [A-Z0-9()%/_.:-]+)*|[a-z][a-z0-9()%/_.-]*")
_RULE = re.compile(r"\s*-+(?:\+-+)+\s*")
_NAME = re.compile(r"[A-Za-z_][\w%/.()-]*")
_FIGURE = re.compile(r"([+-]?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?)\s*([A-Za-z%]*)", re.IGNORECASE)
_AGE = re.compile(r"(?:\d{1,9}[dhms])+")
_PART = re.compile(r"(\d{1,9})([dhms])")
_SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_UNITS = {
    "": 1, "%": 1, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "g": 1e9, "t": 1e12,
    "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12,
    "ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1, "h": 3600, "d": 86400,
}  # fmt: skip


@dataclass(frozen=True)
class Table:
    """``rows`` that do not keep the columns have one cell; ``above`` are the comment lines before the heading.

    ``separator`` is what stands between two cells, "" where that is white space alone.
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    above: str = ""
    separator: str = ""


def is_table(lines: Sequence[str]) -> bool:
    below = [line for line in lines if not line.startswith("#")]
    return len(below) >= 2 and (_is_separated(below) or _is_ruled(below) or _is_aligned(below))


def read_table(text: str) -> Table:
    """Every cell of a text that ``is_table``."""
    lines = [plain(line) for line in text.splitlines() if line.strip()]
    above = [line for line in lines if line.startswith("#")]
    lines = [line for line in lines if not line.startswith("#")]
    if not lines:
        return Table((), (), "\n".join(above))
    if _is_separated(lines[:40]):
        rows = tuple(tuple(cell.strip() for cell in line.split(",")) for line in lines[1:])
        return Table(tuple(name.strip() for name in lines[0].split(",")), rows, "\n".join(above), ",")
    if _is_ruled(lines):
        heading, _, *cut = (tuple(cell.strip() for cell in line.split("|")) for line in lines)
        rows = (row if len(row) == len(heading) else (line.strip(),) for row, line in zip(cut, lines[2:], strict=True))
        return Table(heading, tuple(rows), "\n".join(above), " | ")
    columns = _columns(lines[0])
    starts = [start for _, start in columns]
    ends = [*starts[1:], None]
    rows = tuple(
        tuple(line[start:end].strip() for start, end in zip(starts, ends, strict=True))
        if _keeps(line, columns)
        else (line,)
        for line in lines[1:]
    )
    return Table(tuple(name for name, _ in columns), rows, "\n".join(above))


def sifted(table: Table, *, find: str = "", sort: int | None = None, descending: bool = False) -> Table:
    """The rows that hold ``find`` in any case, ordered by a column: figures by what they are worth, words by letters.

    Rows without that column stay last. A column that is not there orders nothing.
    """
    wanted = find.lower()
    rows = [row for row in table.rows if not wanted or any(wanted in cell.lower() for cell in row)]
    if sort is not None and 0 <= sort < len(table.headings):
        whole = [row for row in rows if len(row) > sort and len(row) > 1]
        rest = [row for row in rows if not (len(row) > sort and len(row) > 1)]
        ages = any(_AGE.fullmatch(row[sort]) and row[sort][-1] != "m" for row in whole)
        rows = sorted(whole, key=lambda row: _worth(row[sort], age=ages), reverse=descending) + rest
    return replace(table, rows=tuple(rows))


def _worth(cell: str, *, age: bool) -> tuple[int, float, str]:
    """``age``: an m is a minute, as beside hours and days, and not a thousandth."""
    if age and _AGE.fullmatch(cell):
        return 0, sum(int(count) * _SECONDS[unit] for count, unit in _PART.findall(cell)), ""
    figure = _FIGURE.fullmatch(cell.strip())
    if figure and figure[2].lower() in _UNITS:
        unit = 1e6 if figure[2] == "M" else _UNITS[figure[2].lower()]
        return 0, float(figure[1].replace(",", "")) * unit, ""
    return 1, 0.0, cell.lower()


def _columns(heading: str) -> list[tuple[str, int]]:
    """The headings of a table as tools print them, two spaces or more apart, and where each begins."""
    return [(match[0], match.start()) for match in re.finditer(r"\S+(?: \S+)*", plain(heading))]


def _is_aligned(lines: Sequence[str]) -> bool:
    """Whether nearly every line keeps the columns that the first one, in capitals or in single words, begins."""
    columns = _columns(lines[0])
    if len(columns) < 3 or not all(_HEADING.fullmatch(name) for name, _ in columns):
        return False
    kept = sum(_keeps(line, columns) for line in lines[1:])
    return kept * 10 >= (len(lines) - 1) * 8


def _keeps(line: str, columns: Sequence[tuple[str, int]]) -> bool:
    line = plain(line)
    return all(start == 0 or line[start - 1 : start] in ("", " ") for _, start in columns)


def _is_ruled(lines: Sequence[str]) -> bool:
    """Headings and cells between bars, under the headings a rule, as clients of a database print rows."""
    rule = plain(lines[1]) if len(lines) > 1 else ""
    return bool(_RULE.fullmatch(rule)) and rule.count("+") == plain(lines[0]).count("|")


def _is_separated(lines: Sequence[str]) -> bool:
    """Comma-separated rows under a heading of names, as metrics are exported."""
    names = lines[0].split(",")
    if len(names) < 3 or not all(_NAME.fullmatch(name) for name in names):
        return False
    return all(len(line.split(",")) == len(names) for line in lines[1:])
