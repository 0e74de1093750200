"""What each version of knowledge changed: the library and the held-out cases under it, its rules and conflicts."""

from dataclasses import dataclass, replace

from django.db.models import Count, QuerySet

from cases.models import Case, Evaluation, Session
from cloudmate import prepared
from rules.conflicts import conflicts
from rules.models import KnowledgeVersion
from sandbox.knowledge.data import knowledge_from
from sandbox.models import Pair

NEWEST_EVALUATIONS = 5000  # of held-out cases, that are looked at


@dataclass(frozen=True)
class Growth:
    """One version: the library and the held-out cases under it, and what the set of rules became."""

    version: KnowledgeVersion
    passing: int
    tested: int  # 0: nothing was tested with it
    before: int
    fixed: int
    held_passing: int
    held_tested: int
    rules: int
    conflicts: int
    added: int  # rules that came or changed
    removed: int

    @property
    def churn(self) -> int:
        return self.added + self.removed


def growth() -> list[Growth]:
    """Oldest first. Version 0 stands as the base arm of the first test had it."""
    rows = prepared.rows(_versions)
    tallies = _tallies()
    held = held_out()
    found, old = [], {}
    for row in rows:
        new = {data["name"]: data for data in row.value.rules}
        passed, of = held.get(row.value_id, (0, 0))
        tally = tallies.get(row.patch.regression_id if row.patch else None, Tally())
        found.append(
            Growth(
                version=row,
                passing=tally.passing,
                tested=tally.tested,
                before=tally.before,
                fixed=tally.fixed,
                held_passing=passed,
                held_tested=of,
                rules=len(new),
                conflicts=_conflicts(row),
                added=sum(old.get(name) != data for name, data in new.items()),
                removed=len(old.keys() - new.keys()),
            )
        )
        old = new
    if len(found) > 1 and not found[0].tested:
        found[0] = replace(found[0], passing=found[1].before, tested=found[1].tested)
    return found


def _versions() -> QuerySet[KnowledgeVersion]:
    return KnowledgeVersion.objects.select_related("value", "by", "patch__case", "patch__author").order_by("number")


@dataclass
class Tally:
    """Settled pairs of one regression: how many there are, passed under the base, pass now, and are fixed."""

    tested: int = 0
    before: int = 0
    passing: int = 0
    fixed: int = 0


def _tallies() -> dict[int, Tally]:
    """Regression of a version -> its tally, counted in the database: one query."""
    found: dict[int, Tally] = {}
    for row in prepared.rows(_settled_pairs):
        tally = found.setdefault(row["regression"], Tally())
        tally.tested += row["n"]
        tally.before += row["n"] * bool(row["base_passed"])
        tally.passing += row["n"] * bool(row["candidate_passed"])
        tally.fixed += row["n"] * (row["outcome"] == Pair.Outcome.FIXED)
    return found


def _settled_pairs() -> QuerySet:
    merged = KnowledgeVersion.objects.exclude(patch__regression=None).values("patch__regression")
    pairs = Pair.objects.filter(regression__in=merged).exclude(outcome__in=["", Pair.Outcome.INCONCLUSIVE])
    return pairs.order_by().values("regression", "outcome", "base_passed", "candidate_passed").annotate(n=Count("pk"))


def held_out() -> dict[str, tuple[int, int]]:
    """Digest of knowledge -> held-out cases passed, of those run under it: the newest run of each counts.

    Held out is a case that neither gates nor had a patch written for it: no rule was learned from it or kept for it.
    """
    newest: dict[tuple[str, int], str] = {}
    for digest, case, verdict in prepared.rows(_held_out):
        newest.setdefault((digest, case), verdict)
    found: dict[str, list[bool]] = {}
    for (digest, _), verdict in newest.items():
        if verdict not in (Evaluation.Verdict.UNSCORED, Evaluation.Verdict.TAINTED):
            found.setdefault(digest, []).append(verdict == Evaluation.Verdict.SUCCESS)
    return {digest: (sum(results), len(results)) for digest, results in found.items()}


def _held_out() -> QuerySet:
    return (
        Evaluation.objects.filter(session__actor=Session.Actor.AGENT, session__case__patches=None)
        .exclude(session__case__state=Case.State.CONFIRMED, session__case__gates=True)
        .exclude(session__knowledge_digest="")
        .order_by("-pk")
        .values_list("session__knowledge_digest", "session__case", "verdict")[:NEWEST_EVALUATIONS]
    )


_counted: dict[str, int] = {}  # digest of a rule set, which never changes -> its conflicts


def _conflicts(row: KnowledgeVersion) -> int:
    if row.value_id not in _counted:
        _counted[row.value_id] = len(conflicts(knowledge_from(row.value.rules)))
    return _counted[row.value_id]
