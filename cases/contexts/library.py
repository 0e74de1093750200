"""The library page: its list with each case's record, its map, and what to do next."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Case as Choice
from django.db.models import Count, Exists, F, OuterRef, QuerySet, Subquery, When, Window
from django.db.models.functions import Coalesce, RowNumber

from cases import labelling, labels
from cases.access import EXPERT, LEAD, asked_by, closed_to, has_role, left_out
from cases.contexts.listing import (
    PAGE,
    Filters,
    Listed,
    choices,
    library_map,
    of_last_run,
    page_of,
    with_what_rows_show,
)
from cases.forms.library import minders, usual_end
from cases.models import Case, Confirmation, Entry, Evaluation, Label, LabelSeat, Session
from cloudmate import prepared

VIEWS = ("list", "map", "next")
RUNS = 10  # newest of a case that its row shows
CANDIDATES = 300  # newest cases not yet gating that are looked at for a suggestion
SUGGESTED = 12


@dataclass(frozen=True)
class Record:
    """A case's newest runs by the agent, oldest first; flaky: sets of equal runs that went both ways, of those of 2 and more."""

    outcomes: tuple[str, ...] = ()  # pass, fail, none
    flaky: int = 0
    repeated: int = 0
    last: datetime | None = field(default=None, compare=False)  # when the newest of them ended

    @property
    def passed(self) -> int:
        return self.outcomes.count("pass")

    @property
    def settled(self) -> int:
        return len(self.outcomes) - self.outcomes.count("none")

    @property
    def words(self) -> str:
        if not self.settled:
            return f"none of the last {len(self.outcomes)} runs is scored"
        return (
            f"{self.passed} of the last {self.settled} settled runs passed, those of patches that were tried included"
        )


@dataclass(frozen=True)
class Suggestion:
    case: Case
    wanted: str
    reasons: tuple[str, ...]


def library_page(query: dict[str, Any], user, *, view: str) -> dict[str, Any]:
    by_state = dict(prepared.rows(_by_state))
    shown = {
        "view": view,
        "may_curate": has_role(user, LEAD),
        "may_import": has_role(user, EXPERT, LEAD),
        "by_state": by_state,
        "gating": prepared.count(_gating),
        "undoable": _undoable(query.get("done", ""), user),
    }
    if view == "map":
        return shown | library_map()
    if view == "next":
        found = {"suggestions": suggestions(user), "looked_at": CANDIDATES}
        mine = {
            "labelling": None if closed_to(user) is None else labelling.held_by(user),
            "to_label": asked_by(user, _first_to_label),
        }
        return shown | found | mine | {"agreement": labels.agreement()}
    return shown | _list(query, by_state, closed_to(user))


def _list(query: dict[str, Any], by_state: dict[str, int], closed: int | None) -> dict[str, Any]:
    filters = Filters.from_query(query, sort="category")
    known = None if filters.any or closed is not None else sum(by_state.values()) - by_state.get(Case.State.DRAFT, 0)
    page = page_of(Listed(Case.objects.library, _in_library, filters, closed, known), query.get("page"))
    records = records_of([case.pk for case in page])
    for case in page:
        case.record = records.get(case.pk, Record())
    return {
        "page": page,
        "filters": filters,
        "minders": prepared.rows(minders),
        "usual_end": usual_end(),
        **choices(Case.objects.library),
    }


def _by_state() -> QuerySet:
    return Case.objects.order_by().values_list("state").annotate(n=Count("pk"))


def _gating() -> QuerySet[Case]:
    return Case.objects.confirmed().order_by().values("pk")


def _in_library(cases: QuerySet[Case]) -> QuerySet[Case]:
    given = Confirmation.objects.filter(version=OuterRef("current")).order_by().values("version")
    rows = with_what_rows_show(cases, "owner__username")
    return rows.annotate(confirmations_count=Coalesce(Subquery(given.annotate(n=Count("pk")).values("n")), 0))


def records_of(cases: list[int]) -> dict[int, Record]:
    """The newest runs of each of these cases, in one query."""
    runs: dict[int, list[tuple[tuple, bool | None]]] = {}
    last: dict[int, datetime] = {}
    of_a_page = 0 < len(cases) <= PAGE
    for case, version, knowledge, right, ended in (
        prepared.rows(_newest_runs, *cases) if of_a_page else _newest_runs(*cases)
    ):
        runs.setdefault(case, []).append(((version, knowledge), right))
        last[case] = ended
    return {case: _record(of_case, last[case]) for case, of_case in runs.items()}


def _newest_runs(*cases: int) -> QuerySet:
    right = Evaluation.objects.filter(session=OuterRef("pk")).order_by("-pk").values("correct")
    return (
        Session.objects.finished()
        .filter(case__in=cases, actor=Session.Actor.AGENT)
        .filter(origin__in=[Session.Origin.RECORDED, Session.Origin.REGRESSION])
        .annotate(age=Window(RowNumber(), partition_by=F("case"), order_by=F("pk").desc()))
        .filter(age__lte=RUNS)
        .annotate(right=Subquery(right[:1]))
        .order_by("pk")
        .annotate(ended=Choice(When(age=1, then="finished_at")))  # of five hundred moments fifty are shown
        .values_list("case", "version", "knowledge_digest", "right", "ended")
    )


