"""A sequential test for agents that sample: valid at any stopping time. No Django here.

Pairs are drawn one at a time; of those whose arms differ, h harm and g gain. Under "harm is not
likelier than gain" the mixture over harm rates in (1/2, 1] against 1/2 is a test martingale:
E = 2^(h+g+1) B(h+1, g+1) (1 - I_1/2(h+1, g+1)), so P(E ever >= 1/a) <= a.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Trial:
    """Pairs of one case so far: arms that differ as ``harms`` and ``gains``, of ``pairs`` that settled."""

    harms: int
    gains: int
    pairs: int


@dataclass(frozen=True)
class Weighed:
    harmed: tuple[int | str, ...]  # cases whose own E refuses
    pooled_harm: bool  # all of them together refuse
    undecided: tuple[int | str, ...]  # need more pairs
    e_values: dict[int | str, float]
    pooled: float


def e_value(harms: int, gains: int) -> float:
    """Evidence that the candidate harms more often than it gains; 1 where nothing differed."""
    n = harms + gains
    # with whole numbers the incomplete beta is a binomial tail, so this is exact
    tail = Fraction(sum(math.comb(n + 1, k) for k in range(harms + 1)), 2 ** (n + 1))
    beta = Fraction(math.factorial(harms) * math.factorial(gains), math.factorial(n + 1))
    return float(2 ** (n + 1) * beta * tail)


def weigh(trials: Mapping[int | str, Trial], *, alpha: float, eps: float, least: int, most: int) -> Weighed:
    """Which cases are harmed, and which need more pairs, at level ``alpha`` over all cases together.

    Half of ``alpha`` goes to single cases (each at 2 * cases / alpha), half to the pool.
    """
    e_values = {case: e_value(trial.harms, trial.gains) for case, trial in trials.items()}
    pooled = e_value(sum(t.harms for t in trials.values()), sum(t.gains for t in trials.values()))
    harmed = tuple(case for case, value in e_values.items() if value >= 2 * len(trials) / alpha)
    undecided = tuple(case for case, trial in trials.items() if not _cleared(trial, eps, least, most))
    return Weighed(harmed, bool(trials) and pooled >= 2 / alpha, undecided, e_values, pooled)


def _cleared(trial: Trial, eps: float, least: int, most: int) -> bool:
    if trial.pairs < least:
        return False
    net = trial.harms - trial.gains
    return net <= 0 or (trial.pairs >= most and net / trial.pairs < eps)
