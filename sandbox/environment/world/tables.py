"""Rows in, frozen Parquet tables out: every column checked, the same rows always the same bytes. No Django here."""

from __future__ import annotations

import hashlib
import json
import math
import tempfile
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import yaml

from sandbox.environment.world.base import TABLES, BadTable, TableFile, utc

TIME, TEXT, NUMBER, COUNT, FLAG, LABELS, YAML = "time", "text", "number", "count", "flag", "labels", "yaml"
_SQL = {TIME: "TIMESTAMP", NUMBER: "DOUBLE", COUNT: "BIGINT", FLAG: "BOOLEAN"}  # the rest is text

# table -> column -> (kind, must be given); a column that need not be given is null, or "" for text
COLUMNS: dict[str, dict[str, tuple[str, bool]]] = {
    "metrics": {
        "at": (TIME, True),
        "component": (TEXT, False),
        "metric": (TEXT, True),
        "labels": (LABELS, False),
        "value": (NUMBER, True),
    },
    "logs": {
        "at": (TIME, True),
        "component": (TEXT, False),
        "pod": (TEXT, False),
        "level": (TEXT, False),
        "line": (TEXT, True),
    },
    "spans": {
        "trace": (TEXT, True),
        "span": (TEXT, True),
        "parent": (TEXT, False),
        "component": (TEXT, True),
        "operation": (TEXT, False),
        "at": (TIME, True),
        "duration_ms": (NUMBER, True),
        "error": (FLAG, False),
        "attributes": (LABELS, False),
    },
    "events": {
        "at": (TIME, True),
        "kind": (TEXT, False),
        "name": (TEXT, True),
        "namespace": (TEXT, False),
        "type": (TEXT, False),
        "reason": (TEXT, False),
        "message": (TEXT, False),
        "times": (COUNT, False),
    },
    "changes": {
        "at": (TIME, True),
        "kind": (TEXT, True),
        "target": (TEXT, False),
        "text": (TEXT, False),
        "by_whom": (TEXT, False),
    },
    "objects": {
        "kind": (TEXT, True),
        "name": (TEXT, True),
        "namespace": (TEXT, False),
        "from_at": (TIME, True),
        "until_at": (TIME, False),
        "manifest": (YAML, True),
    },
    "topology": {
        "source": (TEXT, True),
        "target": (TEXT, True),
        "relation": (TEXT, False),
        "from_at": (TIME, True),
        "until_at": (TIME, False),
    },
    "slow_queries": {
        "at": (TIME, True),
        "query_id": (TEXT, False),
        "component": (TEXT, False),
        "calls": (COUNT, False),
        "mean_ms": (NUMBER, False),
        "max_ms": (NUMBER, False),
        "rows": (COUNT, False),
        "rows_examined": (COUNT, False),
        "query": (TEXT, True),
    },
    "alerts": {
        "name": (TEXT, True),
        "component": (TEXT, False),
        "severity": (TEXT, False),
        "since": (TIME, True),
        "until_at": (TIME, False),
        "summary": (TEXT, False),
    },
}
# what a table is stored by; rows that agree in it keep the order they came in
ORDER = {
    "metrics": ("metric", "component", "labels", "at"),
    "logs": ("at",),
    "spans": ("at",),
    "events": ("at",),
    "changes": ("at",),
    "objects": ("kind", "namespace", "name", "from_at"),
    "topology": ("source", "target", "relation", "from_at"),
    "slow_queries": ("at",),
    "alerts": ("since", "name"),
}
BEGINS = {"objects": "from_at", "topology": "from_at", "alerts": "since"}  # the rest begins "at"


def build_tables(rows: Mapping[str, Iterable[Mapping[str, Any]]]) -> tuple[TableFile, ...]:
    """Freeze rows by table. A table that is not named is not captured; one named without rows is captured and empty.

    Times are datetimes (without a zone: UTC), ISO text or epoch seconds. BadTable names table, row, column and remedy;
    then nothing is built.
    """
    for name in rows:
        if name not in COLUMNS:
            raise BadTable(f"{name}: there is no such table; a world has {', '.join(TABLES)}")
    return tuple(_built(name, rows[name]) for name in TABLES if name in rows)


def check_table(table: TableFile) -> None:
    """BadTable where the bytes are not those of the digest: a table is never opened changed."""
    if hashlib.sha256(table.data).hexdigest() != table.digest:
        raise BadTable(
            f"{table.name}: its bytes are not those of digest {table.digest[:12]}; restore them or freeze again"
        )


def columns_sql(name: str) -> dict[str, str]:
    """The columns of a table with their DuckDB types."""
    return {column: _SQL.get(kind, "VARCHAR") for column, (kind, _) in COLUMNS[name].items()}


