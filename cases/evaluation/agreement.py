"""A judge against the people who scored the same sessions without seeing its word."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import TextField
from django.db.models.functions import Cast, TruncDate

from cases.evaluation.calibration import GOOD, Confusion, Estimate, Permission, confusion, permission, share
from cases.evaluation.questions import criterion
from cases.models import Score, ScoreReview

RETESTS = 2_000  # scores that the flip rate is of, at most
CHECKS = "checks "  # before an evaluator version: the deterministic judge of that version


@dataclass(frozen=True)
class Pair:
    """One judge's word and one person's blind word on one score; ``None`` of a question = cannot tell."""

    session: int
    dimension: str
    by: str
    on: date
    why: str  # what put the score into the queue; "" = a person came by
    judged: bool
    said: bool
    questions: tuple[tuple[str, bool, bool], ...] = ()  # (criterion, judged, said), where both could tell
    score: int = 0

    @property
    def month(self) -> str:
        return self.on.isoformat()[:7]


def pairs(judge: str, *, dimension: str = "", why: str = "") -> list[Pair]:
    """Each person's newest blind word on each score of ``judge``, in one query.

    ``judge`` is a model with its prompt digest, or "checks " and an evaluator version for what code alone scored.
    ``why`` keeps to one slice of the queue: only the random one speaks for all sessions.
    """
    reviews = ScoreReview.objects.filter(blind=True, score__value__isnull=False)
    if judge.startswith(CHECKS):
        evaluator = judge.removeprefix(CHECKS)
        reviews = reviews.filter(score__source="deterministic", score__evaluation__metrics__evaluator=evaluator)
    else:
        reviews = reviews.filter(score__source="judge", score__evaluation__judge=judge)
    if dimension:
        reviews = reviews.filter(score__dimension=dimension)
    if why:
        reviews = reviews.filter(score__review_item__why=why)
    rows = reviews.order_by("pk").values(
        "score",
        "by",
        "by__username",
        "value",
        "score__value",
        "score__details__questions",
        "score__dimension",
        "score__evaluation__session",
        "score__review_item__why",
        on=TruncDate("at"),
        said=Cast("answers", TextField()),  # read only where a judge was asked questions
    )
    return list({(row["score"], row["by"]): _pair(row) for row in rows}.values())


def _pair(row: dict[str, Any]) -> Pair:
    tells = {"yes": True, "no": False}
    questions = row["score__details__questions"] or ()
    answers = json.loads(row["said"]) if questions else {}
    asked = [
        (criterion(one["id"], one["question"]), tells.get(one["answer"]), tells.get(answers.get(one["id"], "")))
        for one in questions
    ]
    return Pair(
        session=row["score__evaluation__session"],
        dimension=row["score__dimension"],
        by=row["by__username"],
        on=row["on"],
        why=row["score__review_item__why"] or "",
        score=row["score"],
        judged=row["score__value"] >= GOOD,
        said=row["value"] >= GOOD,
        questions=tuple(
            (text, judged, said) for text, judged, said in asked if judged is not None and said is not None
        ),
    )


def flips(judge: str) -> Estimate:
    """How often the same judge, asked the same twice, answers otherwise: over its newest questions asked twice.

    Code answers the same each time: of "checks" nothing is asked twice.
    """
    scores = Score.objects.filter(source="judge", evaluation__judge=judge, details__has_key="again")
    changed = [
        row["answer"] != details["again"][row["id"]]
        for details in scores.order_by("-pk").values_list("details", flat=True)[:RETESTS]
        for row in details["questions"]
        if row["id"] in details["again"]
    ]
    return share(sum(changed), len(changed))


def counted(found: Iterable[Pair]) -> Confusion:
    return confusion((pair.judged, pair.said) for pair in found)


def grouped(found: Iterable[Pair], by: str) -> dict[Any, Confusion]:
    """Counts by an attribute of the pairs, in its order."""
    groups: dict[Any, list[Pair]] = defaultdict(list)
    for pair in found:
        groups[getattr(pair, by)].append(pair)
    return {name: counted(groups[name]) for name in sorted(groups)}


def agreement(judge: str, *, dimension: str = "") -> Confusion:
    """Count the judge's scores against blind reviews: each person's newest of each score. One query."""
    return counted(pairs(judge, dimension=dimension))


def may_gate(judge: str) -> Permission:
    """Whether what this judge (model and prompt) settled may decide about a patch."""
    return permission(agreement(judge))
