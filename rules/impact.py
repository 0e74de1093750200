"""Which cases a change of rules can touch, told before anything runs. No Django here.

If no rule that differs between two rule sets is retrieved at any step of the base run, the
run under the other set is the same run, step by step, by induction: proven unaffected.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cases.transcript import Transcript
from rules.patching import difference
from sandbox.knowledge.retrieval import affected
from sandbox.knowledge.rule import Knowledge

PROVABLE = frozenset({"offline"})  # engines whose rule retrieval is code


@dataclass(frozen=True)
class Touch:
    """``step``: the first step at which a changed rule is retrieved; None where that cannot be told, so it must run."""

    case: int | str
    step: int | None


@dataclass(frozen=True)
class Impact:
    changed: tuple[str, ...]  # names of the rules that differ
    touched: tuple[Touch, ...]
    unaffected: tuple[int | str, ...]  # proven

    @property
    def words(self) -> str:
        cases = len(self.touched) + len(self.unaffected)
        return f"{len(self.touched)} of {cases} cases can change; {len(self.unaffected)} are proven unaffected"


def impact(base: Knowledge, candidate: Knowledge, transcripts: Mapping[int | str, Transcript | None]) -> Impact:
    """Sort the library's cases by their runs under ``base``; a case without such a run counts as touched.

    A run under an earlier version that was proven to be the same under ``base`` counts as a run under it.
    """
    touched, unaffected = [], []
    for case, transcript in transcripts.items():
        if transcript is None or not provable(transcript):
            touched.append(Touch(case, None))
            continue
        step = affected(transcript, base, candidate)
        if step is None:
            unaffected.append(case)
        else:
            touched.append(Touch(case, step))
    changed = tuple(sorted(difference(base, candidate).names))
    return Impact(changed, tuple(touched), tuple(unaffected))


def provable(transcript: Transcript) -> bool:
    """Only a run of a provable engine that ended by itself proves anything: one cut short might have gone on."""
    return transcript.engine in PROVABLE and transcript.stop_reason not in ("", "error", "cancelled", "deadline")


def disjoint(first: Impact, second: Impact) -> bool:
    """Whether two changes touch no case in common: a result for one then stays valid after the other."""
    return not {touch.case for touch in first.touched} & {touch.case for touch in second.touched}
