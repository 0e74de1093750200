"""What a regression found, as frozen values: the library under old and new knowledge. No Django here.

Pairs are counted per case before any average; a pair that could not be settled is
neither passed nor failed and is counted apart; a case that is missing is not a passing one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from sandbox.divergence import Divergence
from sandbox.intervals import loss_bound, wilson
from sandbox.once import once


class Outcome(StrEnum):
    FIXED = "fixed"
    REGRESSED = "regressed"
    SAME_PASS = "same_pass"
    SAME_FAIL = "same_fail"
    FLAKY = "flaky"  # of a row only: pairs of a sampling agent went both ways
    UNAFFECTED = "unaffected"  # proven: no rule that differs is retrieved, so the run is identical
    INCONCLUSIVE = "inconclusive"
    OPEN = "open"  # not run yet


WORST_FIRST = (
    Outcome.REGRESSED,
    Outcome.INCONCLUSIVE,
    Outcome.FIXED,
    Outcome.SAME_FAIL,
    Outcome.SAME_PASS,
    Outcome.UNAFFECTED,
)
ONCE = frozenset({"offline", "scripted"})  # engines of which one run says all
UNSETTLED = frozenset({Outcome.OPEN, Outcome.INCONCLUSIVE})
SAME = (Outcome.SAME_PASS, Outcome.SAME_FAIL)
ARMS = {"base": "old", "candidate": "new"}
BEYOND = {"r2": "derived", "r3": "answered by the world", "r4": "acted on the world", "miss": "not captured"}
ENOUGH = 2  # settled pairs of a sampling agent


NOTHING: Mapping[str, int] = MappingProxyType({})


class PairResult(NamedTuple):
    """One case and seed under both arms. ``None`` for passed: neither passed nor failed, ``reason`` says why.

    A tuple: a page makes thousands, and a frozen dataclass sets twelve fields one by one.
    """

    seed: int
    outcome: Outcome
    base_passed: bool | None = None
    candidate_passed: bool | None = None
    base_verdict: str = ""  # cases Evaluation.Verdict: success, lucky, wrong ...
    candidate_verdict: str = ""
    reason: str = ""  # inconclusive: miss, unscored, error, no snapshot
    divergence: Divergence | None = None
    base_session: int | None = None
    candidate_session: int | None = None
    base_levels: Mapping[str, int] = NOTHING  # calls that no recording of theirs answered
    candidate_levels: Mapping[str, int] = NOTHING

    @property
    def settled(self) -> bool:
        return self.outcome not in UNSETTLED

    @property
    def could_hide_a_loss(self) -> bool:
        """Not settled, and the base arm is not known to fail: a loss may stand behind it."""
        return not self.settled and self.base_passed is not False


@dataclass(frozen=True)
class Row:
    """One case. ``pairs`` hold one entry a seed (or replicate)."""

    case: int | str
    name: str
    pairs: tuple[PairResult, ...]
    category: str = ""
    fault_class: str = ""
    system: str = ""
    target: bool = False
    must_pass: bool = False
    version: int | None = None
    tags: tuple[str, ...] = ()
    stale: bool = False  # the case has a newer version than the one that ran

    @once
    def base(self) -> Tally:
        return _tally(tuple([pair.base_passed for pair in self.pairs]))

    @once
    def candidate(self) -> Tally:
        return _tally(tuple([pair.candidate_passed for pair in self.pairs]))

    @property
    def harms(self) -> int:
        return sum(pair.outcome is Outcome.REGRESSED for pair in self.pairs)

    @property
    def gains(self) -> int:
        return sum(pair.outcome is Outcome.FIXED for pair in self.pairs)

    @once
    def outcome(self) -> Outcome:
        """The worst that its pairs say, so that no seed's loss hides behind another's gain."""
        if len(self.pairs) == 1:
            return self.pairs[0].outcome
        seen = {pair.outcome for pair in self.pairs}
        if not seen or Outcome.OPEN in seen:
            return Outcome.OPEN
        if Outcome.REGRESSED in seen and Outcome.FIXED in seen:
            return Outcome.FLAKY
        return next(outcome for outcome in WORST_FIRST if outcome in seen)

    @property
    def telling_first(self) -> tuple[PairResult, ...]:
        """The pairs, those that were lost before all others: they explain the outcome best."""
        if len(self.pairs) == 1:
            return self.pairs
        return tuple(sorted(self.pairs, key=lambda pair: pair.outcome is not Outcome.REGRESSED))

    @once
    def divergence(self) -> Divergence | None:
        """Of the pair that explains the outcome best: a lost one first."""
        return next((pair.divergence for pair in self.telling_first if pair.divergence), None)

    @property
    def missed(self) -> bool:
        """Whether something a run asked for was not captured."""
        said = [pair.reason for pair in self.pairs if pair.reason]
        return any("not captured" in reason or reason.startswith("miss") for reason in said) if said else False

    @once
    def beyond_recordings(self) -> str:
        """What the arms asked that was never recorded, and what answered it: world, action, or nothing (a miss).

        Where both arms got the same answers that way, only what nothing answered is worth a word.
        """
        if not any([pair.base_levels or pair.candidate_levels for pair in self.pairs]):
            return ""
        asked = {arm: self._levels(arm) for arm in ARMS}
        if asked["base"] == asked["candidate"]:
            missed = asked["base"]["miss"]
            return f"both asked what was never recorded: {missed} {BEYOND['miss']}" if missed else ""
        said = []
        for arm, levels in asked.items():
            parts = [f"{levels[level]} {words}" for level, words in BEYOND.items() if levels[level]]
            if parts:
                said.append(f"{ARMS[arm]} asked what was never recorded: {', '.join(parts)}")
        return "; ".join(said)

    def _levels(self, arm: str) -> Counter[str]:
        levels: Counter[str] = Counter()
        for pair in self.pairs:
            levels.update(getattr(pair, f"{arm}_levels"))
        return levels

    @property
    def has_remarks(self) -> bool:
        """Whether there is more to say of the case than its name."""
        return self.target or self.must_pass or self.stale or (self.version or 1) > 1

    @property
    def settled(self) -> int:
        return sum(pair.settled for pair in self.pairs)

    @once
    def reason(self) -> str:
        return "; ".join(dict.fromkeys(pair.reason for pair in self.pairs if pair.reason))


@dataclass(frozen=True)
class Tally:
    """``passed`` of ``n`` settled runs; prints as 4/5."""

    passed: int
    n: int

    @classmethod
    def of(cls, results: Iterable[bool | None]) -> Tally:
        known = [result for result in results if result is not None]
        return cls(sum(known), len(known))

    @property
    def rate(self) -> float | None:
        return self.passed / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % Wilson score interval of the rate."""
        return wilson(self.passed, self.n)

    def __str__(self) -> str:
        return f"{self.passed}/{self.n}"


