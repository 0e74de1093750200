"""The one search: cases, sessions, patches and rules that hold the words, or bear the number."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.db.models import Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from cases.access import left_out, number_in, require_role
from cases.models import Case, Session
from cloudmate import prepared
from rules import versions
from rules.models import Patch
from sandbox.knowledge.language import text_of

SHOWN = 10  # of each kind
MANY = 1_000  # nobody needs to know by how much there are more
NUMBERED = re.compile(r"^(?:(?:case|session|patch)\s+)?#?(?=\d+$)", re.I)  # as pages name what has a number
NAMED = 5_000  # newest sessions whose names are looked through; by its number or its agent's own id any is found


@dataclass(frozen=True)
class Found:
    url: str
    title: str
    about: str
    status: str = ""


@dataclass(frozen=True)
class Group:
    """``n`` is how many there are, MANY for all beyond; ``all`` the list that shows them, where one can."""

    name: str
    icon: str
    rows: tuple[Found, ...]
    n: int
    all: str = ""

    @property
    def counted(self) -> str:
        return f"at least {self.n}" if self.n == MANY else str(self.n)

    @property
    def all_words(self) -> str:
        return "Show all" if self.n == MANY else f"All {self.n}"


@login_required
@require_GET
def search(request):
    require_role(request.user)
    words = " ".join(request.GET.get("q", "").replace("\x00", "").split())[:200]
    groups = found(words, request.user) if words else []
    shown = {"q": words, "groups": [group for group in groups if group.n], "n": sum(group.n for group in groups)}
    shown["more"] = any(group.n == MANY for group in groups)
    return render(request, "search.html", shown)


def found(words: str, user) -> list[Group]:
    """The newest of each kind; whatever their number, in a constant number of queries."""
    number = number_in(NUMBERED.sub("", words), usual=None)
    numbered = Q() if number is None else Q(pk=number)
    cases = Case.objects.filter(Q(name__icontains=words) | Q(current__prompt__icontains=words) | numbered)
    recorded = Session.objects.recorded()
    first = Coalesce(Subquery(recorded.order_by("-pk").values("pk")[NAMED : NAMED + 1]), 0)
    named = recorded.filter(pk__gt=first, name__icontains=words).order_by()
    known = Session.objects.filter(Q(external_id=words) | numbered).order_by()
    sessions = Session.objects.filter(pk__in=named.values("pk").union(known.values("pk")))
    patches = Patch.objects.filter(Q(title__icontains=words) | Q(case__name__icontains=words) | numbered)
    cases = left_out(cases, user)
    sessions, patches = (left_out(rows, user, case="case") for rows in (sessions, patches))
    return [
        _group("Cases", "cases", cases, _cases, _case, _list("cases:cases", q=words)),
        _group("Sessions", "session", sessions, _sessions, _session),
        _group("Patches", "patch", patches, _patches, _patch, _list("rules:patches", words=words)),
        _rules(words),
    ]


def _group(name: str, icon: str, hits: QuerySet, rows: Callable[..., QuerySet], show, every: str = "") -> Group:
    found = list(hits.order_by("-pk").values_list("pk", flat=True)[:MANY])
    newest = prepared.rows(rows, *found[:SHOWN])
    return Group(name, icon, tuple(show(row) for row in newest), len(found), every)


def _cases(*numbers: int) -> QuerySet[Case]:
    shown = Case.objects.select_related("system", "current").only("name", "state", "system__name", "current__category")
    return shown.filter(pk__in=numbers).order_by("-pk")


def _sessions(*numbers: int) -> QuerySet[Session]:
    shown = Session.objects.select_related("case", "by")
    shown = shown.only("name", "state", "engine", "case__name", "by__username")
    return shown.filter(pk__in=numbers).order_by("-pk")


def _patches(*numbers: int) -> QuerySet[Patch]:
    shown = Patch.objects.select_related("case").only("title", "state", "case__name")
    return shown.filter(pk__in=numbers).order_by("-pk")


def _list(name: str, **query: str) -> str:
    return f"{reverse(name)}?{urlencode(query)}"


def _case(case: Case) -> Found:
    about = ", ".join(filter(None, (case.system.name, case.current.category if case.current else "")))
    return Found(case.get_absolute_url(), case.name, about, case.state)


def _session(session: Session) -> Found:
    who = session.by.username if session.by else session.engine
    return Found(
        session.get_absolute_url(),
        session.name or f"Session {session.pk}",
        f"{who} on {session.case.name}",
        session.state,
    )


def _patch(patch: Patch) -> Found:
    return Found(patch.get_absolute_url(), patch.title, patch.case.name if patch.case else "", patch.state)


def _rules(words: str) -> Group:
    """Of the knowledge that is served; a rule is found by any word of its text."""
    head = versions.head()
    held = [(rule.name, text_of(rule)) for rule in versions.knowledge(head).rules]
    hits = [(name, text) for name, text in held if words.lower() in text.lower()]
    page = reverse("rules:rules")
    rows = tuple(Found(f"{page}#rule-{name}", name, _line_with(words, text)) for name, text in hits[:SHOWN])
    return Group("Rules", "rule", rows, len(hits), page)


def _line_with(words: str, text: str) -> str:
    return next((line.strip() for line in text.splitlines() if words.lower() in line.lower()), "")[:160]
