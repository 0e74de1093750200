"""The two lists of cases: all of them, and the baseline library with its map."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from cases.access import closed_to
from cases.models import Case, Evaluation, Session, System
from cloudmate import prepared

PAGE = 50
SORTS = {
    "name": ["name", "pk"],
    "state": ["state", "pk"],
    "system": ["system__name", "pk"],
    "category": ["current__category", "name"],
    "sessions": ["sessions_count", "pk"],
    "frozen": ["frozen_size", "pk"],
    "coverage": ["frozen_share", "pk"],
    "updated": ["updated_at", "pk"],
}


COLUMNS = (
    *(
        "name",
        "state",
        "origin",
        "synthetic",
        "tags",
        "gates",
        "must_pass",
        "ambiguity",
        "quarantined_until",
        "updated_at",
    ),
    *("frozen_digest", "frozen_size", "frozen_share", "frozen_asked", "system__name"),
    *("current__category", "current__fault_class"),
)


@dataclass(frozen=True)
class Filters:
    """What the URL asks for; anything it cannot mean is ignored."""

    q: str = ""
    state: str = ""
    system: str = ""
    category: str = ""
    origin: str = ""
    sort: str = "-updated"

    @classmethod
    def from_query(cls, query: dict[str, Any], *, sort: str = "-updated") -> "Filters":
        query = {name: text.replace("\x00", "") for name, text in query.items()}  # which no text of a database holds
        asked = query.get("sort", sort)
        return cls(
            q=query.get("q", "").strip()[:200],
            state=query.get("state", "") if query.get("state", "") in Case.State.values else "",
            system=query.get("system", ""),
            category=query.get("category", ""),
            origin=query.get("origin", ""),
            sort=asked if asked.removeprefix("-") in SORTS else sort,
        )

    @property
    def any(self) -> bool:
        return bool(self.q or self.state or self.system or self.category or self.origin)

    def apply(self, cases: QuerySet[Case]) -> QuerySet[Case]:
        if self.q:
            cases = cases.filter(Q(name__icontains=self.q) | Q(current__prompt__icontains=self.q))
        if self.state:
            cases = cases.filter(state=self.state)
        if self.system:
            cases = cases.filter(system__slug=self.system)
        if self.category:
            cases = cases.filter(current__category=self.category)
        if self.origin:
            cases = cases.filter(origin=self.origin)
        names = SORTS[self.sort.removeprefix("-")]
        if names[0] == "sessions_count":
            cases = cases.annotate(sessions_count=sessions_counted())
        unknown_last = (
            {"nulls_last": True} if names[0].startswith("frozen") else {}
        )  # elsewhere it would cost the index
        down = self.sort.startswith("-")
        first, *rest = (F(name) for name in names)
        order = [first.desc(**unknown_last) if down else first.asc(**unknown_last)]
        return cases.order_by(*order, *(one.desc() if down else one.asc() for one in rest))


def with_what_rows_show(cases: QuerySet[Case], *more: str) -> QuerySet[Case]:
    """What a row of every list shows, and ``more`` columns; the large parts of a version stay behind."""
    return cases.select_related("system", "current", *(name.partition("__")[0] for name in more)).only(*COLUMNS, *more)


def sessions_counted() -> Coalesce:
    """How many recorded sessions a case has."""
    of_case = Session.objects.filter(case=OuterRef("pk")).recorded().order_by().values("case")
    return Coalesce(Subquery(of_case.annotate(n=Count("*")).values("n")), 0)  # "*" is answered by the index alone


def of_last_run(field: str) -> Subquery:
    """What the newest evaluation says of the agent's last recorded session that has one."""
    scored = Evaluation.objects.filter(session__case=OuterRef("pk"), session__origin=Session.Origin.RECORDED)
    newest = scored.filter(session__actor=Session.Actor.AGENT).order_by("-session_id", "-pk")
    return Subquery(newest.values(field)[:1])


def choices(cases: Callable[[], QuerySet[Case]]) -> dict[str, Any]:
    """What there is to filter by: two answers of one column each cost a third of one of both."""
    return {
        "states": Case.State.choices,
        "systems": prepared.rows(_systems),
        "categories": prepared.rows(_categories, cases),
        "origins": prepared.rows(_origins, cases),
    }


def _categories(cases: Callable[[], QuerySet[Case]]) -> QuerySet:
    found = cases().filter(current__category__gt="").order_by("current__category")
    return found.values_list("current__category", flat=True).distinct()


