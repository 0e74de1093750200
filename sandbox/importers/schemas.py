"""Tools as agents see them, read from a catalogue or, where a source has none, from how they were called. No Django here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cases.transcript import ToolSchema
from sandbox.environment.base import Recording
from sandbox.importers.reading import ReadError, expect_list, expect_object, expect_text

_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}


def tools_from_catalogue(data: Any, where: str) -> tuple[ToolSchema, ...]:
    """Tools in function-calling form; raises ReadError naming the field."""
    tools = []
    for number, item in enumerate(expect_list(data, where)):
        at = f"{where}[{number}]"
        item = expect_object(item, at)
        item = expect_object(item.get("function", item), f"{at}.function")
        tools.append(
            ToolSchema(
                name=expect_text(item.get("name"), f"{at}.name"),
                description=expect_text(item.get("description"), f"{at}.description", required=False),
                parameters=expect_object(item.get("parameters", {"type": "object"}), f"{at}.parameters"),
                effectful=item.get("effectful") is True,
            )
        )
    names = [tool.name for tool in tools]
    if len(names) != len(set(names)):
        raise ReadError(where, "names a tool twice: every tool needs a name of its own.")
    return tuple(tools)


def tools_from_calls(recordings: Iterable[Recording]) -> tuple[ToolSchema, ...]:
    """What can be said of tools from their recorded calls: argument names and types, and which are never left out.

    No value of a call gets into a schema.
    """
    calls: dict[str, list[dict[str, Any]]] = {}
    for recording in recordings:
        calls.setdefault(recording.tool, []).append(recording.arguments)
    return tuple(ToolSchema(name, "", _parameters(asked)) for name, asked in sorted(calls.items()))


def _parameters(calls: list[dict[str, Any]]) -> dict[str, Any]:
    names = sorted({name for call in calls for name in call})
    always = [name for name in names if all(call.get(name) not in (None, "") for call in calls)]
    properties = {name: _typed([call[name] for call in calls if call.get(name) is not None]) for name in names}
    return {"type": "object", "properties": properties, "required": always}


def _typed(values: list[Any]) -> dict[str, Any]:
    kinds = {_TYPES[type(value)] for value in values}
    return {"type": kinds.pop()} if len(kinds) == 1 else {}
