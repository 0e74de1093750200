"""A judge against the people who scored the same sessions without seeing its word."""

from __future__ import annotations

from cases.evaluation.calibration import Confusion, Permission, confusion, permission
from cases.models import ScoreReview

GOOD = 0.5  # a score from here on says "good in this dimension"


def agreement(judge: str, *, dimension: str = "") -> Confusion:
    """Count the judge's scores against blind reviews: each person's newest of each score. One query."""
    reviews = ScoreReview.objects.filter(
        blind=True, score__source="judge", score__value__isnull=False, score__evaluation__judge=judge
    )
    if dimension:
        reviews = reviews.filter(score__dimension=dimension)
    newest = {
        (score, by): (judged >= GOOD, value >= GOOD)
        for score, by, judged, value in reviews.order_by("pk").values_list("score", "by", "score__value", "value")
    }
    return confusion(newest.values())


def may_gate(judge: str) -> Permission:
    """Whether what this judge (model and prompt) settled may decide about a patch."""
    return permission(agreement(judge))
