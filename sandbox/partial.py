"""How far a branch got, as one number to rank branches by: with the answer known, and without. No Django here."""

from __future__ import annotations

from cases.diagnosis import Conclusion, Diagnosis
from cases.evaluation import verdict as verdicts

# what a verdict promises: naming what is missing is nearer than a wrong cause; what rests on a miss says nothing
PROMISE = {
    verdicts.SUCCESS: 1.0,
    verdicts.LUCKY: 0.6,
    verdicts.UNSCORED: 0.5,
    verdicts.INCONCLUSIVE: 0.4,
    verdicts.SYMPTOM_ONLY: 0.2,
    verdicts.WRONG: 0.0,
    verdicts.TAINTED: 0.0,
}
WEIGHTS = (0.5, 0.3, 0.2)  # verdict, grounding, coherence
BLIND_WEIGHTS = (0.6, 0.4)  # grounding, coherence


def partial_score(verdict: str, grounded: float | None, coherence: float | None) -> float:
    """0..1 from the verdict and both reasoning scores; what is unscored counts as nothing shown.

    It decides what an exploration goes on with, nothing else.
    """
    parts = (PROMISE.get(verdict, 0.0), grounded or 0.0, coherence or 0.0)
    return round(sum(weight * part for weight, part in zip(WEIGHTS, parts, strict=True)), 4)


def blind_score(diagnosis: Diagnosis | None, grounded: float | None, coherence: float | None) -> float:
    """0..1 from what can be seen without the answer: how well the reasoning stands; 0 where no root cause is named.

    What is picked by it shows what an evaluation can find where nobody knows the answer yet.
    """
    if diagnosis is None or diagnosis.conclusion is not Conclusion.ROOT_CAUSE:
        return 0.0
    parts = (grounded or 0.0, coherence or 0.0)
    return round(sum(weight * part for weight, part in zip(BLIND_WEIGHTS, parts, strict=True)), 4)


def half(scores: dict[int, float]) -> set[int]:
    """The better half of the keys, rounded up; equal ones by key."""
    ranked = sorted(scores, key=lambda key: (-scores[key], key))
    return set(ranked[: (len(ranked) + 1) // 2])
