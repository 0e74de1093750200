"""Does a patch mend its case under other names, times, figures and words, and what else does it move? No Django here.

Variants of the seed case have the same answer, so a rule that mends only the case as it was recorded has
learned the recording, not the fault. The gap and the over-trigger rate are part of the verdict (engine section 5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from cases.diagnosis import Answer
from cases.evaluation.components import same_class
from cases.transcript import Transcript
from rules.gate import Decision, Verdict
from sandbox.report import Report
from sandbox.variants import KINDS, Variant

MOST_FAILED = 0.5  # share of the variants that may fail; beyond it the patch is refused

Play = Callable[[Variant], tuple[Transcript, Transcript]]  # a variant under old and under new knowledge
Passes = Callable[[Transcript, Answer], bool | None]


@dataclass(frozen=True)
class Trial:
    """One variant under both arms; None: neither passed nor failed."""

    kind: str
    base: bool | None
    candidate: bool | None

    @property
    def words(self) -> str:
        return KINDS[self.kind]


def tried(variants: Iterable[Variant], *, play: Play, passes: Passes) -> tuple[Trial, ...]:
    """Every variant of the seed case under old and new knowledge."""
    return tuple(
        Trial(variant.kind, *(passes(transcript, variant.answer) for transcript in play(variant)))
        for variant in variants
    )


def over_triggered(report: Report) -> tuple[int, int]:
    """(cases of other classes whose run the patch changed, cases of other classes that ran or were proven)."""
    target = report.target
    if target is None:
        return 0, 0
    others = [row for row in report.rows if not row.target and not same_class(row.fault_class, target.fault_class)]
    return sum(row.divergence is not None for row in others), len(others)


def with_variants(verdict: Verdict, trials: Sequence[Trial], report: Report) -> Verdict:
    """The verdict with what the variants show; an accepted patch that fails on most of them is refused."""
    settled = [trial for trial in trials if trial.candidate is not None]
    failed = [trial for trial in settled if not trial.candidate]
    changed, of = over_triggered(report)
    record = {
        **verdict.record,
        "variants": [
            {"kind": trial.kind, "words": trial.words, "base": trial.base, "candidate": trial.candidate}
            for trial in trials
        ],
        "generalisation_gap": round(len(failed) / len(settled), 4) if settled else None,
        "over_trigger": {"changed": changed, "of": of},
    }
    limits = verdict.does_not_show
    if failed:
        names = "; ".join(trial.words for trial in failed)
        limits = (*limits, f"It does not mend {len(failed)} of {len(settled)} variants of its case: {names}")
    elif not settled:
        limits = (*limits, "No variant of its case could be made or scored: whether it generalises is not known")
    if verdict.decision is Decision.ACCEPT and settled and len(failed) > MOST_FAILED * len(settled):
        reason = f"It mends its case only as it was recorded: {len(failed)} of {len(settled)} variants stay broken ({failed[0].words})"
        return replace(verdict, decision=Decision.REFUSE, reason=reason, record=record, does_not_show=limits)
    return replace(verdict, record=record, does_not_show=limits)
