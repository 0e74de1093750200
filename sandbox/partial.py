"""How far a branch got, as one number to rank branches by; it decides what is gone on with, nothing else. No Django here."""

from __future__ import annotations

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


def partial_score(verdict: str, grounded: float | None, coherence: float | None) -> float:
    """0..1 from the verdict and both reasoning scores; what is unscored counts as nothing shown."""
    parts = (PROMISE.get(verdict, 0.0), grounded or 0.0, coherence or 0.0)
    return round(sum(weight * part for weight, part in zip(WEIGHTS, parts, strict=True)), 4)


def half(scores: dict[int, float]) -> set[int]:
    """The better half of the keys, rounded up; equal ones by key."""
    ranked = sorted(scores, key=lambda key: (-scores[key], key))
    return set(ranked[: (len(ranked) + 1) // 2])
