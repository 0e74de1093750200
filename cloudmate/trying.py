"""Whether a model answers: one short call to its endpoint, told in words."""

import time
from dataclasses import dataclass, replace

from cloudmate.llm.base import LLMError, Message, Truncated
from cloudmate.llm.openai import Endpoint, OpenAILLM

PATIENCE = 15.0  # seconds
QUESTION = "Answer with the one word: ready"


@dataclass(frozen=True)
class Tried:
    ok: bool
    words: str


def tried(endpoint: Endpoint, *, patience: float = PATIENCE) -> Tried:
    """Ask once, without retries, within ``patience`` seconds. Raises nothing for what an endpoint does; tells no key."""
    llm = OpenAILLM(replace(endpoint, timeout=patience, retries=0))
    began = time.monotonic()
    try:
        reply = llm.complete([Message("user", QUESTION)], max_tokens=64)
    except Truncated:
        return Tried(True, f"It answers, after {_since(began)}; it was still thinking at 64 tokens.")
    except LLMError as problem:
        return Tried(False, f"{problem} ({problem.code}, after {_since(began)})")
    finally:
        llm.close()
    spent = f"{reply.usage.prompt} tokens in, {reply.usage.completion} out"
    return Tried(True, f"It answers as {reply.model}, after {_since(began)}; {spent}.")


def _since(began: float) -> str:
    return f"{time.monotonic() - began:.1f} s"
