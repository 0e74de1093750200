"""From a row of a file to a row of a table: times, numbers, flags and labels as the table wants them. No Django here."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import yaml

from cases.redaction import Redaction, redact, redact_value
from sandbox.environment.world.base import utc
from sandbox.environment.world.tables import COLUMNS, COUNT, FLAG, LABELS, NUMBER, TEXT, TIME, YAML
from sandbox.importers.reading import ImportProblem, ReadError
from sandbox.importers.telemetry.files import rows_of
from sandbox.importers.telemetry.mapping import EPOCHS, Source

MOST_PROBLEMS = 20  # that are said; the file is read no further
_NOTHING = ("", "nan", "null", "none", "n/a", "-")
_TRUTH = {"true": True, "1": True, "yes": True, "error": True, "false": False, "0": False, "no": False, "ok": False}
_REMEDY = {
    NUMBER: "is no number; map another column, or translate it under values",
    COUNT: "is no whole number; map another column, or translate it under values",
    FLAG: "is neither true nor false; translate it under values",
    LABELS: "is no JSON object; map label by label: {label: column}",
    YAML: "is no manifest; a YAML or JSON object is wanted",
    TEXT: "is no text; translate it under values",
}


class Problems(Exception):
    """Files that cannot come in as they are: ``found`` says which row and field of which file, why, and the remedy."""

    def __init__(self, found: list[ImportProblem]):
        super().__init__("\n".join(str(one) for one in found))
        self.found = found


class Converter:
    """Rows of tables out of files. What is wrong is collected, up to MOST_PROBLEMS; ``settle`` raises it."""

    def __init__(self) -> None:
        self.problems: list[ImportProblem] = []
        self.redactions: list[tuple[Redaction, ...]] = []
        self.empty = 0  # samples without a value, left out

    def rows(self, source: Source) -> Iterator[dict[str, Any]]:
        """The rows of one file as rows of its table, secrets redacted; a row that is wrong is a problem, and left out."""
        try:
            for number, row in rows_of(source.path, source.format):
                try:
                    yield from self._converted(source, row)
                except ReadError as error:
                    self._problem(source, f"row {number}, {error.field}", error.reason)
        except ReadError as error:
            self._problem(source, error.field, error.reason)

    def settle(self) -> None:
        """Raise Problems where anything was wrong."""
        if self.problems:
            raise Problems(self.problems)

    def _problem(self, source: Source, where: str, reason: str) -> None:
        self.problems.append(ImportProblem(source.path.name, where, reason))
        if len(self.problems) >= MOST_PROBLEMS:
            self.settle()

    def _converted(self, source: Source, row: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if source.wide:
            for name in source.wide:
                yield from self._one(source, row, {"value": name}, {"metric": name})
        else:
            yield from self._one(source, row, {}, {})

    def _one(
        self, source: Source, row: dict[str, Any], columns: dict[str, str], constants: dict[str, str]
    ) -> Iterator[dict[str, Any]]:
        made: dict[str, Any] = {}
        for name, value in (source.constants | constants).items():
            made[name] = _read(COLUMNS[source.table][name][0], value, f"constants.{name}", source, name)
        for name, column in (source.columns | columns).items():
            kind, needed = COLUMNS[source.table][name]
            if isinstance(column, dict):
                raw: Any = {label: _cell(row, one, source) for label, one in column.items()}
                made[name] = {label: _text(value) for label, value in raw.items() if value is not None}
                continue
            raw = _cell(row, column, source)
            raw = source.values.get(name, {}).get(str(raw), raw)
            if raw is None or (kind not in (TEXT, YAML) and _is_nothing(raw)):
                if source.table == "metrics" and name == "value":
                    self.empty += 1
                    return
                if needed:
                    raise ReadError(column, f"is empty; every row of {source.table} needs {name}.")
                continue
            made[name] = _read(kind, raw, column, source, name)
        yield self._without_secrets(made)

    def _without_secrets(self, made: dict[str, Any]) -> dict[str, Any]:
        for name, value in made.items():
            if isinstance(value, str):
                kept = redact(value)
                made[name] = kept.text
            elif isinstance(value, dict):
                kept = redact_value(value)
                made[name] = kept.value
            else:
                continue
            if kept.redactions:
                self.redactions.append(kept.redactions)
        return made


def _cell(row: dict[str, Any], column: str, source: Source) -> Any:
    """A cell by the column's name, or by a path into it: resource.service.name. An object of JSON may leave names out."""
    if column in row:
        return row[column]
    first, *path = column.split(".")
    if first not in row and source.format != "jsonl":
        raise ReadError(column, f"is no column of the file; it has {', '.join(list(row)[:20])}.")
    held = row.get(first)
    for part in path:
        held = held.get(part) if isinstance(held, dict) else None
    return held if path else None


def _read(kind: str, raw: Any, column: str, source: Source, name: str) -> Any:
    if kind == TIME:
        return _time(raw, source.times.get(name, "iso"), column, source)
    try:
        return _READERS[kind](raw)
    except (ValueError, TypeError, OverflowError):
        raise ReadError(column, f"{str(raw)[:60]!r} {_REMEDY[kind]}.") from None


def _time(raw: Any, form: str, column: str, source: Source) -> datetime:
    try:
        if isinstance(raw, datetime):
            moment = raw
        elif form in EPOCHS:
            moment = datetime.fromtimestamp(float(raw) / EPOCHS[form], UTC)
        elif form == "iso":
            moment = datetime.fromisoformat(str(raw).strip())
        else:
            moment = datetime.strptime(str(raw).strip(), form)
    except (ValueError, TypeError, OverflowError, OSError):
        raise ReadError(column, f"{str(raw)[:60]!r} is no time in the form {form}; say its form under time.") from None
    return utc(moment.replace(tzinfo=source.zone) if moment.tzinfo is None else moment)


def _is_nothing(raw: Any) -> bool:
    return (
        raw is None
        or (isinstance(raw, float) and math.isnan(raw))
        or (isinstance(raw, str) and raw.strip().lower() in _NOTHING)
    )


def _number(raw: Any) -> float:
    number = float(raw)
    if isinstance(raw, bool) or not math.isfinite(number):
        raise ValueError
    return number


def _count(raw: Any) -> int:
    number = _number(raw)
    if number != int(number):
        raise ValueError
    return int(raw) if isinstance(raw, int) else int(number)


def _flag(raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    try:
        return _TRUTH[str(raw).strip().lower()]
    except KeyError:
        raise ValueError from None


def _object(raw: Any) -> dict[str, Any]:
    held = json.loads(raw) if isinstance(raw, str) else raw
    if not isinstance(held, dict):
        raise ValueError
    return held


def _manifest(raw: Any) -> dict[str, Any] | str:
    try:
        held = yaml.safe_load(raw) if isinstance(raw, str) else raw
    except yaml.YAMLError:
        raise ValueError from None
    return raw if isinstance(held, dict) else _object(held)


def _text(raw: Any) -> str:
    if isinstance(raw, str):
        return raw
    if isinstance(raw, datetime | date):
        return raw.isoformat()
    if isinstance(raw, bytes):
        return raw.hex()
    if isinstance(raw, Decimal):
        return str(raw)
    return json.dumps(raw, ensure_ascii=False, default=str)


_READERS: dict[str, Callable[[Any], Any]] = {
    NUMBER: _number,
    COUNT: _count,
    FLAG: _flag,
    LABELS: _object,
    YAML: _manifest,
    TEXT: _text,
}
