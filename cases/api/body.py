"""Request bodies: JSON of a bounded size that every database can store."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from cases.api.errors import Invalid, TooLarge


class BoundedJSON(BaseParser):
    """Reads no more than the view's ``body_limit`` bytes. Raises TooLarge, ParseError or Invalid, in words."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        limit = (parser_context or {})["view"].body_limit
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise TooLarge(f"The body is larger than {limit} bytes.")
        try:
            value = json.loads(raw.decode("utf-8-sig"), parse_constant=_no_constant, parse_float=_finite)
        except UnicodeDecodeError as error:
            raise ParseError(f"The body is not UTF-8: byte {error.start} cannot be read.") from None
        except json.JSONDecodeError as error:
            raise ParseError(
                f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
            ) from None
        except RecursionError:
            raise ParseError("The body is nested too deeply.") from None
        except ValueError as error:
            raise ParseError(f"The body is not JSON: {error}.") from None
        _storable(value)
        return value


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is no JSON value")


def _finite(word: str) -> float:
    value = float(word)
    if not math.isfinite(value):
        raise ValueError(f"the number {word[:40]} is too large")
    return value


def _storable(value: Any) -> None:
    """Raise Invalid naming the first text with a NUL or half a character: no database takes either."""
    waiting: list[tuple[str, Any]] = [("", value)]
    while waiting:
        path, item = waiting.pop()
        if isinstance(item, dict):
            for key, inner in item.items():
                _check(f"{path}.{key}".lstrip("."), key)
                waiting.append((f"{path}.{key}".lstrip("."), inner))
        elif isinstance(item, list):
            waiting.extend((f"{path}[{number}]", inner) for number, inner in enumerate(item))
        elif isinstance(item, str):
            _check(path, item)


def _check(path: str, text: str) -> None:
    if text.isascii() and "\x00" not in text:
        return
    if "\x00" in text:
        raise Invalid(f"{path!r} holds a NUL character: leave it out.", field=path.replace("\x00", ""))
    try:
        text.encode()
    except UnicodeEncodeError:
        where = path.encode("utf-8", "replace").decode()
        raise Invalid(f"{where!r} holds half a character (a lone surrogate): leave it out.", field=where) from None
