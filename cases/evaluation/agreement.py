"""A judge against the people who scored the same sessions without seeing its word."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

from django.db.models import Case, Count, Max, Q, QuerySet, TextField, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, TruncDate

from cases.evaluation.calibration import GOOD, Confusion, Estimate, Permission, permission, share
from cases.evaluation.questions import criterion
from cases.models import Score, ScoreReview
from cloudmate import prepared

RETESTS = 2_000  # scores that the flip rate is of, at most
CHECKS = "checks "  # before an evaluator version: the deterministic judge of that version


class Pair(NamedTuple):
    """One judge's word and one person's blind word on one score; ``None`` of a question = cannot tell.

    A tuple: a page counts thousands of them.
    """

    score: int
    session: int
    dimension: str
    by: str
    on: str  # day, as 2026-01-31
    month: str
    judge: str
    judged: bool | None  # None: unscored
    said: bool
    reasons: str  # JSON of the evaluation's reason codes
    questions: tuple[tuple[str, bool, bool], ...] = ()  # (criterion, judged, said), where both could tell


def words() -> tuple[Pair, ...]:
    """All blind words of people on whatever any judge or code scored, the oldest first.

    Nobody takes a word back or changes it: they are read again when there is one more, and counted each time.
    """
    many, last, at = prepared.first(_last_word) or (0, None, None)
    return _words(many, last, at) if many else ()


def _last_word() -> QuerySet:
    """How many there are, and the newest: one row."""
    said = ScoreReview.objects.filter(blind=True).order_by().annotate(one=Value(1)).values("one")
    return said.annotate(n=Count("pk"), last=Max("pk"), said_at=Max("at")).values_list("n", "last", "said_at")


@lru_cache(maxsize=2)
def _words(many: int, last: int, at: datetime) -> tuple[Pair, ...]:
    return tuple([_pair(*row) for row in _read(ScoreReview.objects.filter(blind=True, pk__lte=last))])


def newest(said: Iterable[Pair]) -> list[Pair]:
    """Of each person and score the last word."""
    return list({(pair.score, pair.by): pair for pair in said}.values())


def pairs(judge: str, *, dimension: str = "", why: str = "") -> list[Pair]:
    """Each person's newest blind word on each score of ``judge``, in one query.

    ``judge`` is a model with its prompt digest, or "checks " and an evaluator version for what code alone scored.
    ``why`` keeps to one slice of the queue: only the random one speaks for all sessions.
    """
    reviews = ScoreReview.objects.filter(blind=True, score__value__isnull=False)
    if judge.startswith(CHECKS):
        code = judge.removeprefix(CHECKS)
        by_code = Q(score__evaluation__evaluator=code) | Q(score__evaluation__evaluator__startswith=f"{code}+")
        reviews = reviews.filter(by_code, score__source="deterministic")
    else:
        reviews = reviews.filter(score__source="judge", score__evaluation__judge=judge)
    if dimension:
        reviews = reviews.filter(score__dimension=dimension)
    if why:
        reviews = reviews.filter(score__review_item__why=why)
    return newest([_pair(*row) for row in _read(reviews)])


def _read(reviews: QuerySet[ScoreReview]) -> QuerySet:
    return reviews.order_by("pk").values_list(
        "score",
        "score__evaluation__session",
        "score__dimension",
        "by__username",
        Cast(TruncDate("at"), TextField()),
        "score__source",
        "score__evaluation__judge",
        "score__evaluation__evaluator",
        "score__value",
        "value",
        Cast("score__evaluation__reasons", TextField()),
        KeyTextTransform("questions", "score__details"),
        Case(When(score__source="judge", then=Cast("answers", TextField()))),  # to the questions that it was asked
    )


def _pair(
    score, session, dimension, by, on, source, judge, evaluator, scored, value, reasons, questions, answers
) -> Pair:
    return Pair(
        score,
        session,
        dimension,
        by,
        on,
        on[:7],
        judge if source == "judge" else f"{CHECKS}{evaluator.partition('+')[0]}",
        None if scored is None else scored >= GOOD,
        value >= GOOD,
        reasons,
        _questions(json.loads(questions), json.loads(answers or "{}")) if questions else (),
    )


def _questions(asked: list[dict[str, Any]], answers: dict[str, str]) -> tuple[tuple[str, bool, bool], ...]:
    tells = {"yes": True, "no": False}
    found = [
        (criterion(one["id"], one["question"]), tells.get(one["answer"]), tells.get(answers.get(one["id"], "")))
        for one in asked
    ]
    return tuple((text, judged, said) for text, judged, said in found if judged is not None and said is not None)


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
    return _confusion(Counter(map(attrgetter("judged", "said"), found)))


def grouped(found: Iterable[Pair], by: str) -> dict[Any, Confusion]:
    """Counts by an attribute of the pairs, in its order."""
    groups: dict[Any, Counter] = defaultdict(Counter)
    for (name, judged, said), n in Counter(map(attrgetter(by, "judged", "said"), found)).items():
        groups[name][judged, said] = n
    return {name: _confusion(groups[name]) for name in sorted(groups)}


def _confusion(cells: Counter) -> Confusion:
    return Confusion(*(cells[cell] for cell in ((True, True), (True, False), (False, True), (False, False))))


def agreement(judge: str, *, dimension: str = "") -> Confusion:
    """Count the judge's scores against blind reviews: each person's newest of each score. One query."""
    return counted(pairs(judge, dimension=dimension))


def may_gate(judge: str) -> Permission:
    """Whether what this judge (model and prompt) settled may decide about a patch."""
    return permission(agreement(judge))
