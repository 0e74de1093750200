"""Which scores people should judge themselves: where sources disagree, where one is unsure, and a random slice.

No Django here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cases.evaluation.base import Score
from cases.evaluation.calibration import GOOD
from cases.transcript import digest_of

DISAGREEMENT, LOW_CONFIDENCE, RANDOM = "disagreement", "low_confidence", "random"
UNSURE = 0.2  # a value nearer than this to GOOD could as well have been the other
SLICE = 20  # one score in so many, whatever it says
DIMENSIONS = ("evidence", "coherence", "intent")  # what a person can settle by reading


@dataclass(frozen=True)
class Chosen:
    """A score for the queue. ``priority`` from 0 up: higher comes first."""

    score: Score
    why: str
    priority: float


def choose(scores: Sequence[Score], *, correct: bool | None, key: str) -> tuple[Chosen, ...]:
    """At most one score of each dimension: the judge's where there is one, else the checks'.

    The random slice is drawn first and by digest of ``key``, so that its members do not depend on what the scores
    say: only of it may a rate be read as the rate of all.
    """
    found = []
    for dimension in DIMENSIONS:
        by_source = {
            score.source: score for score in scores if score.dimension == dimension and score.value is not None
        }
        score = by_source.get("judge") or by_source.get("deterministic")
        if score is None:
            continue
        others = [one.value >= GOOD for one in by_source.values() if one is not score]
        if dimension == "evidence" and correct is not None:
            others.append(correct)  # right but ungrounded, or grounded but wrong: the two tracks disagree
        distance = abs(score.value - GOOD)
        asked = score.details.get("questions", [])
        if int(digest_of([key, dimension])[:8], 16) % SLICE == 0:
            found.append(Chosen(score, RANDOM, 2.5))
        elif (score.value >= GOOD) in [not other for other in others]:
            found.append(Chosen(score, DISAGREEMENT, round(2 + distance, 4)))
        elif distance < UNSURE or any(row["answer"] == "insufficient" for row in asked):
            found.append(Chosen(score, LOW_CONFIDENCE, round(1 + max(0.0, UNSURE - distance), 4)))
    return tuple(found)
