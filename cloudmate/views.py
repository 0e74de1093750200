"""Home: what is my turn? And the pages that say in words that something went wrong."""

from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.decorators import login_required
from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from cases.access import Blind, closed_to, has_role, require_role
from cases.contexts.tools import tool_names
from cases.contexts.turn import turns
from cases.models import Case, Session
from cloudmate import prepared
from cloudmate.counting import counts
from rules import versions
from rules.insight import staleness
from rules.models import KnowledgeVersion, Patch, QueueEntry
from rules.turn_contexts import your_turn
from sandbox.models import Exploration, Pair, Regression, Run

LATELY = timedelta(days=7)


@dataclass(frozen=True)
class First:
    """One of the first things to do on a new install."""

    title: str
    text: str
    url: str
    done: bool


# What home counts beside what waits for a person; one question of its own each would be half of the page's queries
QUESTIONS = (
    lambda user: Session.objects.all()[:1],
    lambda user: Patch.objects.all()[:1],
    lambda user: KnowledgeVersion.objects.filter(number__gt=0)[:1],
    lambda user: Case.objects.all(),
    lambda user: QueueEntry.objects.filter(state=QueueEntry.State.STOPPED, ended_at__gte=Now() - LATELY),
    lambda user: tested_on_an_older_head(),
    lambda user: Case.objects.filter(state=Case.State.QUARANTINED, quarantined_until__lte=Now()),
)
RUNNING = (lambda user: Run.objects.unfinished(), lambda user: QueueEntry.objects.waiting())


def tested_on_an_older_head() -> QuerySet[Patch]:
    head = KnowledgeVersion.objects.order_by("-number").values("pk")[:1]
    return Patch.objects.filter(state=Patch.State.IN_REVIEW).exclude(base__in=head)


def first_things(session: int, patch: int, version: int, cases: int) -> list[First]:
    """What to do first on a new install, until all of it has been done; how many there are of each."""
    look = "Open a case and run the agent on it, or record how you would find the cause."
    bring = "There is no case yet: import some, let an agent post an alert, or go on call in the lab."
    firsts = [
        First("Look at a failure", look if cases else bring, reverse("cases:cases"), bool(session)),
        First(
            "See what it learned",
            "A failed session is explored in the sandbox; a better one becomes a patch: a rule with its evidence.",
            reverse("rules:patches"),
            bool(patch),
        ),
        First(
            "Decide",
            "Read what the rule does to every other case, then approve, ask for changes or reject.",
            reverse("rules:patches"),
            bool(version),
        ),
    ]
    return [] if all(first.done for first in firsts) else firsts


def running(runs: int, queued: int) -> dict:
    """Jobs under way, with how far they are; how many runs and patches wait was counted with ``RUNNING``."""
    return {
        "regressions": prepared.rows(_open_regressions),
        "explorations": prepared.rows(_open_explorations),
        "runs_count": runs,
        "queued_count": queued,
    }


def _open_regressions() -> QuerySet[Regression]:
    done = Count("pairs", filter=Q(pairs__state__in=[Pair.State.DONE, Pair.State.FAILED]))
    rows = Regression.objects.filter(state=Regression.State.OPEN).only("pk")
    return rows.annotate(pairs_count=Count("pairs"), pairs_done=done).order_by("-pk")[:5]


def _open_explorations() -> QuerySet[Exploration]:
    done = Count("branches", filter=~Q(branches__verdict=""))
    rows = Exploration.objects.filter(state=Exploration.State.OPEN).values("pk", case_name=F("session__case__name"))
    return rows.annotate(branches_count=Count("branches"), branches_done=done).order_by("-pk")[:5]


@dataclass(frozen=True)
class Merged:
    """A version, and what its regression said of the library: settled cases that passed before and after."""

    version: KnowledgeVersion
    old: int
    new: int
    settled: int


