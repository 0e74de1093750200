"""Where two runs of one case part, and the rule that did it. No Django here."""

from __future__ import annotations

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


def divergence_of(base: Transcript, candidate: Transcript) -> Divergence | None:
    """The first step (or the conclusion) at which two runs of one case part, and the rule that did it; None if equal."""
    for index, (old, new) in enumerate(zip(base.steps, candidate.steps, strict=False)):
        if _action(old) != _action(new):
            return Divergence(index, _action(old), _action(new), _rule_of(new.rules) or _rule_of(old.rules))
    index = min(len(base.steps), len(candidate.steps))
    old, new = _next_action(base, index), _next_action(candidate, index)
    if old == new:
        return None
    return Divergence(index, old, new, _rule_of(_uses(candidate, index)) or _rule_of(_uses(base, index)))


def _action(step: Step) -> str:
    return f"{step.tool} {canonical_json(step.arguments)}"


def _next_action(transcript: Transcript, index: int) -> str:
    if index < len(transcript.steps):
        return _action(transcript.steps[index])
    diagnosis = transcript.diagnosis
    if diagnosis is None:
        return f"stop ({transcript.stop_reason or 'no conclusion'})"
    named = ", ".join(f"{cause.fault_class} at {cause.component}" for cause in diagnosis.root_causes)
    return f"conclude {named or diagnosis.conclusion}"


def _uses(transcript: Transcript, index: int) -> tuple[RuleUse, ...]:
    return transcript.steps[index].rules if index < len(transcript.steps) else transcript.concluding_rules


def _rule_of(uses: tuple[RuleUse, ...]) -> str:
    """The rule that changed the action: one that fired before one that was only retrieved."""
    fired = [use.rule for use in uses if use.how == "fired"]
    return next(iter(fired), "")
