"""A tool call as a person types it: ``tool name=value name="two words"`` or ``tool {"name": "value"}``. No Django here."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cases.calls import KIND_ARGUMENTS, kind_of
from cases.transcript import ToolSchema
from sandbox.environment.base import Inventory

MOST = 50
_FLAGS = {"true": True, "yes": True, "false": False, "no": False}
# part of an argument's name -> the kind of thing it asks for
_ASKS_FOR = (
    ("namespace", "namespaces"),
    ("node", "nodes"),
    ("pod", "pods"),
    ("deployment", "deployments"),
    ("app", "deployments"),
    ("service", "services"),
    ("workload", "deployments"),
    ("metric", "metrics"),
    ("trace", "traces"),
)


class CommandError(ValueError):
    """A typed call that cannot be read; the message says what to type instead."""


@dataclass(frozen=True)
class Completion:
    """``text`` is the whole input with this choice made; ``label`` what to show; ``hint`` what it is."""

    text: str
    label: str
    hint: str = ""


def read_command(text: str, tools: Sequence[ToolSchema]) -> tuple[str, dict[str, Any]]:
    """The tool and its arguments; values become what the tool's schema wants where they can. Raises CommandError."""
    name, _, rest = text.strip().partition(" ")
    if not name:
        raise CommandError(f"Type a tool and its arguments. The tools are: {', '.join(tool.name for tool in tools)}.")
    schema = next((tool for tool in tools if tool.name == name), None)
    rest = rest.strip()
    if rest.startswith("{"):
        return name, _json_arguments(rest)
    arguments: dict[str, Any] = {}
    for word in _words(rest):
        argument, separator, value = word.partition("=")
        if not separator or not argument:
            raise CommandError(f"{word!r} is no argument: write name=value.")
        if argument in arguments:
            raise CommandError(f"{argument} is there twice.")
        arguments[argument] = _typed(value, _property(schema, argument))
    return name, arguments


def written(tool: str, arguments: dict[str, Any]) -> str:
    """A call as ``read_command`` reads it back."""
    words = [tool]
    for name, value in arguments.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        words.append(f"{name}={shlex.quote(text) if text else chr(39) * 2}")
    return " ".join(words)


def complete(text: str, tools: Sequence[ToolSchema], inventory: Inventory) -> list[Completion]:
    """What may come next: tool names, then argument names (required ones first), then values that exist."""
    before, _, last = text.rpartition(" ")
    if not before.strip():
        return [
            Completion(f"{tool.name} ", tool.name, tool.description)
            for tool in sorted(tools, key=lambda tool: (not tool.name.lower().startswith(last.lower()), tool.name))
            if last.lower() in tool.name.lower()
        ][:MOST]
    name, *given = before.split()
    schema = next((tool for tool in tools if tool.name == name), None)
    if schema is None:
        return []
    argument, separator, begun = last.partition("=")
    if not separator:
        return _names(before, argument, schema, {word.partition("=")[0] for word in given})
    so_far = dict(word.split("=", 1) for word in given if "=" in word)
    begun = begun.strip("'\"").lower()
    values = [value for value in _values(schema, argument, so_far, inventory) if begun in value.lower()]
    values.sort(key=lambda value: not value.lower().startswith(begun))
    return [Completion(f"{before} {argument}={shlex.quote(value)} ", value) for value in values[:MOST]]


def _names(before: str, begun: str, schema: ToolSchema, given: set[str]) -> list[Completion]:
    required = schema.parameters.get("required") or []
    names = [name for name in schema.parameters.get("properties", {}) if name not in given and begun in name]
    return [
        Completion(
            f"{before} {name}=", name, "required" if name in required else str(_property(schema, name).get("type", ""))
        )
        for name in sorted(names, key=lambda name: (name not in required, name))
    ][:MOST]


def _values(schema: ToolSchema, argument: str, so_far: dict[str, str], inventory: Inventory) -> list[str]:
    wanted = _property(schema, argument)
    if wanted.get("enum"):
        return [str(value) for value in wanted["enum"]]
    if wanted.get("type") == "boolean":
        return ["true", "false"]
    if argument in KIND_ARGUMENTS:
        return list(inventory.names)
    if argument in ("name", "resource_name", "keyword"):
        kinds = (kind_of(so_far[name]) for name in KIND_ARGUMENTS if name in so_far)
        kind = next((kind for kind in kinds if kind), None)
        return list(inventory.names.get(kind, ())) if kind else []
    kind = next((kind for part, kind in _ASKS_FOR if part in argument.lower()), None)
    return list(inventory.names.get(kind, ())) if kind else []


def _property(schema: ToolSchema | None, argument: str) -> dict[str, Any]:
    wanted = schema.parameters.get("properties", {}).get(argument) if schema else None
    return wanted if isinstance(wanted, dict) else {}


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        raise CommandError("A quotation mark is not closed.") from None


def _json_arguments(text: str) -> dict[str, Any]:
    try:
        arguments = json.loads(text)
    except ValueError as error:
        raise CommandError(f"The arguments are not JSON: {error}.") from None
    except RecursionError:
        raise CommandError("The arguments are nested too deeply.") from None
    return arguments


def _typed(value: str, wanted: dict[str, Any]) -> Any:
    kind = wanted.get("type")
    if kind == "boolean":
        return _FLAGS.get(value.lower(), value)
    if kind == "integer" and re.fullmatch(r"[+-]?\d{1,18}", value):
        return int(value)
    if kind == "number" and re.fullmatch(r"[+-]?\d+(\.\d+)?", value):
        return float(value)
    if kind in ("array", "object"):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value
