"""A model that answers from a script: for demos, tests and trying a flow without any endpoint. No Django here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from cloudmate.llm.base import LLMError, Message, Reply, Tool, ToolCall, Usage


@dataclass(frozen=True)
class Request:
    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    schema: dict[str, Any] | None = None
    temperature: float | None = None
    seed: int | None = None


class ScriptEnded(LLMError):
    """More was asked than the script answers."""

    code = "script_ended"


class ScriptedLLM:
    """Gives the script's entries in order: a Reply is returned, an LLMError raised, a function called with the Request.

    ``asked`` holds every Request so far.
    """

    def __init__(self, script: Iterable[Reply | LLMError | Callable[[Request], Reply]], *, model: str = "scripted"):
        self.model = model
        self.asked: list[Request] = []
        self._script = iter(script)

    def complete(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[Tool] = (),
        schema: dict[str, Any] | None = None,
        temperature: float | None = 0.0,
        seed: int | None = None,
        max_tokens: int | None = None,
        timeout: float | None = None,
    ) -> Reply:
        request = Request(tuple(messages), tuple(tools), schema, temperature, seed)
        self.asked.append(request)
        try:
            entry = next(self._script)
        except StopIteration:
            raise ScriptEnded(f"the script has no reply number {len(self.asked)}") from None
        if isinstance(entry, LLMError):
            raise entry
        return entry if isinstance(entry, Reply) else entry(request)


def says(value: Any, *, usage: Usage = Usage()) -> Reply:
    """A reply in words, or in JSON where ``value`` is not text."""
    return Reply(value if isinstance(value, str) else json.dumps(value), usage=usage, model="scripted")


def calls(name: str, arguments: dict[str, Any] | str, *, text: str = "", usage: Usage = Usage()) -> Reply:
    """A reply that calls one tool."""
    spelled = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return Reply(text, (ToolCall("call_0", name, spelled),), usage, "scripted")
