"""A local HTTP server that behaves as model endpoints do, well and badly. One act per request, in order."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cloudmate.llm.openai import Endpoint, OpenAILLM

Act = Callable[["Handler", dict[str, Any]], None]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Silent."""

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["content-length"]))
        self.server.serve(self, json.loads(raw))  # type: ignore[attr-defined]

    def send(
        self, status: int, body: bytes, *, length: int | None = None, headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body) if length is None else length))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def hang_up(self) -> None:
        self.close_connection = True
        self.connection.close()


class ModelServer(ThreadingHTTPServer):
    """``acts`` are used up one by one, the last one for ever; ``requests`` and ``keys`` hold what came."""

    daemon_threads = True

    def __init__(self, *acts: Act):
        super().__init__(("127.0.0.1", 0), Handler)
        self.acts = list(acts)
        self.requests: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.authorizations: list[str] = []
        self.closing = threading.Event()
        self.llms: list[OpenAILLM] = []
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def llm(self, *, model: str = "m1", key: str = "", pauses: list[float] | None = None, **options: Any) -> OpenAILLM:
        """A model at this endpoint, that notes its pauses instead of making them; closed with the server."""
        noted = pauses if pauses is not None else []
        self.llms.append(OpenAILLM(Endpoint(model, self.url, key, **options), sleep=noted.append))
        return self.llms[-1]

    def serve(self, handler: Handler, body: dict[str, Any]) -> None:
        with self._lock:
            self.requests.append(body)
            self.paths.append(handler.path)
            self.authorizations.append(handler.headers.get("authorization", ""))
            act = self.acts.pop(0) if len(self.acts) > 1 else self.acts[0]
        act(handler, body)

    def handle_error(self, *_: Any) -> None:
        """A client that went away is part of the play."""


@contextmanager
def serving(*acts: Act) -> Iterator[ModelServer]:
    server = ModelServer(*acts)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        for llm in server.llms:
            llm.close()
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


def completion(
    text: str | None = None,
    *calls: tuple[str, Any],
    finish: str = "stop",
    usage: tuple[int, int] = (10, 5),
) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if calls:
        message["tool_calls"] = [
            {
                "id": f"call_{number}",
                "type": "function",
                "function": {"name": name, "arguments": given if isinstance(given, str) else json.dumps(given)},
            }
            for number, (name, given) in enumerate(calls)
        ]
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "served-model",
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls" if calls else finish}],
        "usage": {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)},
    }


def answers(text: str | None = None, *calls: tuple[str, Any], **kwargs: Any) -> Act:
    body = json.dumps(completion(text, *calls, **kwargs)).encode()
    return lambda handler, _: handler.send(200, body)


def raw(body: bytes, *, status: int = 200) -> Act:
    return lambda handler, _: handler.send(status, body)


def refuses(status: int, words: str, **headers: str) -> Act:
    body = json.dumps({"error": {"message": words, "type": "invalid_request_error"}}).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler, _: handler.send(status, body, headers=named)


def drops() -> Act:
    return lambda handler, _: handler.hang_up()


def cut_off(text: str = "half") -> Act:
    """Promises more bytes than it sends, then hangs up."""

    def act(handler: Handler, _: dict[str, Any]) -> None:
        body = json.dumps(completion(text)).encode()
        handler.send(200, body[: len(body) // 2], length=len(body))
        handler.hang_up()

    return act


def late(seconds: float, then: Act) -> Act:
    def act(handler: Handler, body: dict[str, Any]) -> None:
        if not handler.server.closing.wait(seconds):  # type: ignore[attr-defined]
            then(handler, body)

    return act


def dribbles(every: float) -> Act:
    """A byte now and then: each read is quick, the whole never ends."""

    def act(handler: Handler, _: dict[str, Any]) -> None:
        handler.send(200, b" ", length=10_000)
        while not handler.server.closing.wait(every):  # type: ignore[attr-defined]
            handler.wfile.write(b" ")
            handler.wfile.flush()

    return act


def picky(*features: str, then: Act, words: str | None = None) -> Act:
    """Turns down every request that carries one of ``features``, naming it."""

    def act(handler: Handler, body: dict[str, Any]) -> None:
        for feature in features:
            name, _, kind = feature.partition("=")
            if name in body and (not kind or body[name].get("type") == kind):
                said = words if words is not None else f"unsupported parameter: {name} {kind}".strip()
                return refuses(400, said)(handler, body)
        return then(handler, body)

    return act


def wait_for(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to pass in time"
        time.sleep(0.01)
