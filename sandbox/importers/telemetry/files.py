"""The rows of a telemetry file one after another, each with its number; the file is never in memory whole. No Django here."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

import duckdb

from sandbox.importers.reading import ReadError

Numbered = Iterator[tuple[int, dict[str, Any]]]
BATCH = 5_000  # rows of a Parquet file that are in memory at once
LONGEST = 16 * 2**20  # characters of one cell


def rows_of(path: Path, form: str) -> Numbered:
    """(line or row number, row) of a file. Raises ReadError for what cannot be read, at the row where it is found."""
    if not path.is_file():
        raise ReadError("", "is not there; file names are read from the folder of the mapping file.")
    try:
        yield from {"csv": _csv, "jsonl": _jsonl, "parquet": _parquet}[form](path)
    except UnicodeDecodeError:
        raise ReadError("", "is not UTF-8 text: save it as UTF-8.") from None
    except OSError as error:
        raise ReadError("", f"cannot be read: {error.strerror}.") from None


def _csv(path: Path) -> Numbered:
    csv.field_size_limit(LONGEST)
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        try:
            for row in reader:
                if None in row or None in row.values():
                    wanted = len(reader.fieldnames or ())
                    raise ReadError(
                        f"line {reader.line_num}",
                        f"has not the {wanted} cells of the header; quote commas inside a cell.",
                    )
                yield reader.line_num, row
        except csv.Error as error:
            raise ReadError(f"line {reader.line_num}", f"is not CSV: {error}.") from None


def _jsonl(path: Path) -> Numbered:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise ReadError(f"line {number}", f"is not JSON: {error}. Each line is one object.") from None
            if not isinstance(row, dict):
                raise ReadError(f"line {number}", f"is {type(row).__name__}; each line is one object.")
            yield number, row


def _parquet(path: Path) -> Numbered:
    with duckdb.connect(config={"threads": 1, "autoinstall_known_extensions": False}) as connection:
        try:
            types = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(path)]).fetchall()
            zoned = {name for name, kind, *_ in types if kind == "TIMESTAMP WITH TIME ZONE"}
            # as UTC without a zone: what reads zones is an extension that need not be there
            cells = ", ".join(_as_utc(name) if name in zoned else _quoted(name) for name, *_ in types)
            answer = connection.execute(f"SELECT {cells} FROM read_parquet(?)", [str(path)])
            number = 0
            while batch := answer.fetchmany(BATCH):
                for values in batch:
                    number += 1
                    row = dict(zip((name for name, *_ in types), values, strict=True))
                    yield number, row | {name: row[name] and row[name].replace(tzinfo=UTC) for name in zoned}
        except duckdb.Error as error:
            raise ReadError("", f"is not Parquet that can be read: {str(error).splitlines()[0]}.") from None


def _as_utc(name: str) -> str:
    return f"make_timestamp(epoch_us({_quoted(name)}))"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
