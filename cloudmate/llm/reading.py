"""JSON as models write it: fenced, after a think block, with prose around it. No Django here."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from cloudmate.llm.base import ToolCall

LONGEST = 400_000  # characters looked at; a longer reply is not an answer
MOST_STARTS = 200  # braces tried, so that a hostile reply costs a bounded time
THINKING = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)


class NotJSON(ValueError):
    """A text that should hold a JSON object and does not; the message says where it breaks."""


def _no_constant(word: str) -> None:
    raise NotJSON(f"{word} is not JSON: write a number or null")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


def parse_object(text: str) -> dict[str, Any]:
    """A text that is one JSON object and nothing else. Raises NotJSON."""
    try:
        value = json.loads(text or "{}", parse_constant=_no_constant)
    except RecursionError:
        raise NotJSON("it is nested too deeply") from None
    except ValueError as error:
        raise NotJSON(str(error)) from None
    if not isinstance(value, dict):
        raise NotJSON(f"it is {type(value).__name__}, not an object")
    return _storable(value)


def _storable(value: dict[str, Any]) -> dict[str, Any]:
    try:
        spelled = json.dumps(value, ensure_ascii=False, allow_nan=False)
        spelled.encode()
    except ValueError:
        raise NotJSON("it holds a number or character that JSON has no room for") from None
    if "\\u0000" in spelled:
        raise NotJSON("it holds a NUL character")
    return value


def objects_in(text: str) -> list[dict[str, Any]]:
    """Every outermost JSON object in ``text``, in order."""
    text = THINKING.sub("", text[:LONGEST])
    found: list[dict[str, Any]] = []
    at = text.find("{")
    for _ in range(MOST_STARTS):
        if at < 0:
            break
        try:
            value, end = _DECODER.raw_decode(text, at)
            found.append(value)
        except (ValueError, RecursionError):
            end = at + 1
        at = text.find("{", end)
    return found


def object_in(text: str) -> dict[str, Any]:
    """The JSON object that a reply means: the whole text, else the last object in it. Raises NotJSON."""
    found = objects_in(text)
    if not found:
        raise NotJSON("the reply holds no JSON object")
    return _storable(found[-1])


def calls_in(text: str, names: Sequence[str], *, number: int = 0) -> tuple[ToolCall, ...]:
    """The tool call a reply spells out as {"tool": ..., "arguments": {...}}; () where it spells none.

    Some models write "name" and "parameters" for the same. A name outside ``names`` counts
    only in the form asked for, so that the caller can say it does not exist.
    """
    for value in reversed(objects_in(text)):
        name = value.get("tool", value.get("name"))
        arguments = value.get("arguments", value.get("parameters", {}))
        if not isinstance(name, str) or not name:
            continue
        if name in names or {"tool", "arguments"} <= value.keys():
            if not isinstance(arguments, str):
                arguments = json.dumps(arguments, ensure_ascii=False)
            return (ToolCall(id=f"call_{number}", name=name, arguments=arguments),)
    return ()
