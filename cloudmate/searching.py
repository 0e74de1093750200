"""The one search: cases, sessions, patches and rules that hold the words, or bear the number."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.db.models import Q, QuerySet
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from cases.access import number_in, require_role
from cases.contexts.listing import with_what_rows_show
from cases.models import Case, Session
from rules import versions
from rules.models import Patch
from sandbox.knowledge.language import text_of

SHOWN = 10  # of each kind


@dataclass(frozen=True)
class Found:
    url: str
    title: str
    about: str
    status: str = ""


@dataclass(frozen=True)
class Group:
    """``n`` is how many there are; ``all`` the list that shows them, where one can."""

    name: str
    icon: str
    rows: tuple[Found, ...]
    n: int
    all: str = ""


@login_required
@require_GET
def search(request):
    require_role(request.user)
    words = " ".join(request.GET.get("q", "").replace("\x00", "").split())[:200]
    groups = found(words) if words else []
    shown = {"q": words, "groups": [group for group in groups if group.n], "n": sum(group.n for group in groups)}
    return render(request, "search.html", shown)


def found(words: str) -> list[Group]:
    """The newest of each kind, whatever their number in a constant number of queries."""
    number = number_in(words.removeprefix("#"), usual=None)
    cases = Case.objects.filter(Q(name__icontains=words) | Q(current__prompt__icontains=words) | Q(pk=number))
    sessions = Session.objects.recorded().filter(Q(name__icontains=words) | Q(external_id=words))
    sessions = sessions | Session.objects.filter(pk=number) if number is not None else sessions
    patches = Patch.objects.filter(Q(title__icontains=words) | Q(case__name__icontains=words) | Q(pk=number))
    return [
        _group("Cases", "cases", with_what_rows_show(cases), _case, _list("cases:cases", q=words)),
        _group("Sessions", "session", sessions.select_related("case__system", "by"), _session),
        _group("Patches", "patch", patches.select_related("case"), _patch, _list("rules:patches", words=words)),
        _rules(words),
    ]


def _group(name: str, icon: str, rows: QuerySet, show, every: str = "") -> Group:
    newest: Iterable = rows.order_by("-pk")[:SHOWN]
    return Group(name, icon, tuple(show(row) for row in newest), rows.count(), every)


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
