"""What a regression found so far, read from its pairs."""

import json
from functools import lru_cache
from itertools import groupby
from operator import itemgetter

from django.db.models import Count, QuerySet, TextField
from django.db.models.functions import Cast

from cases.models import Evaluation, Step
from cloudmate import prepared
from sandbox.divergence import Divergence
from sandbox.models import Pair, Regression
from sandbox.report import BEYOND, NOTHING, Outcome, PairResult, Report, Row


def report_of(regression: Regression) -> Report:
    """The report so far, in three queries whatever the size. Rows: regressed first, then by category and name.

    While nothing of it changes it is the same object.
    """
    pairs = prepared.rows(_pairs, regression.pk)
    sessions = {pk for pair in pairs for pk in pair[len(_OF_CASE) :][:2] if pk}
    return _report(_Read(regression, pairs, _verdicts(sessions), _levels(sessions)))


class _Read:
    """What a report is made of. Equal where all of it is."""

    def __init__(self, regression: Regression, pairs: list[tuple], verdicts: dict[int, str], levels: dict):
        self.pk, self.pairs, self.verdicts, self.levels = regression.pk, pairs, verdicts, levels
        self.shared = {
            "engine": regression.engine,
            "base_digest": regression.base_id,
            "candidate_digest": regression.candidate_id,
            "seeds": tuple(regression.seeds),
            "finished": regression.state == Regression.State.CLOSED,
            "cancelled": regression.state == Regression.State.CANCELLED,
        }

    def __hash__(self):
        return self.pk

    def __eq__(self, other):
        return vars(self) == vars(other)


@lru_cache(maxsize=8)
def _report(read: _Read) -> Report:
    pairs = [(found[: len(_OF_CASE)], found[len(_OF_CASE) :]) for found in read.pairs]
    rows = [
        _row(case, [found for _, found in same], read.verdicts, read.levels)
        for case, same in groupby(pairs, key=itemgetter(0))
    ]
    rows.sort(key=lambda row: (_RANK.get(row.outcome, 9), row.category, row.name))
    return Report(rows=tuple(rows), **read.shared)


_OUTCOMES = {outcome.value: outcome for outcome in Outcome} | {"": Outcome.OPEN}
_RANK = {
    outcome: rank
    for rank, outcome in enumerate(
        (
            Outcome.REGRESSED,
            Outcome.FLAKY,
            Outcome.INCONCLUSIVE,
            Outcome.FIXED,
            Outcome.OPEN,
            Outcome.SAME_FAIL,
            Outcome.SAME_PASS,
            Outcome.UNAFFECTED,
        )
    )
}


def _verdicts(sessions: set[int]) -> dict[int, str]:
    return dict(Evaluation.objects.filter(session__in=sessions).order_by("pk").values_list("session_id", "verdict"))


def _levels(sessions: set[int]) -> dict[int, dict[str, int]]:
    """Session -> level -> calls, of the levels that no recording of the call stands behind."""
    beyond = Step.objects.filter(session__in=sessions, level__in=list(BEYOND)).order_by()
    found: dict[int, dict[str, int]] = {}
    for session, level, count in beyond.values_list("session_id", "level").annotate(n=Count("pk")):
        found.setdefault(session, {})[level] = count
    return found


# what a row is made of, read as plain values: a thousand pairs with their cases are four thousand models
_CASE = "case_version__case__"
_OF_CASE = (
    *("case_version_id", "case_version__case_id", "case_version__number"),
    *("case_version__category", "case_version__fault_class"),
    *(f"{_CASE}name", f"{_CASE}system__name", f"{_CASE}must_pass", f"{_CASE}current_id"),
    Cast(f"{_CASE}tags", TextField()),  # most cases have the same: each is parsed once
)
_OF_PAIR = (
    *("base_session_id", "candidate_session_id", "seed", "outcome", "base_passed", "candidate_passed", "reason"),
    *(Cast("divergence", TextField()), "target"),
)


def _pairs(regression: int) -> QuerySet:
    pairs = Pair.objects.filter(regression=regression).order_by("case_version_id", "seed")
    return pairs.values_list(*_OF_CASE, *_OF_PAIR)


def _row(case: tuple, pairs: list[tuple], verdicts: dict[int, str], levels: dict[int, dict[str, int]]) -> Row:
    version, pk, number, category, fault_class, name, system, must_pass, current, tags = case
    return Row(
        case=pk,
        name=name,
        pairs=tuple([_result(pair, verdicts, levels) for pair in pairs]),
        category=category,
        fault_class=fault_class,
        system=system,
        target=any([pair[-1] for pair in pairs]),
        must_pass=must_pass,
        version=number,
        tags=_tags(tags),
        stale=current != version,
    )


def _result(pair: tuple, verdicts: dict[int, str], levels: dict[int, dict[str, int]]) -> PairResult:
    base, candidate, seed, outcome, base_passed, candidate_passed, reason, divergence, _ = pair
    return PairResult(
        seed,
        _OUTCOMES[outcome],
        base_passed,
        candidate_passed,
        verdicts.get(base, ""),
        verdicts.get(candidate, ""),
        reason,
        _divergence(divergence) if divergence else None,
        base,
        candidate,
        levels.get(base, NOTHING),
        levels.get(candidate, NOTHING),
    )


@lru_cache(maxsize=1_000)
def _tags(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


@lru_cache(maxsize=10_000)
def _divergence(text: str) -> Divergence | None:
    parts = json.loads(text)
    return Divergence(**parts) if parts else None
