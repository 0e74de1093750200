"""How an agent's calls stand beside an expert's: matched, skipped, extra. No Django here."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from cases.calls import canonical
from cases.transcript import Step, Transcript


@dataclass(frozen=True)
class Following:
    """Steps of the expert that the agent made too, and those it did not; steps of the agent that were its own."""

    matched: tuple[Step, ...]
    skipped: tuple[Step, ...]
    extra: tuple[Step, ...]


def following(expert: Transcript, agent: Transcript) -> Following:
    """Call for call in canonical form, in whatever order; a call made twice counts twice."""
    wanted = Counter(_keys(expert))
    made = Counter(_keys(agent))
    matched, skipped = _divided(expert, made)
    _, extra = _divided(agent, wanted)
    return Following(matched, skipped, extra)


def _divided(transcript: Transcript, there: Counter[str]) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    left, both, alone = Counter(there), [], []
    for step, key in zip(transcript.steps, _keys(transcript), strict=True):
        (both if left[key] > 0 else alone).append(step)
        left[key] -= 1
    return tuple(both), tuple(alone)


def _keys(transcript: Transcript) -> list[str]:
    return [canonical(step.tool, step.arguments, transcript.task.tool(step.tool)).key for step in transcript.steps]
