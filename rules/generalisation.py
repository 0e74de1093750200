"""Does a patch mend its case under other names, times, figures and words, and what else does it move? No Django here.

Most variants of the seed case have the same answer, so a rule that mends only the case as it was recorded has
learned the recording, not the fault. Where another cause raises the same alert, or nothing is broken, the answer is
another, and a rule that takes it away is refused. The gap and the over-trigger rate are part of the verdict
(engine section 5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from cases.evaluation.components import same_class
from rules.gate import Decision, Verdict
from sandbox.knowledge.rule import Knowledge
from sandbox.report import Report
from sandbox.variants import ANOTHER_ANSWER, KINDS

MOST_FAILED = 0.5  # share of the variants that may fail; beyond it the patch is refused


@dataclass(frozen=True)
class Trial:
    """One variant under both arms; None: neither passed nor failed."""

    kind: str
    base: bool | None
    candidate: bool | None

    @property
    def words(self) -> str:
        return KINDS[self.kind]

    @property
    def same_answer(self) -> bool:
        return self.kind not in ANOTHER_ANSWER

    @property
    def broken(self) -> bool:
        """The candidate fails where its case's answer is right, or takes away another that the base gave."""
        return self.candidate is False and (self.same_answer or self.base is True)

    @property
    def spoilt(self) -> bool:
        """The candidate takes a right answer away where another than its case's is right: the gate refuses that."""
        return self.broken and not self.same_answer


Trials = Callable[[Knowledge], tuple[Trial, ...]]  # a candidate's runs of the variants of one case, beside the base's


def no_variants(_: Knowledge) -> tuple[Trial, ...]:
    """For a case that has none."""
    return ()


def spoils(trials: Iterable[Trial]) -> str:
    """The variants whose right answer is taken away, in words; "" for none."""
    return "; ".join(trial.words for trial in trials if trial.spoilt)


def over_triggered(report: Report) -> tuple[int, int]:
    """(cases of other classes whose run the patch changed, cases of other classes that ran or were proven)."""
    target = report.target
    if target is None:
        return 0, 0
    others = [row for row in report.rows if not row.target and not same_class(row.fault_class, target.fault_class)]
    return sum(row.divergence is not None for row in others), len(others)


def with_variants(verdict: Verdict, trials: Sequence[Trial], report: Report) -> Verdict:
    """The verdict with what the variants show; an accepted patch that fails on most of them is refused.

    So is one that takes the right answer from a variant whose answer is another.
    """
    settled = [trial for trial in trials if trial.candidate is not None and trial.same_answer]
    failed = [trial for trial in settled if trial.broken]
    changed, of = over_triggered(report)
    record = {
        **verdict.record,
        "variants": [
            {
                "kind": trial.kind,
                "words": trial.words,
                "base": trial.base,
                "candidate": trial.candidate,
                "same_answer": trial.same_answer,
            }
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
        limits = (
            *limits,
            "No variant of its case with the same answer could be made or scored: whether it generalises is not known",
        )
    if verdict.decision is Decision.ACCEPT and (where := spoils(trials)):
        reason = f"It takes the right answer away where another than its case's is right: {where}"
        return replace(verdict, decision=Decision.REFUSE, reason=reason, record=record, does_not_show=limits)
    if verdict.decision is Decision.ACCEPT and settled and len(failed) > MOST_FAILED * len(settled):
        reason = f"It mends its case only as it was recorded: {len(failed)} of {len(settled)} variants stay broken ({failed[0].words})"
        return replace(verdict, decision=Decision.REFUSE, reason=reason, record=record, does_not_show=limits)
    return replace(verdict, record=record, does_not_show=limits)