def recently_merged() -> list[Merged]:
    """The newest versions with their effect on the pass rate, in two queries."""
    versions = prepared.rows(_newest_versions)
    sums = prepared.rows(_settled, *(version.pk for version in versions)) if versions else ()
    effects = {version: (old, new, n) for version, old, new, n in sums}
    return [Merged(version, *effects.get(version.pk, (0, 0, 0))) for version in versions]


def _settled(*versions: int) -> QuerySet:
    """Version, pairs that passed before, that pass with it, and that were settled."""
    both = Q(base_passed__isnull=False, candidate_passed__isnull=False)
    counted = Pair.objects.filter(both, regression__patches__version__in=versions).order_by()
    counts = {"old": Count("pk", filter=Q(base_passed=True)), "new": Count("pk", filter=Q(candidate_passed=True))}
    return counted.values_list("regression__patches__version").annotate(**counts, n=Count("pk"))


def _newest_versions() -> QuerySet[KnowledgeVersion]:
    shown = KnowledgeVersion.objects.select_related("patch", "by").only("number", "at", "patch__title", "by__username")
    return shown.filter(number__gt=0).order_by("-number")[:5]


@dataclass(frozen=True)
class Stale:
    """Something that was true of what stands no longer."""

    count: int
    words: str
    url: str


def gone_stale(stopped: int, old_base: int, over: int) -> list[Stale]:
    """What was tested on something that has changed since, or set aside until a day that is past; only what there is."""
    found = [
        Stale(stopped, "stopped in the merge queue within a week", reverse("rules:queue")),
        Stale(old_base, "in review, tested on an older version", reverse("rules:patches") + "?show=in_review"),
        Stale(over, "in a quarantine that is over", reverse("cases:library") + "?state=quarantined"),
    ]
    return [one for one in found if one.count]


def stale_rules() -> list[Stale]:
    """Rules of the head that ask for what no system has any more, where there are any: three queries at most."""
    head = versions.head()
    found = staleness.gone(versions.knowledge(head).rules, tool_names()) if head.number else {}
    words = f"rule{'s' * (len(found) > 1)} that ask{'s' * (len(found) == 1)} for a tool no system has"
    return [Stale(len(found), words, reverse("rules:rules") + "?show=stale")] if found else []


@login_required
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    if not has_role(request.user):
        return render(request, "home_no_role.html", status=403)
    mine, more = turns(request.user)
    patches, patches_left = your_turn(request.user)
    if patches_left:
        more["patches"] = patches_left
    runs, queued, session, patch, version, cases, *stale = counts(request.user, *RUNNING, *QUESTIONS)
    shown = {
        "turns": sorted(mine + patches, key=lambda turn: turn.since),
        "more": more,
        "firsts": first_things(session, patch, version, cases),
        "cases_count": cases,
        "merged": recently_merged(),
        "stale": [*stale_rules(), *gone_stale(*stale)],
    }
    return render(request, "home.html", shown | running(runs, queued))


@login_required
@require_GET
def running_panel(request: HttpRequest) -> HttpResponse:
    """The jobs again, for the poll of the home page."""
    require_role(request.user)
    return render(request, "_running.html", running(*counts(request.user, *RUNNING)))


def wrong(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    return render(request, "wrong.html", {"title": title, "text": text, "status": status}, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return wrong(request, 400, "That request makes no sense here", "Go back, reload the page and try again.")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, Blind):
        shown = {"title": "Closed until your own answer is given", "text": str(exception), "status": 403}
        return render(request, "cases/closed.html", shown | {"case": closed_to(request.user)}, status=403)
    words = str(exception) or "Your role does not allow this. Ask an admin to give it to you."
    return wrong(request, 403, "You may not do this", words)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return wrong(request, 404, "There is nothing here", "The address is mistyped, or what stood here was never kept.")


def server_error(request: HttpRequest) -> HttpResponse:
    return wrong(
        request, 500, "Something broke on our side", "Nothing of yours was lost. Try again; the log says what happened."
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return wrong(
        request,
        403,
        "This form is out of date",
        "You signed in again, or your browser keeps no cookies. Go back and send it once more: what you typed is kept.",
    )
