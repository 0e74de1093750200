"""Any OpenAI-compatible endpoint. The only import of the openai SDK, made at the first call: it costs 45 MB. No Django here."""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cloudmate.llm.base import (
    Malformed,
    Message,
    RateLimited,
    Refused,
    Reply,
    Timeout,
    Tool,
    ToolCall,
    TooLong,
    Truncated,
    Unreachable,
    Usage,
)
from cloudmate.llm.dialect import Dialect
from cloudmate.llm.reading import calls_in

if TYPE_CHECKING:
    import openai

BIGGEST = 8 * 2**20  # bytes of one answer
LONGEST_WORDS = 500  # characters of an endpoint's words that are kept
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 20.0  # seconds
ABOUT_LENGTH = ("context length", "context size", "context window", "maximum context", "too many tokens", "too long")


@dataclass(frozen=True)
class Endpoint:
    """Where a model is served. The key is in no repr, message, log line or row."""

    model: str
    base_url: str = "https://api.openai.com/v1"
    api_key: str = field(default="", repr=False)
    timeout: float = 120.0  # seconds for one reply, retries included
    retries: int = 3
    max_tokens: int = 8192  # of one reply, where the asker sets no limit: a model that rambles is stopped


class _Retry(Exception):
    """An answer that may be another one next time: ``error`` is what to raise if it is not."""

    def __init__(self, error: Exception, after: float | None = None):
        super().__init__(str(error))
        self.error = error
        self.after = after


