"""Is the judge right: its word beside people's blind one, and whether it may gate."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet

from cases.access import EXPERT, LEAD, REVIEWER, has_role
from cases.evaluation.agreement import CHECKS, Pair, counted, flips, grouped, newest, pairs, words
from cases.evaluation.calibration import (
    GOOD,
    LEAST_N,
    LEAST_NEGATIVES,
    Confusion,
    Estimate,
    confusion,
    corrected,
    permission,
    share,
)
from cases.evaluation.thresholds import read
from cases.evaluation.verdict import COHERENCE_BREAK, INTENT_MISMATCH, UNGROUNDED
from cases.models import Evaluation, ReviewItem, Score, Session, System
from cases.reviewing import wanted_from
from cloudmate import prepared

CELLS = {  # name -> (judge, person, in words, hue)
    "tp": (True, True, "both say good", "ok"),
    "fp": (True, False, "judge good, person not", "bad"),
    "fn": (False, True, "person good, judge not", "warn"),
    "tn": (False, False, "both say not good", "ok"),
}
REASONING = frozenset({UNGROUNDED, COHERENCE_BREAK, INTENT_MISMATCH})  # reason codes that a review can bear out
SHOWN = 50
RATED = 1_000  # sessions that a judge's pass rates are of: the newest it scored
NEWEST = 1_000  # sessions in the two by two: what agents do now, and a page in constant time


@dataclass(frozen=True)
class Cell:
    name: str
    n: int
    words: str
    hue: str


@dataclass(frozen=True)
class Row:
    """One line of a breakdown."""

    name: str
    counts: Confusion
    kappa: Estimate
    sensitivity: Estimate
    specificity: Estimate


@dataclass(frozen=True)
class Rate:
    """The share a judge calls good in a dimension, and the share behind it once its errors are taken out."""

    dimension: str
    judged: Estimate
    true: float | None


def judges_of(said: Iterable[Pair]) -> list[str]:
    """Whoever has been judged by people, the newest first; ``said`` are all words, the oldest first."""
    return list(dict.fromkeys(reversed([pair.judge for pair in said])))


def agreement_page(asked: dict[str, str], user) -> dict[str, Any]:
    said = words()
    known = judges_of(said)
    judge = asked.get("judge") if asked.get("judge") in known else (known[0] if known else "")
    dimension = asked.get("dimension", "") if asked.get("dimension") in Score.Dimension.values else ""
    why = asked.get("why", "") if asked.get("why") in ReviewItem.Why.values else ""
    said = newest(said)
    everything = [pair for pair in said if pair.judge == judge and pair.judged is not None]
    found = pairs(judge, why=why) if judge and why else everything
    found = [pair for pair in found if pair.dimension == dimension] if dimension else found
    counts = counted(found)
    cell = asked.get("cell", "")
    return {
        "may_review": has_role(user, EXPERT, REVIEWER, LEAD),
        "judges": known,
        "judge": judge,
        "dimensions": [one for one in Score.Dimension.choices if one[0] != Score.Dimension.GUESS],
        "dimension": dimension,
        "whys": ReviewItem.Why.choices,
        "why": why,
        "counts": counts,
        "cells": [Cell(name, getattr(counts, name), words, hue) for name, (_, _, words, hue) in CELLS.items()],
        "cell": cell if cell in CELLS else "",
        "cell_words": CELLS[cell][2] if cell in CELLS else "",
        **_sessions(found, cell, user),
        "kappa": counts.kappa(),
        "sensitivity": counts.sensitivity(),
        "specificity": counts.specificity(),
        "flips": share(0, 0) if judge.startswith(CHECKS) else flips(judge),
        "permission": permission(counted(everything)),
        "by_code": judge.startswith(CHECKS),
        "too_few": counts.n < LEAST_N or counts.negatives < LEAST_NEGATIVES,
        "least_n": LEAST_N,
        "least_negatives": LEAST_NEGATIVES,
        "breakdowns": [
            ("Dimension", _rows(grouped(found, "dimension"))),
            ("Reviewer", _rows(grouped(found, "by"))),
            ("Month", _rows(grouped(found, "month"))),
            ("Question", _rows(_questions(found))),
        ],
        "rated": RATED,
        "rates": _rates(judge, everything) if judge else [],
        **low_scoring(said),
    }


@dataclass(frozen=True)
class JudgeInShort:
    """The judge that people judged last: how far it agrees with them, and whether it may gate."""

    name: str
    kappa: Estimate
    may_gate: bool


def newest_judge() -> JudgeInShort | None:
    said = words()
    if not said:
        return None
    judge = said[-1].judge
    counts = counted(pair for pair in newest(said) if pair.judge == judge and pair.judged is not None)
    return JudgeInShort(judge, counts.kappa(), permission(counts).allowed)


def _sessions(found: list[Pair], cell: str, user) -> dict[str, Any]:
    """Those of a cell, without the scores that still want this person's own answer: the cell would tell another's."""
    if cell not in CELLS:
        return {"opened": []}
    judged, said = CELLS[cell][:2]
    inside = [pair for pair in found if (pair.judged, pair.said) == (judged, said)]
    shown = inside[: 2 * SHOWN]
    wanted = wanted_from(user, (pair.score for pair in shown))
    shown = [pair for pair in shown if pair.score not in wanted][:SHOWN]
    return {"opened": shown, "not_opened": len(inside) - len(shown)}


def _rows(groups: dict[Any, Confusion]) -> list[Row]:
    return [Row(str(name), one, one.kappa(), one.sensitivity(), one.specificity()) for name, one in groups.items()]


def _questions(found: list[Pair]) -> dict[str, Confusion]:
    by_criterion: dict[str, list[tuple[bool, bool]]] = {}
    for pair in found:
        for criterion, judged, said in pair.questions:
            by_criterion.setdefault(criterion, []).append((judged, said))
    return {criterion: confusion(by_criterion[criterion]) for criterion in sorted(by_criterion)}


def _rates(judge: str, found: list[Pair]) -> list[Rate]:
    oldest = prepared.first(_oldest_rated, (judge,)) or 0
    totals = {dimension: share(good, n) for dimension, good, n in _said_by(judge, oldest)}
    rates = []
    for dimension, counts in grouped(found, "dimension").items():
        judged = totals.get(dimension, share(0, 0))
        sensitivity, specificity = counts.sensitivity().value, counts.specificity().value
        known = None not in (judged.value, sensitivity, specificity)
        rates.append(
            Rate(
                Score.Dimension(dimension).label,
                judged,
                corrected(judged.value, sensitivity, specificity) if known else None,
            )
        )
    return rates


def _evaluations_by(judge: str) -> QuerySet[Evaluation]:
    if not judge.startswith(CHECKS):
        return Evaluation.objects.filter(judge=judge)
    code = judge.removeprefix(CHECKS)
    return Evaluation.objects.filter(Q(evaluator=code) | Q(evaluator__startswith=f"{code}+"))


def _oldest_rated(judges: tuple[str]) -> QuerySet:
    return _evaluations_by(*judges).order_by("-pk").values_list("pk", flat=True)[RATED - 1 : RATED]


def _said_by(judge: str, oldest: int) -> QuerySet:
    """Dimension, how often good, and how often at all, from the evaluation ``oldest`` on."""
    scores = Score.objects.filter(value__isnull=False, evaluation__gte=oldest)
    scores = scores.filter(source="deterministic" if judge.startswith(CHECKS) else "judge")
    scores = scores.filter(evaluation__in=_evaluations_by(judge).filter(pk__gte=oldest))
    good = Count("pk", filter=Q(value__gte=GOOD))
    return scores.order_by().values_list("dimension").annotate(good=good, n=Count("pk"))


def low_scoring(newest_words: list[Pair]) -> dict[str, Estimate]:
    """How well "low-scoring" finds what people find badly reasoned, over sessions with a blind review.

    A session is low to people where the newest blind word of anybody says so in any dimension; to the machine
    where a reason code of reasoning stands on its newest evaluation.
    """
    flawed = {text: not REASONING.isdisjoint(json.loads(text)) for text in {pair.reasons for pair in newest_words}}
    low: dict[int, tuple[bool, bool]] = {}
    for pair in newest_words:
        said = low.get(pair.session, (False, False))[1] or not pair.said
        low[pair.session] = (flawed[pair.reasons], said)
    flagged = [said for machine, said in low.values() if machine]
    bad = [machine for machine, said in low.values() if said]
    return {"precision": share(sum(flagged), len(flagged)), "recall": share(sum(bad), len(bad))}


QUADRANTS = {  # name -> (right, grounded, in words, hue)
    "success": (True, True, "right and grounded", "ok"),
    "lucky": (True, False, "right, not grounded: lucky", "warn"),
    "misled": (False, True, "wrong, yet grounded: the evidence was read wrongly", "bad"),
    "lost": (False, False, "wrong and ungrounded", "bad"),
}


@dataclass(frozen=True)
class Guesses:
    """Conclusions whose ground was taken away, by what came of it. ``open`` are right ones that nobody tried."""

    faithful: int
    guesses: int
    unscored: int
    reasons: tuple[tuple[str, int], ...]  # of the unscored, the commonest first
    open: int

    @property
    def tried(self) -> int:
        return self.faithful + self.guesses

    @property
    def share(self) -> Estimate:
        return share(self.faithful, self.tried)


def guesses_of(right: set[int]) -> Guesses:
    """Over the evaluations that are right. One query: few among many were tried, so those between them are looked through."""
    if not right:
        return Guesses(0, 0, 0, (), 0)
    tried = prepared.rows(_tried, min(right), max(right))
    rows = [(value, reason) for evaluation, value, reason in tried if evaluation in right]
    values = [value for value, _ in rows]
    reasons = Counter(reason.split(": ")[0] for value, reason in rows if value is None)
    return Guesses(
        values.count(1.0),
        values.count(0.0),
        values.count(None),
        tuple(reasons.most_common(5)),
        len(right) - len(rows),
    )


def _tried(first: int, last: int) -> QuerySet:
    tried = Score.objects.filter(dimension=Score.Dimension.GUESS, evaluation__gte=first, evaluation__lte=last)
    return tried.order_by().values_list("evaluation", "value", "reason")


def _quadrant(right: bool, grounded: bool) -> str:
    return next(name for name, (one, other, _, _) in QUADRANTS.items() if (one, other) == (right, grounded))


def _systems() -> QuerySet[System]:
    return System.objects.order_by("name")


def _newest_evaluations(system: int | None) -> QuerySet:
    recorded = Session.objects.recorded().finished().filter(actor=Session.Actor.AGENT)
    if system is not None:
        recorded = recorded.filter(case__system=system)
    within = recorded.order_by("-pk").values("pk")[:NEWEST]
    found = Evaluation.objects.filter(session__in=within).order_by("pk")
    return found.values_list("pk", "session", "correct", "grounded")


def quadrants_page(asked: dict[str, str]) -> dict[str, Any]:
    """Right beside grounded, over the newest evaluation of each of the newest recorded sessions of agents."""
    systems = prepared.rows(_systems)
    system = next((one for one in systems if one.slug == asked.get("system")), None)
    rows = prepared.rows(_newest_evaluations, system.pk if system else None)
    newest = {session: (pk, correct, grounded) for pk, session, correct, grounded in rows}
    enough = read(system.thresholds if system else {}).grounded
    inside: dict[str, list[int]] = {name: [] for name in QUADRANTS}
    unsettled = 0
    for pk, correct, grounded in sorted(newest.values(), reverse=True):
        if correct is None or grounded is None:
            unsettled += 1
        else:
            inside[_quadrant(correct, grounded >= enough)].append(pk)
    cell = asked.get("cell", "")
    shown = inside.get(cell, [])
    opened = Evaluation.objects.filter(pk__in=shown[:SHOWN]).select_related("session__case__system").order_by("-pk")
    return {
        "systems": systems,
        "system": system,
        "thresholds": read(system.thresholds) if system else None,
        "enough": enough,
        "cells": [Cell(name, len(inside[name]), words, hue) for name, (_, _, words, hue) in QUADRANTS.items()],
        "cell": cell if cell in QUADRANTS else "",
        "cell_words": QUADRANTS[cell][2] if cell in QUADRANTS else "",
        "opened": list(opened) if shown else [],
        "not_opened": max(0, len(shown) - SHOWN),
        "guesses": guesses_of({*inside["success"], *inside["lucky"]}),
        "newest": NEWEST,
        "settled": sum(map(len, inside.values())),
        "unsettled": unsettled,
    }
