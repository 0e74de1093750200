"""The mapping file: which column of which file is which column of which table. No Django here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

from sandbox.environment.world.actions import Action
from sandbox.environment.world.base import TABLES, Binding, WorldError, utc
from sandbox.environment.world.tables import COLUMNS, LABELS, TIME
from sandbox.importers.reading import ReadError, text_of

FORMATS = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
EPOCHS = {"epoch": 1, "epoch_ms": 1e3, "epoch_us": 1e6, "epoch_ns": 1e9}  # units a second
_TOP = ("alert_at", "now", "end", "sampled", "tables", "tools", "actions")
_SOURCE = ("file", "format", "columns", "constants", "values", "time", "zone", "wide")


@dataclass(frozen=True)
class Source:
    """One file as rows of a table.

    ``columns``: table column -> column of the file, or for labels label -> column of the file. ``wide`` names columns
    that are each a metric of its own. ``times``: table column -> iso, epoch, epoch_ms, epoch_us, epoch_ns or a pattern
    of strptime; a time without a zone is read in ``zone``.
    """

    table: str
    path: Path
    format: str
    columns: dict[str, Any]
    constants: dict[str, Any] = field(default_factory=dict)
    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    times: dict[str, str] = field(default_factory=dict)
    zone: tzinfo = UTC
    wide: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mapping:
    alert_at: datetime
    sources: tuple[Source, ...]
    now: datetime | None = None
    end: datetime | None = None
    sampled: dict[str, str] = field(default_factory=dict)
    bindings: dict[str, Binding] = field(default_factory=dict)
    actions: dict[str, dict[str, Any]] = field(default_factory=dict)


def read(path: Path) -> Mapping:
    """The mapping in a YAML file. Raises ReadError with the field, the reason and the remedy."""
    try:
        body = yaml.safe_load(text_of(path))
    except yaml.YAMLError as error:
        raise ReadError("", f"is not YAML: {' '.join(str(error).split())}.") from None
    body = _object(body, "", _TOP)
    if body.get("alert_at") is None:
        raise ReadError("alert_at", "must be given: the moment of the alert, at which the clock of the world starts.")
    moments = {name: _moment(body[name], name) for name in ("alert_at", "now", "end") if body.get(name) is not None}
    tables = _object(body.get("tables"), "tables", TABLES)
    sources = [
        _source(table, number, item, path.parent)
        for table, items in tables.items()
        for number, item in enumerate(_list(items, f"tables.{table}"), 1)
    ]
    if not sources:
        raise ReadError("tables", "names no file; without any there is no world.")
    sampled = _object(body.get("sampled") or {}, "sampled", tuple(tables))
    return Mapping(
        sources=tuple(sources),
        sampled={table: str(words) for table, words in sampled.items()},
        bindings=_read_each(body.get("tools"), "tools", Binding.from_json),
        actions=_read_each(body.get("actions"), "actions", lambda item: Action.from_json(item).as_json()),
        **moments,
    )


def _source(table: str, number: int, item: Any, folder: Path) -> Source:
    at = f"tables.{table} {number}"
    item = _object(item, at, _SOURCE)
    if not isinstance(item.get("file"), str):
        raise ReadError(f"{at}.file", "must be given: the name of a file, from the folder of the mapping file.")
    form = item.get("format") or FORMATS.get(Path(item["file"]).suffix.lower())
    if form not in FORMATS.values():
        raise ReadError(f"{at}.format", f"is {form or 'not said by the name'}; write csv, jsonl or parquet.")
    known = COLUMNS[table]
    columns = _object(item.get("columns") or {}, f"{at}.columns", tuple(known))
    constants = _object(item.get("constants") or {}, f"{at}.constants", tuple(known))
    wide = tuple(str(name) for name in _list(item.get("wide") or [], f"{at}.wide"))
    if wide and table != "metrics":
        raise ReadError(f"{at}.wide", "is for metrics only: columns that are each a metric of its own.")
    given = {*columns, *constants, *(("metric", "value") if wide else ())}
    for name, (kind, needed) in known.items():
        if needed and name not in given:
            raise ReadError(f"{at}.columns", f"gives no {name}, which every row of {table} must have.")
        if (isinstance(columns.get(name), dict) and kind != LABELS) or not isinstance(
            columns.get(name, ""), str | dict
        ):
            raise ReadError(f"{at}.columns.{name}", "is the name of a column of the file.")
    if both := sorted(columns.keys() & constants.keys()):
        raise ReadError(f"{at}.constants.{both[0]}", "is given under columns too; leave one of them out.")
    return Source(
        table=table,
        path=folder / item["file"],
        format=form,
        columns=columns,
        constants=constants,
        values={
            name: {str(word): value for word, value in _object(words, f"{at}.values.{name}").items()}
            for name, words in _object(item.get("values") or {}, f"{at}.values", tuple(known)).items()
        },
        times=_times(item.get("time"), f"{at}.time", table),
        zone=_zone(item.get("zone"), f"{at}.zone"),
        wide=wide,
    )


def _times(written: Any, at: str, table: str) -> dict[str, str]:
    """A form for all the table's times, or one for each."""
    columns = tuple(name for name, (kind, _) in COLUMNS[table].items() if kind == TIME)
    forms = dict.fromkeys(columns, written) if isinstance(written, str) else _object(written or {}, at, columns)
    for name, form in forms.items():
        if not isinstance(form, str) or (form not in ("iso", *EPOCHS) and "%" not in form):
            raise ReadError(
                f"{at}",
                f"{name}: {form!r} is none of iso, {', '.join(EPOCHS)}, nor a pattern such as %d/%m/%Y %H:%M:%S.",
            )
    return forms


def _zone(written: Any, at: str) -> tzinfo:
    if written is None:
        return UTC
    try:
        if str(written)[:1] in ("+", "-"):
            offset = datetime.strptime(str(written), "%z").utcoffset()
            return timezone(offset or timedelta(0))
        return ZoneInfo(str(written))
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise ReadError(at, f"{written!r} is no time zone; write one such as Europe/Berlin or +02:00.") from None


def _moment(value: Any, at: str) -> datetime:
    try:
        return utc(value if isinstance(value, datetime) else datetime.fromisoformat(str(value)))
    except ValueError:
        raise ReadError(at, f"{value!r} is no time; write it as 2026-03-01T10:00:00Z.") from None


def _read_each(body: Any, at: str, reader: Callable[[Any], Any]) -> dict[str, Any]:
    read = {}
    for name, item in _object(body or {}, at).items():
        try:
            read[name] = reader(item)
        except WorldError as error:
            raise ReadError(f"{at}.{name}", f"{error}.") from None
    return read


def _object(body: Any, at: str, known: tuple[str, ...] | None = None) -> dict[str, Any]:
    if not isinstance(body, dict) or any(not isinstance(name, str) for name in body):
        raise ReadError(at, f"is {type(body).__name__}, where names with values are wanted.")
    for name in body:
        if known is not None and name not in known:
            raise ReadError(f"{at}.{name}" if at else name, f"is unknown; known are {', '.join(known)}.")
    return body


def _list(items: Any, at: str) -> list[Any]:
    if not isinstance(items, list):
        raise ReadError(at, f"is {type(items).__name__}, where a list is wanted.")
    return items
