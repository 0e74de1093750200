"""How the lab writes a tool's schema. No Django here."""

from __future__ import annotations

from cases.transcript import ToolSchema

TEXT = {"type": "string"}


def tool(name: str, description: str, required: tuple[str, ...] = (), /, **properties: dict) -> ToolSchema:
    """A tool that takes these arguments and no others."""
    parameters = {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}
    return ToolSchema(name, description, parameters)


def text(description: str) -> dict:
    return TEXT | {"description": description}
