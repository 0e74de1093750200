"""A model's words on why an expert made a call, drafted from what was known before it and checked by code. No Django here.

The model is shown the task, the steps before the call and the call itself: never what the call
returned or anything later. What it says is a draft for people to edit; it decides nothing.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any

from cases.evaluation.quotes import stands_in
from cases.transcript import Step, Task, Transcript
from cloudmate.llm.ask import Asked, ask
from cloudmate.llm.base import LLM
from cloudmate.llm.prompts import Prompt, as_data
from sandbox.retelling import called, cut, retold

PROMPT = Prompt.beside(__file__, "prompts/explainer.md")
LONGEST = 600  # characters of a rationale
LONGEST_TASK = 8_000
SHORTEST_QUOTE = 3  # characters; less stands in any text
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["rationale", "cites"],
    "properties": {
        "rationale": {"type": "string", "minLength": 1, "maxLength": LONGEST},
        "cites": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["step", "quote"],
                "properties": {"step": {"type": "integer"}, "quote": {"type": "string"}},
            },
        },
    },
}
NAMED_STEP = re.compile(r"\bsteps?\s+#?(\d{1,4})", re.IGNORECASE)
GONE = ("timeout", "unreachable", "rate_limited", "refused")  # what the next, longer prompt will not mend


@dataclass(frozen=True)
class Draft:
    """``rationale`` is "" where there is none that can be used, and ``problem`` says why, in words."""

    rationale: str = ""
    cites: tuple[int, ...] = ()  # indexes of steps it rests on, each before the call
    problem: str = ""
    engine: str = ""  # who wrote the rationale
    record: dict[str, Any] = field(default_factory=dict)  # digests of prompt and reply, tokens


class Explainer:
    """Explains the calls of one session with one model; an endpoint that gives no answer is asked no more."""

    def __init__(self, llm: LLM):
        self._llm = llm
        self._gone = ""
        self.engine = f"llm:{llm.model}"[:120]

    def why(self, transcript: Transcript, index: int) -> Draft:
        """Why step ``index`` was taken. Never raises for what a model or its endpoint does."""
        if self._gone:
            return Draft(problem=f"{self._llm.model} was not asked: {self._gone}")
        prefix, step = transcript.steps[:index], transcript.steps[index]
        prompt = PROMPT.fill(
            task=_task(transcript.task),
            steps=retold(prefix) or "No step had been taken before.",
            number=str(index + 1),
            call=as_data("call", cut(called(step), LONGEST_TASK)),
        )
        asked = ask(self._llm, prompt=prompt, schema=SCHEMA, seed=0)
        if asked.value is None:
            reason = asked.unscored_reason
            if reason.partition(":")[0] in GONE:
                self._gone = reason
            return Draft(problem=f"{self._llm.model}: {reason}", record=_record(asked))
        if problem := _unfounded(asked.value, prefix):
            return Draft(problem=f"{self._llm.model}: {problem}", record=_record(asked))
        cites = tuple(sorted({int(cite["step"]) - 1 for cite in asked.value["cites"]}))
        return Draft(asked.value["rationale"].strip(), cites, engine=self.engine, record=_record(asked))


def _task(task: Task) -> str:
    context = json.dumps(task.context, indent=1, ensure_ascii=False, default=str) if task.context else ""
    return as_data("task", cut(f"{task.prompt}\n{context}".strip(), LONGEST_TASK))


def _unfounded(value: dict[str, Any], prefix: tuple[Step, ...]) -> str:
    """What of a reply does not stand in the steps that were shown; "" where all of it does."""
    if not value["rationale"].strip():
        return "it said nothing"
    for cite in value["cites"]:
        number, quote = int(cite["step"]), cite["quote"].strip()
        if not 1 <= number <= len(prefix):
            return f"it cites step {number}, and only {len(prefix)} came before the call"
        if len(quote) < SHORTEST_QUOTE or not stands_in(quote, prefix[number - 1].observation.output):
            return f"its quote is not in what step {number} returned"
    later = [number for number in map(int, NAMED_STEP.findall(value["rationale"])) if number > len(prefix) + 1]
    return f"it speaks of step {later[0]}, which came later" if later else ""


def _record(asked: Asked) -> dict[str, Any]:
    reply = hashlib.sha256(asked.raw_reply.encode(errors="replace")).hexdigest()
    return {"model": asked.model, "prompt": asked.digest, "reply": reply, "tokens": asked.usage.total}
