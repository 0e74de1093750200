"""Where a case comes from and what came of it: its source and sessions before it, patches and versions after it."""

from dataclasses import dataclass

from django.db.models import Q
from django.urls import reverse

from cases.access import left_out
from cases.models import Case, Entry
from cases.proposing import PROPOSED
from rules import versions
from rules.models import KnowledgeVersion, Patch
from sandbox.lab.case import GENERATOR, plot_of
from sandbox.models import LiveIncident, Pair

SHOWN = 20
ALERT = "alert"


@dataclass(frozen=True)
class Line:
    """One fact of a lineage; ``url`` is where to see it."""

    name: str
    words: str
    url: str = ""
    note: str = ""


@dataclass(frozen=True)
class Learned:
    """A patch written for the case: the version it went into, and which of its rules are served now."""

    patch: Patch
    version: KnowledgeVersion | None
    rules: tuple[str, ...]
    served: tuple[str, ...]


@dataclass(frozen=True)
class Moved:
    """A version that was tested to change the outcome of the case when it went in."""

    version: KnowledgeVersion
    outcome: str


def lineage(case: Case, user) -> dict:
    """Ten queries, however much came of the case."""
    return {
        "came": [*_source(case), *_incidents(case), *_answer(case)],
        "copies": list(_copies(case, user)[:SHOWN]),
        "learned": _learned(case),
        "moved": _moved(case),
    }


def _source(case: Case) -> list[Line]:
    """Where it came in: an alert, the lab, an import, or a person."""
    said = case.source or {}
    note = ", ".join(filter(None, (said.get("provenance", ""), said.get("licence", ""))))
    if case.origin == ALERT:
        return [Line("Came in as", "an alert", note=case.origin_path)]
    if case.origin == GENERATOR:
        plot = plot_of(case.origin_path)
        if plot is None:
            return [Line("Made by the lab", case.origin_path)]
        return [Line("Made by the lab", f"{plot.system}, seed {plot.seed}", note=plot.fault.replace("_", " "))]
    return [Line("Came from", case.origin, note=", ".join(filter(None, (case.origin_path, note))))]


def _incidents(case: Case) -> list[Line]:
    """The live incidents that somebody worked, as this case or before it became one."""
    rows = LiveIncident.objects.filter(Q(session__case=case) | Q(baseline=case)).select_related("session__by")
    return [
        Line("Went live", f"incident {row.pk}", row.get_absolute_url(), f"worked by {row.session.by.get_username()}")
        for row in rows[:SHOWN]
    ]


def _answer(case: Case) -> list[Line]:
    """Whose session or word the answer is."""
    if case.current is None or not case.current.answer:
        return []
    entry = Entry.objects.filter(case=case, action=PROPOSED).select_related("by").order_by("-pk").first()
    if entry is not None:
        number = entry.subject.removeprefix("session ")
        who = f"proposed by {entry.by.get_username()}"
        return [Line("Answer from", entry.subject, reverse("cases:session", args=[number]), who)]
    if case.current.created_by:
        return [Line("Answer from", case.current.created_by.get_username(), note=f"version {case.current.number}")]
    return [Line("Answer from", "its source", note="nobody here has worked it out")]


def _copies(case: Case, user):
    """Cases that show an agent the very same, or hold the same recordings."""
    same = Q(current__task_digest=case.current.task_digest) if case.current else Q(pk__in=[])
    if case.frozen_digest:
        same |= Q(frozen_digest=case.frozen_digest)
    return left_out(Case.objects.filter(same).exclude(pk=case.pk), user).select_related("system").order_by("pk")


def _learned(case: Case) -> list[Learned]:
    rows = list(
        Patch.objects.filter(case=case).select_related("version").prefetch_related("revisions").order_by("-pk")[:SHOWN]
    )
    served = {rule.name for rule in versions.knowledge(versions.head()).rules}
    found = []
    for patch in rows:
        revision = next((one for one in patch.revisions.all() if one.number == patch.revision_number), None)
        names = tuple(rule["name"] for rule in revision.add) if revision else ()
        version = getattr(patch, "version", None)
        found.append(Learned(patch, version, names, tuple(name for name in names if version and name in served)))
    return found


def _moved(case: Case) -> list[Moved]:
    """Newest first; a version whose own regression says that it fixed or lost the case."""
    changed = Pair.objects.filter(
        case_version__case=case,
        outcome__in=[Pair.Outcome.FIXED, Pair.Outcome.REGRESSED],
        regression__patches__version__isnull=False,
    )
    rows = list(changed.values_list("regression__patches__version", "outcome").distinct()[:SHOWN])
    by_pk = KnowledgeVersion.objects.select_related("patch").in_bulk([pk for pk, _ in rows])
    return sorted((Moved(by_pk[pk], outcome) for pk, outcome in rows), key=lambda one: -one.version.number)
