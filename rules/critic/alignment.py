"""A failed and a better session side by side, call by call, and how they differ in kind. No Django here."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from enum import StrEnum

from cases.calls import canonical
from cases.transcript import Step, Transcript, canonical_json


class Kind(StrEnum):
    MISSING_CHECK = "missing_check"  # the better session asked something the failed one never asked
    OTHER_READING = "other_reading"  # both saw it, and read it differently
    PREMATURE_STOP = "premature_stop"  # concluded with checks left that would have told
    MISSING_EXCLUSION = "missing_exclusion"  # took for a cause what the better session saw and set aside


@dataclass(frozen=True)
class Pairing:
    """One line of the alignment: ``matched`` in both, ``skipped`` by the failed session, ``extra`` in it."""

    kind: str
    failed: int | None
    better: int | None
    call: str


@dataclass(frozen=True)
class Difference:
    """One way in which the sessions differ; ``step`` counts in the better session, or where both asked, too."""

    kind: Kind
    text: str
    step: int | None = None


@dataclass(frozen=True)
class Alignment:
    pairings: tuple[Pairing, ...]
    differences: tuple[Difference, ...]

    @property
    def skipped(self) -> tuple[int, ...]:
        """Steps of the better session whose call the failed session never made, in any order."""
        return tuple(d.step for d in self.differences if d.kind is Kind.MISSING_CHECK and d.step is not None)


def align(failed: Transcript, better: Transcript) -> Alignment:
    """Align two sessions of one case by canonical calls, the longest common order kept."""
    mine, theirs = keys_of(failed), keys_of(better)
    pairings: list[Pairing] = []
    for tag, i, j, k, m in difflib.SequenceMatcher(a=mine, b=theirs, autojunk=False).get_opcodes():
        if tag == "equal":
            pairings += [Pairing("matched", i + n, k + n, call_of(better.steps[k + n])) for n in range(j - i)]
            continue
        pairings += [Pairing("extra", n, None, call_of(failed.steps[n])) for n in range(i, j)]
        pairings += [Pairing("skipped", None, n, call_of(better.steps[n])) for n in range(k, m)]
    return Alignment(tuple(pairings), tuple(_differences(failed, better, mine, theirs)))


def keys_of(transcript: Transcript) -> list[str]:
    """The canonical key of each step's call."""
    task = transcript.task
    return [canonical(step.tool, step.arguments, task.tool(step.tool)).key for step in transcript.steps]


def call_of(step: Step) -> str:
    return f"{step.tool} {canonical_json(step.arguments)}"


def _differences(failed: Transcript, better: Transcript, mine: list[str], theirs: list[str]) -> list[Difference]:
    found = []
    asked = set(mine)
    for index, key in enumerate(theirs):
        if key not in asked and key not in theirs[:index]:
            text = f"the failed session never asked {call_of(better.steps[index])}"
            found.append(Difference(Kind.MISSING_CHECK, text, index))
    concluded = _concluded(failed)
    if failed.stop_reason == "concluded" and concluded and len(found):
        text = f"the failed session concluded {concluded} after {len(mine)} steps, with {len(found)} checks unasked"
        found.append(Difference(Kind.PREMATURE_STOP, text))
    cited = _cited(failed)
    for index, key in enumerate(theirs):
        if key in asked and concluded and concluded != _concluded(better):
            at = mine.index(key)
            if at in cited:
                text = (
                    f"both saw the return of {call_of(better.steps[index])}; the failed session took it for the cause"
                )
                found.append(Difference(Kind.MISSING_EXCLUSION, text, index))
            else:
                text = f"both saw the return of {call_of(better.steps[index])}, and read it differently"
                found.append(Difference(Kind.OTHER_READING, text, index))
    return found


def _concluded(transcript: Transcript) -> str:
    diagnosis = transcript.diagnosis
    if diagnosis is None:
        return ""
    return ", ".join(cause.fault_class for cause in diagnosis.root_causes) or str(diagnosis.conclusion)


def _cited(transcript: Transcript) -> set[int]:
    """Steps that the root cause claims of a session rest on."""
    diagnosis = transcript.diagnosis
    if diagnosis is None:
        return set()
    root = {cause.claim for cause in diagnosis.root_causes}
    return {ref.step for claim in diagnosis.claims if claim.id in root for ref in claim.refs}
