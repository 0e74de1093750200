"""Rows as the text that a tool prints: csv, lines, json, table, kubectl. No Django here."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sandbox.environment.world.base import BadBinding, Binding
from sandbox.environment.world.opening import Rows

PLACE = re.compile(r"\{\{\s*([^{}|:]*?)\s*(?::\s*(\w+)\s*)?(?:\|([^{}]*))?\}\}")


def rendered(found: Rows, binding: Binding) -> str:
    """The rows as the binding has them shown. BadBinding where it names a column that they have not."""
    columns, rows = _selected(found, binding)
    if not rows and binding.empty:
        return binding.empty
    if binding.format == "json":
        whole = [{name: _json(cell, binding) for name, cell in zip(columns, row, strict=True)} for row in rows]
        return json.dumps(whole, ensure_ascii=False, separators=(", ", ": "))
    cells = [[_text(cell, binding) for cell in row] for row in rows]
    if binding.format == "csv":
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows([list(columns), *cells] if binding.header else cells)
        return out.getvalue()
    if binding.format == "lines":
        return "".join(_line(columns, row, binding) + "\n" for row in cells)
    if binding.format == "kubectl":
        if not cells:
            return "No resources found.\n"
        return _aligned([[name.upper().replace("_", "-") for name in columns], *cells], binding.header, gap=3)
    return _aligned([list(columns), *cells], binding.header, gap=2)


def _selected(found: Rows, binding: Binding) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    if not binding.columns:
        return found.columns, found.rows
    places = []
    for shown, column in binding.columns.items():
        if column in found.columns:
            places.append(found.columns.index(column))
        elif found.rows and binding.engine != "promql":
            raise BadBinding(f"columns: {shown} shows {column!r}; the answer has {', '.join(found.columns)}")
        else:  # a label that none of these series has
            places.append(-1)
    return tuple(binding.columns), [tuple("" if k < 0 else row[k] for k in places) for row in found.rows]


def _line(columns: tuple[str, ...], row: list[str], binding: Binding) -> str:
    if not binding.line:
        return " ".join(cell for cell in row if cell)
    held = dict(zip(columns, row, strict=True))

    def cell(place: re.Match[str]) -> str:
        if place[1] not in held:
            raise BadBinding(f"line: {place[1]!r} is no column; the answer has {', '.join(columns)}")
        return held[place[1]]

    return PLACE.sub(cell, binding.line)


def _aligned(rows: list[list[str]], header: bool, *, gap: int) -> str:
    rows = [[cell.replace("\n", "\\n") for cell in row] for row in rows]
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    shown = rows if header else rows[1:]
    padded = ((cell.ljust(width + gap) for cell, width in zip(row, widths, strict=True)) for row in shown)
    return "".join("".join(row).rstrip() + "\n" for row in padded)


def _text(cell: Any, binding: Binding) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, datetime):
        return str(_time(cell, binding.time))
    if isinstance(cell, float | Decimal):
        return number(float(cell), binding.digits)
    if isinstance(cell, dict | list):
        return json.dumps(_json(cell, binding), ensure_ascii=False)
    return str(cell)


def _json(cell: Any, binding: Binding) -> Any:
    if cell is None or isinstance(cell, bool | int | str):
        return cell
    if isinstance(cell, float | Decimal):
        value = float(cell)
        if not math.isfinite(value):
            return number(value, None)
        return value if binding.digits is None else round(value, binding.digits)
    if isinstance(cell, list):
        return [_json(item, binding) for item in cell]
    if isinstance(cell, dict):
        return {str(key): _json(item, binding) for key, item in cell.items()}
    return _time(cell, binding.time) if isinstance(cell, datetime) else str(cell)


def number(value: float, digits: int | None) -> str:
    """A number as short as it can be said: whole ones without a point, infinities and NaN as Prometheus has them."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if digits is not None:
        return f"{value:.{digits}f}"
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _time(at: date, form: str) -> str | float | int:
    if not isinstance(at, datetime):
        return at.isoformat()
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    if form == "epoch":
        seconds = at.timestamp()
        return int(seconds) if seconds.is_integer() else seconds
    plain = at.replace(tzinfo=None)
    shown = plain.isoformat(sep=" ", timespec="milliseconds" if plain.microsecond else "seconds")
    return shown if form == "plain" else shown.replace(" ", "T") + "Z"
