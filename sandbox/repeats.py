"""What repeated runs of the same cases say: how often one passes, one of several, and every one. No Django here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import comb

from sandbox.report import Report, Tally


@dataclass(frozen=True)
class Repeats:
    """An arm's runs of the ``n`` cases that it settled at least twice, ``k`` times each at the least.

    All are shares: of runs that pass (pass@1), of cases of which one of ``k`` runs passes (pass@k), and of cases of
    which every one of ``k`` does (pass^k), the last two as expected over every choice of ``k`` of a case's runs.
    """

    arm: str
    n: int
    k: int
    runs: Tally
    one_of_k: float
    every_of_k: float


def repeats(report: Report) -> tuple[Repeats, ...]:
    """The old and the new arm; an arm that settled no case twice is left out."""
    arms = (("old", [row.base for row in report.rows]), ("new", [row.candidate for row in report.rows]))
    return tuple(found for arm, tallies in arms if (found := of_arm(arm, tallies)))


def of_arm(arm: str, tallies: Iterable[Tally]) -> Repeats | None:
    """pass@k = 1 - C(n-c, k) / C(n, k) (Chen et al. 2021) and pass^k = C(c, k) / C(n, k) (Yao et al. 2024), c of n passed."""
    several = [tally for tally in tallies if tally.n > 1]
    if not several:
        return None
    k = min(tally.n for tally in several)
    return Repeats(
        arm=arm,
        n=len(several),
        k=k,
        runs=Tally(sum(tally.passed for tally in several), sum(tally.n for tally in several)),
        one_of_k=sum(1 - comb(tally.n - tally.passed, k) / comb(tally.n, k) for tally in several) / len(several),
        every_of_k=sum(comb(tally.passed, k) / comb(tally.n, k) for tally in several) / len(several),
    )