@cache
def _tally(results: tuple[bool | None, ...]) -> Tally:
    """Counted once for all rows that went alike: there are a thousand rows, and three ways for one seed to go."""
    return Tally.of(results)


@dataclass(frozen=True)
class Totals:
    """Cases, counted once each; ``base`` and ``candidate`` are pass rates over settled pairs of both arms."""

    cases: int
    base: Tally
    candidate: Tally
    regressed: int
    fixed: int
    same: int
    flaky: int
    unaffected: int
    inconclusive: int
    open: int
    protected: int  # settled cases that passed under base: the n that could have shown a loss

    @property
    def settled(self) -> int:
        return self.cases - self.inconclusive - self.open

    @property
    def bound(self) -> float | None:
        """With no loss among ``protected`` cases, the true rate of loss is below this with 95 % confidence."""
        return loss_bound(self.protected)


@dataclass(frozen=True, eq=False)  # what is worked out of a thousand rows is kept by the report itself
class Report:
    """The rows of one regression, with what both arms shared. ``finished`` False: figures are of what has run."""

    rows: tuple[Row, ...]
    engine: str = "offline"
    base_digest: str = ""
    candidate_digest: str = ""
    seeds: tuple[int, ...] = (0,)
    finished: bool = True
    cancelled: bool = False
    levels: dict[str, int] = field(default_factory=dict)  # replay level -> observations, over both arms
    cost: dict[str, float] = field(default_factory=dict)  # tokens, wall_ms, calls

    @once
    def underpowered(self) -> tuple[Row, ...]:
        """Rows without a change that a sampling agent settled fewer than ``ENOUGH`` times: too few to call them the same."""
        if self.engine in ONCE:
            return ()
        return tuple(row for row in self.rows if row.outcome in SAME and row.settled < ENOUGH)

    @property
    def target(self) -> Row | None:
        return next((row for row in self.rows if row.target), None)

    @once
    def totals(self) -> Totals:
        outcomes = Counter(row.outcome for row in self.rows)
        settled = [pair for row in self.rows for pair in row.pairs if pair.settled]
        protected = [
            row
            for row in self.rows
            if row.pairs and all(pair.settled for pair in row.pairs) and any(pair.base_passed for pair in row.pairs)
        ]
        return Totals(
            cases=len(self.rows),
            base=Tally.of(pair.base_passed for pair in settled),
            candidate=Tally.of(pair.candidate_passed for pair in settled),
            regressed=outcomes[Outcome.REGRESSED],
            fixed=outcomes[Outcome.FIXED],
            same=outcomes[Outcome.SAME_PASS] + outcomes[Outcome.SAME_FAIL],
            flaky=outcomes[Outcome.FLAKY],
            unaffected=outcomes[Outcome.UNAFFECTED],
            inconclusive=outcomes[Outcome.INCONCLUSIVE],
            open=outcomes[Outcome.OPEN],
            protected=len(protected),
        )

    def rows_with(self, *outcomes: Outcome) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.outcome in outcomes)


def outcome_of(base_passed: bool | None, candidate_passed: bool | None) -> Outcome:
    """What a pair of results says; any None is inconclusive, never a pass and never a failure."""
    if base_passed is None or candidate_passed is None:
        return Outcome.INCONCLUSIVE
    if base_passed == candidate_passed:
        return Outcome.SAME_PASS if base_passed else Outcome.SAME_FAIL
    return Outcome.FIXED if candidate_passed else Outcome.REGRESSED
