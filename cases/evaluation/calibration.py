"""How far a judge agrees with people, and whether that is enough to let it gate. No Django here.

Kappa with its large-sample standard error: Fleiss, Cohen and Everitt (1969). Shares with Wilson's interval (1927).
Corrected rate: Rogan and Gladen (1978).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt

Z = 1.959964  # two-sided 95 %

GOOD = 0.5  # a score from here on says "good in this dimension"

LEAST_N = 50
LEAST_NEGATIVES = 15
LEAST_KAPPA = 0.6
LEAST_KAPPA_BOUND = 0.4


@dataclass(frozen=True)
class Estimate:
    """A share or coefficient with its 95 % interval and the n it rests on; ``value`` None where n says nothing."""

    value: float | None
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True)
class Confusion:
    """Judge against people. Positive: the person says the session is good in this dimension."""

    tp: int = 0
    fp: int = 0
    fn: int = 0
    tn: int = 0

    @property
    def n(self) -> int:
        return self.tp + self.fp + self.fn + self.tn

    @property
    def negatives(self) -> int:
        return self.fp + self.tn

    def kappa(self) -> Estimate:
        """Cohen's kappa; None where one of the two only ever says one thing and chance explains all."""
        n = self.n
        if n < 2:  # one pair has no spread to estimate an interval from
            return Estimate(None, None, None, n)
        p = [[self.tp / n, self.fp / n], [self.fn / n, self.tn / n]]  # judge x person
        judge = [p[0][0] + p[0][1], p[1][0] + p[1][1]]
        person = [p[0][0] + p[1][0], p[0][1] + p[1][1]]
        agreed = p[0][0] + p[1][1]
        chance = judge[0] * person[0] + judge[1] * person[1]
        if chance >= 1:
            return Estimate(None, None, None, n)
        value = (agreed - chance) / (1 - chance)
        a = sum(p[i][i] * (1 - (judge[i] + person[i]) * (1 - value)) ** 2 for i in (0, 1))
        b = (1 - value) ** 2 * sum(p[i][1 - i] * (person[i] + judge[1 - i]) ** 2 for i in (0, 1))
        c = (value - chance * (1 - value)) ** 2
        error = sqrt(max(0.0, a + b - c) / n) / (1 - chance)
        return Estimate(value, max(-1.0, value - Z * error), min(1.0, value + Z * error), n)

    def sensitivity(self) -> Estimate:
        """Of what people call good, the share the judge does too."""
        return share(self.tp, self.tp + self.fn)

    def specificity(self) -> Estimate:
        """Of what people call bad, the share the judge does too."""
        return share(self.tn, self.negatives)


@dataclass(frozen=True)
class Permission:
    """Whether a judge may gate; ``lacking`` says in words what is missing."""

    allowed: bool
    lacking: tuple[str, ...] = ()


def confusion(pairs: Iterable[tuple[bool, bool]]) -> Confusion:
    """Count (judge, person) pairs."""
    cells = {(True, True): 0, (True, False): 0, (False, True): 0, (False, False): 0}
    for pair in pairs:
        cells[pair] += 1
    return Confusion(*(cells[key] for key in ((True, True), (True, False), (False, True), (False, False))))


def share(hits: int, n: int) -> Estimate:
    """hits / n with Wilson's interval."""
    if not n:
        return Estimate(None, None, None, 0)
    p = hits / n
    scale = 1 + Z**2 / n
    middle = (p + Z**2 / (2 * n)) / scale
    half = Z * sqrt(p * (1 - p) / n + Z**2 / (4 * n**2)) / scale
    return Estimate(p, max(0.0, middle - half), min(1.0, middle + half), n)


def corrected(rate: float, sensitivity: float, specificity: float) -> float | None:
    """The true rate behind a judge's: clip((p + spec - 1) / (sens + spec - 1)); None for a judge no better than chance."""
    gain = sensitivity + specificity - 1
    return min(1.0, max(0.0, (rate + specificity - 1) / gain)) if gain > 0 else None


def permission(counts: Confusion) -> Permission:
    """The bar of engine section 2: n >= 50, 15 negatives or more, kappa >= .6 with a lower bound of .4 or more."""
    kappa = counts.kappa()
    lacking = []
    if counts.n < LEAST_N:
        lacking.append(f"{counts.n} blind reviews of {LEAST_N}")
    if counts.negatives < LEAST_NEGATIVES:
        lacking.append(f"{counts.negatives} negative reviews of {LEAST_NEGATIVES}")
    if kappa.value is None or kappa.low is None:
        lacking.append(
            "kappa cannot be computed: somebody only ever says one thing" if counts.n > 1 else "no kappa yet"
        )
    elif kappa.value < LEAST_KAPPA or kappa.low < LEAST_KAPPA_BOUND:
        lacking.append(
            f"kappa {kappa.value:.2f} (lower bound {kappa.low:.2f}) where {LEAST_KAPPA} ({LEAST_KAPPA_BOUND}) is wanted"
        )
    return Permission(not lacking, tuple(lacking))
