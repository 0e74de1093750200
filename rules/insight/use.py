"""What each rule does: in the newest sessions and regressions, when it is taken away, and beside the other rules."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet

from cases.models import Session, Step
from cloudmate import prepared
from rules import versions
from rules.conflicts import conflicts
from rules.models import Patch, PatchRevision
from sandbox.models import Pair, Regression

NEWEST_SESSIONS = 200  # whose rules are counted
NEWEST_REGRESSIONS = 50  # whose changed cases are counted


@dataclass(frozen=True)
class Use:
    """What a rule did in the newest sessions, and the cases it changed in the newest regressions."""

    retrieved: int = 0
    fired: int = 0
    helped: int = 0
    hurt: int = 0


def uses() -> tuple[dict[str, Use], int]:
    """Rule name -> use, and how many sessions were looked at: the newest that ran with any knowledge. Three queries."""
    newest = prepared.rows(_newest)
    seen: dict[tuple[str, str], set[int]] = {}
    for pk, used in [*newest, *prepared.rows(_steps_with_rules)]:
        for use in used:
            how = "fired" if use["how"] == "fired" else "retrieved"
            seen.setdefault((use["rule"], how), set()).add(pk)
            seen.setdefault((use["rule"], "retrieved"), set()).add(pk)
    changed: dict[tuple[str, str], set[int]] = {}
    for rule, outcome, case in prepared.rows(_changed_cases):
        if rule:
            changed.setdefault((rule, outcome), set()).add(case)
    names = {name for name, _ in [*seen, *changed]}
    return {
        name: Use(
            retrieved=len(seen.get((name, "retrieved"), ())),
            fired=len(seen.get((name, "fired"), ())),
            helped=len(changed.get((name, Pair.Outcome.FIXED), ())),
            hurt=len(changed.get((name, Pair.Outcome.REGRESSED), ())),
        )
        for name in names
    }, len(newest)


def _newest() -> QuerySet:
    ran = Session.objects.finished().filter(actor=Session.Actor.AGENT).exclude(knowledge_digest="")
    return ran.order_by("-pk").values_list("pk", "concluding_rules")[:NEWEST_SESSIONS]


def _steps_with_rules() -> QuerySet:
    steps = Step.objects.filter(session__in=_newest().values("pk")).exclude(rules=[])
    return steps.order_by().values_list("session", "rules")


def _changed_cases() -> QuerySet:
    newest = Regression.objects.order_by("-pk").values("pk")[:NEWEST_REGRESSIONS]
    changed = Pair.objects.filter(regression__in=newest, outcome__in=[Pair.Outcome.FIXED, Pair.Outcome.REGRESSED])
    return changed.order_by().values_list("divergence__rule", "outcome", "case_version__case")


@dataclass(frozen=True)
class Ablation:
    """The library with and without one rule, as tested for a patch that takes only it away."""

    patch: int
    at: datetime
    lost: int
    gained: int
    cases: int


def ablations() -> dict[str, Ablation]:
    """Rule name -> its newest ablation that has run to its end. Two queries."""
    alone = [(patch, removed[0]) for patch, removed in prepared.rows(_takers) if len(removed) == 1]
    tested = _tested([patch for patch, _ in alone]) if alone else ()
    results = {row[0]: Ablation(*row) for row in tested}
    return {name: results[patch] for patch, name in alone if patch in results}


def _takers() -> QuerySet:
    """Tested patches that add nothing."""
    tested = PatchRevision.objects.filter(patch__regression__state="closed", add=[])
    return tested.order_by("pk").values_list("patch", "remove")


def _tested(patches: list[int]) -> QuerySet:
    return (
        Patch.objects.filter(pk__in=patches)
        .annotate(
            lost=Count("regression__pairs", filter=Q(regression__pairs__outcome=Pair.Outcome.REGRESSED)),
            gained=Count("regression__pairs", filter=Q(regression__pairs__outcome=Pair.Outcome.FIXED)),
            cases=Count("regression__pairs"),
        )
        .values_list("pk", "regression__closed_at", "lost", "gained", "cases")
    )


def clashes_of_head() -> dict[str, list[str]]:
    """Rule name -> what it runs into, in words."""
    found: dict[str, list[str]] = {}
    for clash in conflicts(versions.knowledge(versions.head())):
        for name in clash.rules:
            other = next((one for one in clash.rules if one != name), name)
            found.setdefault(name, []).append(f"{clash.kind} with {other}: {clash.text}")
    return found