def _record(runs: list[tuple[tuple, bool | None]], last: datetime) -> Record:
    equal: dict[tuple, list[bool]] = {}
    for inputs, right in runs:
        if right is not None:
            equal.setdefault(inputs, []).append(right)
    repeated = [rights for rights in equal.values() if len(rights) > 1]
    words = {True: "pass", False: "fail", None: "none"}
    outcomes = tuple(words[right] for _, right in runs)
    return Record(outcomes, sum(len(set(each)) > 1 for each in repeated), len(repeated), last)


def _undoable(batch: str, user) -> dict[str, Any] | None:
    """What the last click did, where this person may still take it back."""
    if not batch or "\x00" in batch or not has_role(user, LEAD):
        return None
    acts = list(Entry.objects.filter(batch=batch[:32], undoes=None, undone_by=None).values_list("action", flat=True))
    return {"batch": batch[:32], "action": acts[0], "count": len(acts)} if acts else None


def to_label(user) -> QuerySet[Case]:
    """Gating cases and those on their way that only one person labelled, or none, and not this one: newest first.

    One that this person confirmed, or took and left, is for somebody else.
    """
    if not has_role(user, EXPERT, LEAD):
        return Case.objects.none()
    mine = Label.objects.filter(version__task_digest=OuterRef("current__task_digest"), by=user)
    waiting = Case.objects.filter(state__in=[Case.State.LABELLED, Case.State.CONFIRMED], gates=True)
    left = LabelSeat.objects.filter(case=OuterRef("pk"), by=user, task_digest=OuterRef("current__task_digest"))
    confirmed = Confirmation.objects.filter(version__case=OuterRef("pk"), by=user, bulk=False)
    waiting = waiting.filter(ambiguity=Case.Ambiguity.UNKNOWN)
    waiting = waiting.exclude(Exists(mine)).exclude(Exists(left)).exclude(Exists(confirmed))
    return waiting.select_related("system").order_by("-pk")


def _first_to_label(user) -> QuerySet[Case]:
    return to_label(user).only("name", "system__name")[:SUGGESTED]


def suggestions(user) -> list[Suggestion]:
    """What to bring into the library next, best first: by how many reasons speak for it, newest first among equals."""
    protected = Counter({(system, category): n for system, category, n in prepared.rows(_protected)})
    of_system = Counter(system for system, _ in protected.elements())
    reasons = {case.pk: _reasons(case, protected, of_system) for case in asked_by(user, _waiting)}
    best = sorted(filter(reasons.get, reasons), key=lambda pk: -len(reasons[pk]))[:SUGGESTED]
    rows = Case.objects.select_related("system").only("name", "state", "system__name").in_bulk(best)
    return [Suggestion(rows[pk], WANTED[Case.State(rows[pk].state)], reasons[pk]) for pk in best]


def _protected() -> QuerySet:
    return Case.objects.confirmed().order_by().values_list("system", "current__category").annotate(Count("pk"))


def _waiting(user) -> QuerySet:
    """What reasons are looked for in: of the newest cases that do not gate yet."""
    expert = Session.objects.finished().filter(case=OuterRef("pk"), actor=Session.Actor.EXPERT)
    given = Confirmation.objects.filter(version=OuterRef("current")).order_by().values("version")
    return (
        left_out(Case.objects.filter(gates=True), user)
        .filter(state__in=[Case.State.DRAFT, Case.State.CLEANED, Case.State.LABELLED])
        .annotate(
            right=of_last_run("correct"),
            worked=Exists(expert),
            given=Subquery(given.annotate(n=Count("*")).values("n")),
        )
        .order_by("-pk")
        .values_list("pk", "system", "system__name", "current__category", "right", "worked", "given", named=True)
    )[:CANDIDATES]


WANTED = {
    Case.State.DRAFT: "mark it as cleaned",
    Case.State.CLEANED: "label it with the answer",
    Case.State.LABELLED: "confirm it",
}


def _reasons(case, protected: Counter, of_system: Counter) -> tuple[str, ...]:
    """Of a row that ``suggestions`` reads."""
    category = case.current__category
    told = (
        (not of_system[case.system], f"nothing of {case.system__name} is protected yet"),
        (
            category and of_system[case.system] and not protected[case.system, category],
            f"a gap of the map: no {category} case of {case.system__name} gates",
        ),
        (case.right is False, "the agent fails on it: it would show what a rule mends"),
        (case.worked, "an expert has worked it: the answer is known"),
        (case.given == 1, "one word is missing: another lead's"),
    )
    return tuple(words for holds, words in told if holds)
