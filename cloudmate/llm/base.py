"""What a model is asked and what it answers, as values; and every way that can fail, by name. No Django here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


class LLMError(Exception):
    """A model gave no answer that can be used. ``code`` is one word for counting; the message is for people."""

    code = "error"


class Timeout(LLMError):
    """No whole answer within the time given."""

    code = "timeout"


class Unreachable(LLMError):
    """The connection failed or broke, or the endpoint kept answering 5xx."""

    code = "unreachable"


class RateLimited(LLMError):
    """The endpoint still said 429 after the last retry."""

    code = "rate_limited"


class Refused(LLMError):
    """The endpoint turned the request down (4xx); the message holds its words."""

    code = "refused"

    def __init__(self, message: str, *, status: int = 0):
        super().__init__(message)
        self.status = status


class TooLong(Refused):
    """The request does not fit the model's context."""

    code = "too_long"


class Malformed(LLMError):
    """The endpoint answered, but not in the form of a chat completion."""

    code = "malformed"


class Truncated(LLMError):
    """The model was cut off at its token limit. ``partial`` is what came, ``usage`` what it cost."""

    code = "truncated"

    def __init__(self, message: str, *, partial: str = "", usage: Usage | None = None):
        super().__init__(message)
        self.partial = partial
        self.usage = usage or Usage()


@dataclass(frozen=True)
class Usage:
    """Tokens; zero where the endpoint does not say."""

    prompt: int = 0
    completion: int = 0

    @property
    def total(self) -> int:
        return self.prompt + self.completion

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.prompt + other.prompt, self.completion + other.completion)


@dataclass(frozen=True)
class Tool:
    """A function the model may call; ``parameters`` is a JSON Schema."""

    name: str
    description: str = ""
    parameters: dict[str, Any] = field(default_factory=lambda: {"type": "object", "properties": {}})


@dataclass(frozen=True)
class ToolCall:
    """``arguments`` is the text the model wrote: JSON where all is well, never assumed to be."""

    id: str
    name: str
    arguments: str = "{}"


@dataclass(frozen=True)
class Message:
    """``role`` is system, user, assistant or tool; a tool message answers the call ``call_id``."""

    role: str
    content: str = ""
    calls: tuple[ToolCall, ...] = ()
    call_id: str = ""


@dataclass(frozen=True)
class Reply:
    """``how`` says which dialect of the endpoint it came through."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    usage: Usage = Usage()
    model: str = ""
    how: str = ""

    def as_message(self) -> Message:
        return Message("assistant", self.text, self.calls)


class LLM(Protocol):
    model: str

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
        """One reply, within ``timeout`` seconds, retries included. Raises an LLMError and nothing else.

        With ``tools`` the model is expected to call one; with ``schema`` its text should be
        JSON of that form. Neither is guaranteed: the caller checks what comes.
        """