def _origins(cases: Callable[[], QuerySet[Case]]) -> QuerySet:
    return cases().order_by("origin").values_list("origin", flat=True).distinct()


def _systems() -> QuerySet[System]:
    return System.objects.only("slug", "name").order_by("name")


@dataclass(frozen=True)
class Listed:
    """The rows of a list, as a ``Paginator`` counts and cuts them: those of ``cases``, with what ``shown`` adds."""

    cases: Callable[[], QuerySet[Case]]
    shown: Callable[[QuerySet[Case]], QuerySet[Case]]
    filters: Filters
    closed: int | None  # the case that is closed to who asks
    known: int | None = None  # how many there are, where that is known

    def all(self) -> QuerySet[Case]:
        found = self.filters.apply(self.cases())
        return found if self.closed is None else found.exclude(pk=self.closed)

    @cached_property
    def _with_words(self) -> list[int]:
        """Their keys, in order: looked for once, not to count them and again to cut."""
        return list(self.all().values_list("pk", flat=True))

    def count(self) -> int:
        if self.known is not None:
            return self.known
        return len(self._with_words) if self.filters.q else self.all().count()

    def __getitem__(self, part: slice) -> list[Case]:
        if self.filters.q:
            keys = self._with_words[part]
            found = {case.pk: case for case in prepared.rows(_numbered, self.shown, *keys)}
            return [found[key] for key in keys if key in found]
        return prepared.rows(_part, replace(self, known=None), (part.start, part.stop))


def _part(listed: Listed, part: tuple[int, int]) -> QuerySet[Case]:
    return listed.shown(listed.all())[slice(*part)]


def _numbered(shown: Callable[[QuerySet[Case]], QuerySet[Case]], *keys: int) -> QuerySet[Case]:
    return shown(Case.objects.filter(pk__in=keys))


def page_of(listed: Listed, number: Any) -> Page:
    return Paginator(listed, PAGE).get_page(number)


def cases_page(query: dict[str, Any], user) -> dict[str, Any]:
    filters, closed, total = Filters.from_query(query), closed_to(user), prepared.count(_every)
    known = None if filters.any else total - (closed is not None)
    listed = Listed(Case.objects.all, _in_list, filters, closed, known)
    return {
        "page": page_of(listed, query.get("page")),
        "filters": filters,
        "total": total if filters.any else known,
        **choices(Case.objects.all),
    }


def _every() -> QuerySet[Case]:
    return Case.objects.order_by().values("pk")


def _in_list(cases: QuerySet[Case]) -> QuerySet[Case]:
    shown = ("name", "state", "updated_at", "system__name", "current__category", "current__prompt")
    rows = cases.select_related("system", "current").only(*shown)
    return rows.annotate(sessions_count=sessions_counted(), last_verdict=of_last_run("verdict"))


@dataclass(frozen=True)
class Cell:
    system: str  # slug
    confirmed: int = 0
    waiting: int = 0  # in the library, not gating yet


@dataclass(frozen=True)
class MapRow:
    category: str
    cells: tuple[Cell, ...]

    @property
    def confirmed(self) -> int:
        return sum(cell.confirmed for cell in self.cells)


def _by_category_and_system() -> QuerySet:
    live = Case.objects.library().exclude(state=Case.State.RETIRED).order_by()
    counts = {"confirmed": Count("pk", filter=Case.GATING), "waiting": Count("pk", filter=~Case.GATING)}
    return live.values_list("current__category", "system__slug").annotate(**counts)


def library_map() -> dict[str, Any]:
    """Categories x systems with counts; a cell of zero is a gap: nothing there is protected."""
    counted = prepared.rows(_by_category_and_system)
    found = {(category, slug): (confirmed, waiting) for category, slug, confirmed, waiting in counted}
    systems = [system for system in prepared.rows(_systems) if any(slug == system.slug for _, slug in found)]
    categories = sorted({category for category, _ in found}, key=lambda category: (category == "", category))
    rows = [
        MapRow(category, tuple(Cell(system.slug, *found.get((category, system.slug), (0, 0))) for system in systems))
        for category in categories
    ]
    gaps = sum(cell.confirmed == 0 for row in rows for cell in row.cells)
    return {"map_systems": systems, "map_rows": rows, "gaps": gaps, "cells": len(rows) * len(systems)}
