"""What every importer needs to read files it does not trust: sizes, encodings, shapes, each refused in words."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cases.wellformed import flaw

MOST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class ImportProblem:
    """One thing that cannot come in: which file, which field of it ("" = all of it), why, and the remedy."""

    file: str
    field: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}: {self.field}: {self.reason}" if self.field else f"{self.file}: {self.reason}"


class ReadError(ValueError):
    """A file that is not in its form; carries the field and the reason of an ImportProblem."""

    def __init__(self, field: str, reason: str):
        super().__init__(f"{field}: {reason}" if field else reason)
        self.field = field
        self.reason = reason

    def at(self, file: Path | str) -> ImportProblem:
        return ImportProblem(str(file), self.field, self.reason)


def text_of(path: Path) -> str:
    """The text of a file; ReadError where it is missing, too large or not UTF-8."""
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise ReadError("", f"has {size:,} bytes; the most a file may have is {MOST_BYTES:,}. Split it.")
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ReadError("", f"is not UTF-8 text (byte {error.start}): save it as UTF-8.") from None
    except OSError as error:
        raise ReadError("", f"cannot be read: {error.strerror}.") from None


def json_of(path: Path) -> Any:
    """The JSON of a file; ReadError with line and column where it is not JSON."""
    return parsed(text_of(path))


def parsed(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise ReadError("", f"is not JSON: {error.msg} at line {error.lineno}, column {error.colno}.") from None
    except ReadError:
        raise
    except ValueError as error:
        raise ReadError("", f"is not JSON that can be read: {error}.") from None
    except RecursionError:
        raise ReadError("", "is not JSON that can be read: it is nested too deeply.") from None


def _no_number(word: str) -> None:
    raise ReadError("", f"holds {word}, which is no JSON number: write null.")


def expect_object(value: Any, field: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ReadError(field, f"must be an object, not {_named(value)}.")
    return value


def expect_storable(value: Any, field: str) -> Any:
    """Data that is kept as it is, whatever is inside."""
    if reason := flaw(value):
        raise ReadError(field, f"holds {reason}: leave it out.")
    return value


def expect_list(value: Any, field: str) -> list[Any]:
    if not isinstance(value, list):
        raise ReadError(field, f"must be a list, not {_named(value)}.")
    return value


def expect_text(value: Any, field: str, *, required: bool = True, empty: bool = False) -> str:
    """``required`` False: it may be missing; ``empty``: it must be there, and may say nothing."""
    if value is None and not required:
        return ""
    if not isinstance(value, str):
        raise ReadError(field, f"must be text, not {_named(value)}.")
    if required and not empty and not value.strip():
        raise ReadError(field, "is empty: say what it is.")
    if reason := flaw(value):
        raise ReadError(field, f"holds {reason}: leave it out.")
    return value


def expect_texts(value: Any, field: str) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(expect_text(item, f"{field}[{number}]") for number, item in enumerate(expect_list(value, field)))


def expect_flag(value: Any, field: str) -> bool:
    if value is None:
        return False
    if not isinstance(value, bool):
        raise ReadError(field, f"must be true or false, not {_named(value)}.")
    return value


def _named(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "nothing"}
    return names.get(type(value), "a number")
