"""A model's word on what code cannot settle: binary questions, each with a quote that code verifies. No Django here.

It sees no engine, model, knowledge or arm, and the answer only where it is asked whether a statement was made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from cases.evaluation.base import Question, Ruling, Rulings
from cases.evaluation.quotes import stands_in
from cloudmate.llm.ask import ask
from cloudmate.llm.base import LLM
from cloudmate.llm.prompts import Prompt, as_data

PROMPT = Prompt.beside(__file__, "../prompts/judge.md")
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["answers"],
    "properties": {
        "answers": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "answer"],
                "properties": {
                    "id": {"type": "string"},
                    "answer": {"enum": ["yes", "no", "insufficient"]},
                    "part": {"type": "string"},
                    "quote": {"type": "string"},
                    "reason": {"type": "string"},
                },
            },
        }
    },
}
SHORTEST_QUOTE = 3  # characters; less stands in any text


class LLMJudge:
    """Judges with the model it is given; one request for all questions."""

    def __init__(self, llm: LLM):
        self._llm = llm
        self.version = f"{llm.model} {PROMPT.digest[:12]}"

    def rule(self, questions: Sequence[Question], material: Mapping[str, str]) -> Rulings:
        """Every question with its ruling. A reply that has no usable form, even mended, leaves all unscored."""
        if not questions:
            return Rulings()
        prompt = PROMPT.fill(
            questions=as_data("questions", "\n".join(f"{question.id}: {question.text}" for question in questions)),
            material="\n\n".join(as_data(label, text) for label, text in material.items()),
        )
        asked = ask(self._llm, prompt=prompt, schema=SCHEMA)
        digest = hashlib.sha256(asked.raw_reply.encode(errors="replace")).hexdigest()
        if asked.value is None:
            unscored = tuple(Ruling(question, None, reason=asked.unscored_reason) for question in questions)
            return Rulings(unscored, asked.unscored_reason, digest, asked.usage.total)
        rows: dict[str, dict[str, Any]] = {}
        for row in asked.value["answers"]:
            rows.setdefault(row["id"], row)
        rulings = tuple(_ruling(question, rows.get(question.id), material) for question in questions)
        return Rulings(rulings, "", digest, asked.usage.total)


def _ruling(question: Question, row: dict[str, Any] | None, material: Mapping[str, str]) -> Ruling:
    """A yes without a quote that stands in the material is no yes; a no needs none, since nothing may be there to quote."""
    if row is None:
        return Ruling(question, None, reason="not answered")
    quote, reason = row.get("quote", ""), row.get("reason", "")
    answer = {"yes": True, "no": False, "insufficient": None}[row["answer"]]
    if question.dimension == "evidence":  # what a conclusion says is no evidence for itself
        material = {part: text for part, text in material.items() if part.startswith("step ")}
    if quote.strip() and not _quoted(quote, row.get("part", ""), material):
        return Ruling(question, None, quote, f"the quote is not in the material. {reason}".strip())
    if answer and not quote.strip():
        return Ruling(question, None, "", f"a yes without a quote. {reason}".strip())
    return Ruling(question, answer, quote, reason)


def _quoted(quote: str, part: str, material: Mapping[str, str]) -> bool:
    if len(quote.strip()) < SHORTEST_QUOTE:
        return False
    if part in material:
        return stands_in(quote, material[part])
    return any(stands_in(quote, text) for text in material.values())


def configured_judge() -> LLMJudge | None:
    """The judge that settings bind, or None: then evaluation is deterministic only, and says so."""
    from cloudmate.llm.roles import for_role  # the one line here that needs settings

    llm = for_role("judge")
    return LLMJudge(llm) if llm else None
