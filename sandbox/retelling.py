"""Sessions as a model that thinks about them is shown them: numbered from 1, delimited, cut with how much. No Django here."""

from __future__ import annotations

from collections.abc import Iterable

from cases.transcript import Step, canonical_json
from cloudmate.llm.prompts import as_data

WHOLE = 30_000  # characters of all returns of one retelling
LEAST = 400  # of one return, however many there are


def retold(steps: Iterable[Step], *, title: str = "step", whole: int = WHOLE) -> str:
    """Each step with its call, its return and, where somebody gave one, its reason; what is too long is cut and says so."""
    steps = tuple(steps)
    each = max(LEAST, whole // max(1, len(steps)))
    return "\n\n".join(_told(step, title, each) for step in steps)


def called(step: Step) -> str:
    """The call of a step, without what came of it."""
    return f"{step.tool} {canonical_json(step.arguments)}"


def cut(text: str, longest: int) -> str:
    """The beginning and the end of a text that is longer, with how much is left out between."""
    if len(text) <= longest:
        return text
    head, tail = text[: longest * 3 // 4], text[len(text) - longest // 4 :]
    gone = len(text) - len(head) - len(tail)
    return f"{head}\n[{gone} of {len(text)} characters are left out here]\n{tail}"


def _told(step: Step, title: str, longest: int) -> str:
    answer = step.observation
    kind = f"{answer.level}{', error' if answer.is_error else ''}"
    why = f"\nWhy: {cut(step.thought, LEAST)}" if step.thought else ""
    text = f"Call: {cut(called(step), LEAST)}{why}\nReturn ({kind}):\n{cut(answer.output, longest)}"
    return as_data(f"{title} {step.index + 1}", text)