def _built(name: str, rows: Iterable[Mapping[str, Any]]) -> TableFile:
    columns = COLUMNS[name]
    types = columns_sql(name) | {"n": "BIGINT"}
    order = ", ".join(f'"{column}"' for column in (*ORDER[name], "n"))
    shown = ", ".join(f'"{column}"' for column in columns)
    with tempfile.TemporaryDirectory(prefix="world-") as folder:
        text, parquet = Path(folder, "rows.csv"), Path(folder, "rows.parquet")
        with text.open("w", encoding="utf-8", newline="") as file:
            file.write(",".join(f'"{column}"' for column in types) + "\n")
            file.writelines(_lines(name, columns, rows))
        with duckdb.connect(config={"threads": 1}) as connection:
            connection.execute(
                f"CREATE TABLE t AS SELECT * FROM read_csv(?, columns={types}, header=true, auto_detect=false, delim=',', "
                "quote='\"', escape='\"', nullstr='', allow_quoted_nulls=false, max_line_size=16000000)",
                [str(text)],
            )
            begin = f'"{BEGINS.get(name, "at")}"'
            count, first, last = connection.execute(f"SELECT count(*), min({begin}), max({begin}) FROM t").fetchone()
            connection.execute(
                f"COPY (SELECT {shown} FROM t ORDER BY {order}) TO '{parquet}' (FORMAT parquet, COMPRESSION zstd)"
            )
        data = parquet.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    return TableFile(name, digest, count, len(data), first and utc(first), last and utc(last), data)


def _lines(name: str, columns: Mapping[str, tuple[str, bool]], rows: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    readers = [(column, _READERS[kind], needed, kind) for column, (kind, needed) in columns.items()]
    for number, row in enumerate(rows):
        cells = []
        try:
            if not row.keys() <= columns.keys():
                unknown = sorted(row.keys() - columns.keys())[0]
                raise ValueError(f"{unknown}: there is no such column; the table has {', '.join(columns)}")
            for column, reader, needed, kind in readers:
                value = row.get(column)
                if value is None:
                    if needed:
                        raise ValueError(f"{column}: must be given")
                    cells.append(_MISSING.get(kind, ""))
                    continue
                try:
                    cells.append(reader(value))
                except (ValueError, TypeError, OverflowError, yaml.YAMLError) as error:
                    raise ValueError(f"{column}: {_short(value)} is not {_WANTED[kind]}") from error
        except ValueError as error:
            raise BadTable(f"{name}, row {number + 1}: {error}") from error
        cells.append(str(number))
        yield ",".join(cells) + "\n"


def _time(value: Any) -> str:
    if isinstance(value, bool):
        raise ValueError
    if isinstance(value, int | float):
        value = datetime.fromtimestamp(value, UTC)
    elif isinstance(value, str):
        value = datetime.fromisoformat(value)
    return utc(value).strftime("%Y-%m-%d %H:%M:%S.%f") if isinstance(value, datetime) else _refuse()


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError
    clean = value.replace("\x00", "").encode(errors="replace").decode()
    return '"' + clean.replace('"', '""') + '"'


def _number(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError
    return repr(float(value))


def _count(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**63:
        raise ValueError
    return str(value)


def _flag(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else _refuse()


def _labels(value: Any) -> str:
    """Labels in one form, so that a series is one series however its labels were ordered."""
    held = json.loads(value) if isinstance(value, str) else value
    if not isinstance(held, dict):
        raise ValueError
    flat = {str(key): item if isinstance(item, str) else json.dumps(item, sort_keys=True) for key, item in held.items()}
    return _text(json.dumps(flat, sort_keys=True, separators=(",", ":"), ensure_ascii=False))


def _yaml(value: Any) -> str:
    if isinstance(value, dict):
        return _text(yaml.safe_dump(value, sort_keys=False, allow_unicode=True))
    if not isinstance(yaml.safe_load(value), dict):
        raise ValueError
    return _text(value)


def _refuse() -> str:
    raise ValueError


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:60] + "…"


_READERS = {TIME: _time, TEXT: _text, NUMBER: _number, COUNT: _count, FLAG: _flag, LABELS: _labels, YAML: _yaml}
_MISSING = {TEXT: '""', LABELS: '"{}"', FLAG: "false"}
_WANTED = {
    TIME: "a time: a datetime, ISO text or epoch seconds",
    TEXT: "text",
    NUMBER: "a finite number; leave the row out where nothing was measured",
    COUNT: "a whole number",
    FLAG: "true or false",
    LABELS: "an object of labels, or its JSON",
    YAML: "a manifest: YAML of an object",
}
