"""How one endpoint wants to be asked: what it turns down is given up, and not asked for again. No Django here.

Endpoints that call themselves OpenAI-compatible differ in tool calling, structured output and
small parameters. A request starts in the richest dialect; each refusal that blames a feature
leads to the next simpler one, down to plain text that says how to answer.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from cloudmate.llm.base import Message, Tool

SCHEMA, OBJECT, TEXT = "json_schema", "json_object", "text"
SIMPLER = {SCHEMA: OBJECT, OBJECT: TEXT}
# what an endpoint's words blame -> the feature to give up; the first that was sent and is named wins
BLAMED = {
    "tool_choice": ("tool_choice",),
    "tools": ("tool", "function", "jinja"),
    "response_format": ("response_format", "json_schema", "json_object", "structured", "grammar", "schema", "json"),
    "temperature": ("temperature",),
    "seed": ("seed",),
    "max_tokens": ("max_tokens",),
    "max_completion_tokens": ("max_completion_tokens", "max_tokens"),
}


@dataclass(frozen=True)
class Dialect:
    native_tools: bool = True
    output: str = SCHEMA
    dropped: frozenset[str] = frozenset()  # of tool_choice, temperature, seed and the two names of a token limit

    @property
    def name(self) -> str:
        return f"{'tools' if self.native_tools else 'no_tools'}/{self.output}"

    def body(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[Tool],
        schema: dict[str, Any] | None,
        temperature: float | None,
        seed: int | None,
        max_tokens: int | None,
    ) -> dict[str, Any]:
        """The request's parameters, but for the model's name."""
        body: dict[str, Any] = {}
        if tools and self.native_tools:
            body["messages"] = [_native(message) for message in messages]
            body["tools"] = [{"type": "function", "function": _function(tool)} for tool in tools]
            body["tool_choice"] = "required"
        else:
            wanted = _call_schema(tools) if tools else schema
            body["messages"] = [_plain(message) for message in _told(messages, tools, wanted)]
            if wanted is not None and self.output == SCHEMA:
                body["response_format"] = {"type": SCHEMA, SCHEMA: {"name": "reply", "schema": wanted}}
            elif wanted is not None and self.output == OBJECT:
                body["response_format"] = {"type": OBJECT}
        for name, value in (("temperature", temperature), ("seed", seed)):
            if value is not None:
                body[name] = value
        if max_tokens is not None:
            body["max_completion_tokens" if "max_tokens" in self.dropped else "max_tokens"] = max_tokens
        return {name: value for name, value in body.items() if name not in self.dropped}

    def without(self, words: str, body: dict[str, Any]) -> Dialect | None:
        """The next simpler dialect after a refusal in ``words`` of ``body``; None when nothing is left to give up.

        Where the words name no feature, the rarest one sent goes first.
        """
        feature = self.blamed(words, body)
        sent = [name for name in BLAMED if name in body]
        if feature is None:
            feature = sent[0] if sent else None
        if feature is None:
            return None
        if feature == "tools":
            return replace(self, native_tools=False)
        if feature == "response_format":
            return replace(self, output=SIMPLER[self.output])
        return replace(self, dropped=self.dropped | {feature})

    def blamed(self, words: str, body: dict[str, Any]) -> str | None:
        """The feature of ``body`` that ``words`` name, or None."""
        words = words.lower()
        return next((name for name, hints in BLAMED.items() if name in body and any(h in words for h in hints)), None)


def _function(tool: Tool) -> dict[str, Any]:
    return {"name": tool.name, "description": tool.description, "parameters": tool.parameters}


def _native(message: Message) -> dict[str, Any]:
    data: dict[str, Any] = {"role": message.role, "content": _sendable(message.content)}
    if message.calls:
        data["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.calls
        ]
    if message.call_id:
        data["tool_call_id"] = message.call_id
    return data


def _plain(message: Message) -> dict[str, Any]:
    if message.calls:
        spelled = [f'{{"tool": {json.dumps(call.name)}, "arguments": {call.arguments}}}' for call in message.calls]
        return {"role": "assistant", "content": _sendable("\n".join([message.content, *spelled]).strip())}
    if message.role == "tool":
        return {"role": "user", "content": _sendable(f"The tool returned:\n{message.content}")}
    return {"role": message.role, "content": _sendable(message.content)}


def _sendable(text: str) -> str:
    """Raw returns may hold half a character (a lone surrogate), which no request body can."""
    return text.encode("utf-8", "replace").decode()


def _call_schema(tools: Sequence[Tool]) -> dict[str, Any]:
    return {
        "anyOf": [
            {
                "type": "object",
                "properties": {"tool": {"const": tool.name}, "arguments": tool.parameters},
                "required": ["tool", "arguments"],
                "additionalProperties": False,
            }
            for tool in tools
        ]
    }


def _told(messages: Sequence[Message], tools: Sequence[Tool], wanted: dict[str, Any] | None) -> list[Message]:
    """The messages, with the form of the reply said in the system message: no parameter is sure to be read."""
    if wanted is None:
        return list(messages)
    if tools:
        lines = [json.dumps(_function(tool), ensure_ascii=False) for tool in tools]
        words = 'Answer with one JSON object only: {"tool": <name>, "arguments": {...}}. The tools:\n' + "\n".join(
            lines
        )
    else:
        words = "Answer with one JSON object only, valid against this JSON Schema:\n" + json.dumps(wanted)
    if messages and messages[0].role == "system":
        return [replace(messages[0], content=f"{messages[0].content}\n\n{words}"), *messages[1:]]
    return [Message("system", words), *messages]
