"""One question whose answer has a form: the form or *unscored*, never a guess. No Django here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from cloudmate.llm.base import LLM, LLMError, Message, Truncated, Usage
from cloudmate.llm.prompts import Filled
from cloudmate.llm.reading import NotJSON, object_in

REPAIR = (
    "That reply cannot be used: {problem}. Answer again with one JSON object of the form asked for, and nothing else."
)


@dataclass(frozen=True)
class Asked:
    """``value`` is valid against the schema, or None with ``unscored_reason`` in words.

    ``raw_prompt`` is what was sent last, as JSON; ``usage`` is the sum over both tries.
    """

    value: dict[str, Any] | None
    unscored_reason: str
    raw_prompt: str
    raw_reply: str
    usage: Usage
    digest: str
    model: str
    repaired: bool = False


def ask(
    llm: LLM,
    *,
    prompt: Filled,
    schema: dict[str, Any],
    system: str = "",
    repair: bool = True,
    temperature: float | None = 0.0,
    seed: int | None = None,
    max_tokens: int | None = None,
    timeout: float | None = None,
) -> Asked:
    """Ask for JSON of ``schema``; a reply that is not gets one chance to be mended, then counts as unscored.

    Never raises for what a model or its endpoint does.
    """
    messages = [Message("system", system)] if system else []
    messages.append(Message("user", prompt.text))
    usage, text, model, problem = Usage(), "", llm.model, ""
    for attempt in range(2 if repair else 1):
        if attempt:
            messages += [Message("assistant", text or "(nothing)"), Message("user", REPAIR.format(problem=problem))]
        try:
            reply = llm.complete(
                messages, schema=schema, temperature=temperature, seed=seed, max_tokens=max_tokens, timeout=timeout
            )
            usage, text, model = usage + reply.usage, reply.text, reply.model or model
            value = valid(object_in(text), schema)
            return Asked(value, "", _spelled(messages), text, usage, prompt.digest, model, repaired=bool(attempt))
        except Truncated as cut:
            usage, text, problem = usage + cut.usage, cut.partial, f"truncated: {cut}"
        except NotJSON as broken:
            problem = f"schema: {broken}"
        except LLMError as error:
            problem = f"{error.code}: {error}"
            break
    return Asked(None, problem, _spelled(messages), text, usage, prompt.digest, model)


def valid(value: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """``value`` itself if it is valid against ``schema``; else NotJSON names the field that is wrong."""
    from jsonschema import Draft202012Validator  # 8 MB that only a thinker needs

    error = next(
        iter(sorted(Draft202012Validator(schema).iter_errors(value), key=lambda e: list(map(str, e.path)))), None
    )
    if error is not None:
        raise NotJSON(f"{error.json_path}: {error.message[:200]}")
    return value


def _spelled(messages: list[Message]) -> str:
    return json.dumps([{"role": m.role, "content": m.content} for m in messages], ensure_ascii=False)
