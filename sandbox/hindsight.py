"""Whether a reason says what could not be known yet: names and figures that were first seen later. No Django here."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cases.transcript import Transcript

# what is told apart from ordinary words: names with a mark or a figure in them, and figures of three digits or more
_NAME = re.compile(r"[A-Za-z0-9](?:[\w./:-]*[A-Za-z0-9])?")
_TELLING = re.compile(r"[a-z][A-Z]|[_/\d-]")


@dataclass(frozen=True)
class Foreseen:
    """``word`` was first seen in the return of step ``step``, which the call did not have yet."""

    word: str
    step: int


def hindsight(text: str, transcript: Transcript, index: int) -> tuple[Foreseen, ...]:
    """What a reason for step ``index`` names that only that step's return, or a later one, showed.

    The task, the steps before and the call itself are what was known. What is seen nowhere is the expert's own
    knowledge, and no hindsight. The cause that the session concluded counts as a name, whatever it looks like.
    """
    steps = transcript.steps
    step = steps[index]
    known = [transcript.task.prompt, str(transcript.task.context), step.tool, str(step.arguments)]
    for before in steps[:index]:
        known += [str(before.arguments), before.observation.output]
    before_it = "\n".join(known).lower()
    concluded = (
        {cause.component.lower() for cause in transcript.diagnosis.root_causes} if transcript.diagnosis else set()
    )
    found = []
    for word in dict.fromkeys(match[0] for match in _NAME.finditer(text)):
        lower = word.lower()
        telling = len(word) > 2 and (_TELLING.search(word) or lower in concluded)
        if not telling or _stands(lower, before_it):
            continue
        first = next((one.index for one in steps[index:] if _stands(lower, one.observation.output.lower())), None)
        if first is not None:
            found.append(Foreseen(word, first))
    return tuple(found)


def _stands(word: str, text: str) -> bool:
    return re.search(rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])", text) is not None