class OpenAILLM:
    """One endpoint. Remembers the dialect that it was found to speak; may be shared by threads."""

    def __init__(self, endpoint: Endpoint, *, sleep: Callable[[float], None] = time.sleep):
        self.endpoint = endpoint
        self.model = endpoint.model
        self.dialect = Dialect()
        self._sleep = sleep
        self._lock = threading.Lock()
        self._client: openai.OpenAI | None = None
        self._calls_seen = False
        self._silent = 0

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
        """See LLM.complete. A dialect is remembered once a request in it has succeeded."""
        deadline = time.monotonic() + (self.endpoint.timeout if timeout is None else timeout)
        dialect, limit = self.dialect, self.endpoint.max_tokens if max_tokens is None else max_tokens
        while True:
            body = dialect.body(
                messages, tools=tools, schema=schema, temperature=temperature, seed=seed, max_tokens=limit
            )
            try:
                data = self._patiently(body, dialect, deadline)
            except TooLong:
                raise
            except Refused as refusal:
                simpler = dialect.without(str(refusal), body) if refusal.status in (400, 415, 422, 500, 501) else None
                if simpler is None:
                    raise
                dialect = simpler
                continue
            self.dialect = dialect
            return self._reply(data, tools, dialect)

    def _patiently(self, body: dict[str, Any], dialect: Dialect, deadline: float) -> dict[str, Any]:
        pause = FIRST_PAUSE
        for left in range(self.endpoint.retries, -1, -1):
            try:
                return self._once(body, dialect, deadline)
            except _Retry as retry:
                wait = min(
                    retry.after if retry.after is not None else pause * random.uniform(0.75, 1.25), LONGEST_PAUSE
                )
                if not left or time.monotonic() + wait >= deadline:
                    raise retry.error from None
            self._sleep(wait)
            pause *= 2
        raise AssertionError("the last try either returns or raises")

    def _once(self, body: dict[str, Any], dialect: Dialect, deadline: float) -> dict[str, Any]:
        import openai

        transport = sys.modules[openai.DefaultHttpxClient.__bases__[0].__module__]  # httpx or httpx2, as the SDK has it
        left = deadline - time.monotonic()
        if left <= 0:
            raise Timeout(f"{self._where} gave no answer in time")
        try:
            create = self._connected().chat.completions.with_streaming_response.create
            with create(model=self.model, timeout=left, **body) as response:
                pieces, size = [], 0
                for piece in response.iter_bytes():
                    pieces.append(piece)
                    size += len(piece)
                    if size > BIGGEST:
                        raise Malformed(f"{self._where} answered more than {BIGGEST} bytes")
                    if time.monotonic() > deadline:
                        raise Timeout(f"{self._where} was still answering when its time was up")
        except openai.APIStatusError as error:
            raise self._turned_down(error, body, dialect) from None
        except (openai.APITimeoutError, transport.TimeoutException):
            raise Timeout(f"{self._where} gave no answer within {left:.1f} s") from None
        except (openai.APIConnectionError, transport.HTTPError) as error:
            raise _Retry(Unreachable(f"{self._where}: {self._clean(str(error.__cause__ or error))}")) from None
        try:
            data = json.loads(b"".join(pieces))
        except (ValueError, RecursionError):
            raise _Retry(Malformed(f"{self._where} answered something that is not JSON")) from None
        if not isinstance(data, dict):
            raise _Retry(Malformed(f"{self._where} answered JSON that is not an object"))
        return data

    def _turned_down(self, error: openai.APIStatusError, body: dict[str, Any], dialect: Dialect) -> Exception:
        status, words = error.status_code, self._clean(error.message)
        said = f"{self._where} answered {status}: {words}"
        if status == 429:
            return _Retry(RateLimited(said), after=_seconds(error.response.headers.get("retry-after")))
        if any(phrase in words.lower() for phrase in ABOUT_LENGTH):
            return TooLong(said, status=status)
        if status >= 500 and not dialect.blamed(words, body):
            return _Retry(Unreachable(said))
        if status in (408, 409):
            return _Retry(Refused(said, status=status))
        return Refused(said, status=status)

    def _reply(self, data: dict[str, Any], tools: Sequence[Tool], dialect: Dialect) -> Reply:
        usage = _usage(data.get("usage"))
        try:
            choice = data["choices"][0]
            message = choice["message"]
            text = _text(message.get("content"))
            calls = tuple(
                ToolCall(str(call.get("id") or f"call_{number}"), _text(call["function"]["name"]), _arguments(call))
                for number, call in enumerate(message.get("tool_calls") or [])
            )
        except (KeyError, IndexError, TypeError, AttributeError):
            raise Malformed(f"{self._where} answered JSON that is not a chat completion") from None
        cut = choice.get("finish_reason") == "length"
        if tools and not calls and not cut:
            calls = calls_in(text, [tool.name for tool in tools])
        self._notice(bool(calls), bool(tools), dialect)
        if cut:
            raise Truncated(f"{self._where} was cut at its token limit", partial=text, usage=usage)
        return Reply(text, calls, usage, str(data.get("model") or self.model), dialect.name)

    def _notice(self, called: bool, asked: bool, dialect: Dialect) -> None:
        """Some endpoints drop ``tools`` without a word: after two replies without any call, spell the tools out."""
        if not asked or not dialect.native_tools:
            return
        with self._lock:
            self._calls_seen = self._calls_seen or called
            self._silent = 0 if called else self._silent + 1
            if self._silent >= 2 and not self._calls_seen:
                self.dialect = Dialect(native_tools=False, output=dialect.output, dropped=dialect.dropped)

    def _connected(self) -> openai.OpenAI:
        with self._lock:
            if self._client is None:
                import openai

                # retries are ours: bounded by one deadline, and named when they end
                self._client = openai.OpenAI(
                    base_url=self.endpoint.base_url, api_key=self.endpoint.api_key or "none", max_retries=0
                )
            return self._client

    def close(self) -> None:
        """Let go of the connections; the next call opens them again."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    @property
    def _where(self) -> str:
        return f"model {self.model}"

    def _clean(self, words: str) -> str:
        """An endpoint's words, short and without the key: some of them repeat it."""
        if self.endpoint.api_key:
            words = words.replace(self.endpoint.api_key, "[key]")
        return words[:LONGEST_WORDS]


def _seconds(value: str | None) -> float | None:
    try:
        return max(0.0, float(value)) if value is not None else None
    except ValueError:
        return None  # a date: our own pause will do


def _usage(data: Any) -> Usage:
    data = data if isinstance(data, dict) else {}
    counts = [data.get(name) for name in ("prompt_tokens", "completion_tokens")]
    return Usage(*(count if isinstance(count, int) and count > 0 else 0 for count in counts))


def _text(content: Any) -> str:
    """The words of a reply; some endpoints answer in parts. NUL is taken out: no database stores it."""
    if content is None:
        return ""
    if isinstance(content, list):
        content = "".join(part.get("text") or "" for part in content)
    if not isinstance(content, str):
        raise TypeError("content is neither text nor parts")
    return content.replace("\x00", "").encode("utf-8", "replace").decode()


def _arguments(call: dict[str, Any]) -> str:
    arguments = call["function"].get("arguments")
    return _text(arguments) if arguments is None or isinstance(arguments, str) else json.dumps(arguments)
