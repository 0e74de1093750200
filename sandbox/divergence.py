"""Where two runs of one case part, and the rule that did it. No Django here."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from cases.transcript import RuleUse, Step, Transcript, canonical_json


@dataclass(frozen=True)
class Divergence:
    """The first place where the two arms part. ``step`` is the index; equal to both lengths: the conclusion."""

    step: int
    base: str  # what the base arm did there, in words
    candidate: str
    rule: str = ""  # the rule that made the candidate differ; "" where none is named by the run

    def __str__(self) -> str:
        by = f", by rule {self.rule}" if self.rule else ""
        return f"step {self.step + 1}: {self.candidate} instead of {self.base}{by}"


def divergence_of(
    base: Transcript, candidate: Transcript, *, differing: Collection[str] | None = None
) -> Divergence | None:
    """The first step (or the conclusion) at which two runs of one case part, and the rule that did it; None if equal.

    ``differing``: the names of the rules that the two knowledges do not share. Only such a rule can have made the
    difference: one that fires in either run because of it did not. None: not known, any rule that fired there is named.
    """
    index = next(
        (
            at
            for at, pair in enumerate(zip(base.steps, candidate.steps, strict=False))
            if len(set(map(_action, pair))) > 1
        ),
        min(len(base.steps), len(candidate.steps)),
    )
    old, new = _next_action(base, index), _next_action(candidate, index)
    return Divergence(index, old, new, _rule_of(base, candidate, index, differing)) if old != new else None


def _action(step: Step) -> str:
    return f"{step.tool} {canonical_json(step.arguments)}"


def _next_action(transcript: Transcript, index: int) -> str:
    if index < len(transcript.steps):
        return _action(transcript.steps[index])
    diagnosis = transcript.diagnosis
    if diagnosis is None:
        return f"stop ({transcript.stop_reason or 'no conclusion'})"
    return f"conclude {diagnosis.concludes}"


def _uses(transcript: Transcript, index: int) -> tuple[RuleUse, ...]:
    return transcript.steps[index].rules if index < len(transcript.steps) else transcript.concluding_rules


def _rule_of(base: Transcript, candidate: Transcript, index: int, differing: Collection[str] | None) -> str:
    """What fired there with the new knowledge, else what fired there with the old; else the only one that differs."""
    fired = [use.rule for run in (candidate, base) for use in _uses(run, index) if use.how == "fired"]
    if differing is None:
        return next(iter(fired), "")
    alone = differing if len(differing) == 1 else ()
    return next((rule for rule in (*fired, *alone) if rule in differing), "")
