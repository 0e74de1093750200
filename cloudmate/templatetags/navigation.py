"""The left navigation: where one can go, and how much there waits for me."""

from dataclasses import dataclass
from functools import lru_cache

from django import template
from django.db.models import QuerySet
from django.template.loader import render_to_string

from cases.access import ADMIN, EXPERT, LEAD, REVIEWER, roles_of
from cases.contexts.review import to_judge
from cases.contexts.turn import to_confirm, to_finish, to_settle
from cloudmate.addresses import address
from cloudmate.counting import counts
from rules.turn_contexts import waiting_for

register = template.Library()

MANY = 100  # beyond it nobody minds how many wait; the longest queue, of scores to judge, is counted no further


@dataclass(frozen=True)
class Link:
    url: str
    label: str
    icon: str
    key: str  # the letter after g
    current: bool
    count: int = 0
    counts: str = ""  # what the count counts, in words

    @property
    def told(self) -> str:
        return f"{self.count}" if self.count < MANY else f"{MANY - 1}+"


@register.simple_tag(takes_context=True)
def navigation(context):
    """What waits is counted anew for every page; how it is drawn follows from that, the roles and the page alone."""
    request = context["request"]
    here = request.resolver_match.view_name if request.resolver_match else ""
    waiting = counts(request.user, to_confirm, to_settle, to_finish, waiting_for, _to_judge)
    return _drawn(here, roles_of(request.user), *waiting)


def _to_judge(user) -> QuerySet:
    return to_judge(user)[:MANY]


@lru_cache(maxsize=500)
def _drawn(here: str, roles: frozenset[str], confirm: int, settle: int, finish: int, review: int, scores: int) -> str:
    def link(name, label, icon, key, *, also=(), count=0, counts=""):
        return Link(address(name), label, icon, key, here == name or here in also, count, counts)

    judges = roles & {EXPERT, REVIEWER, LEAD}
    settings = []
    if ADMIN in roles:
        settings += [
            link("people", "People", "user", "u"),
            link("models", "Models", "bulb", "m", also=("try_model",)),
            link("cases:tokens", "Agent tokens", "agent", "t"),
        ]
    if LEAD in roles:
        settings.append(link("rules:policy", "Gate policy", "shield", "g"))
    if roles & {LEAD, ADMIN}:
        settings += [
            link("cases:redaction", "Redaction", "lock", "r"),
            link("cases:tools", "Tools", "session", "o"),
            link("cases:log", "Audit log", "clock", "a"),
        ]
    about_cases = ("cases:case", "cases:versions", "cases:session", "cases:workspace", "cases:finish")
    about_cases += ("cases:label", "cases:label_alone", "sandbox:terminal", "sandbox:snapshot")
    about_cases += ("sandbox:exploration", "sandbox:compare", "rules:variants")
    about_patches = ("rules:patch", "rules:queue", "rules:new_patch", "rules:edit_patch", "sandbox:regression")
    about_versions = ("rules:version", "rules:rules")
    groups = [
        (
            "",
            [
                link(
                    "home",
                    "Your turn",
                    "home",
                    "h",
                    count=confirm + settle + finish + review,
                    counts="wait for you",
                ),
                link("cases:cases", "Cases", "cases", "c", also=about_cases),
                link(
                    "cases:library",
                    "Library",
                    "library",
                    "l",
                    also=("sandbox:import_cases",),
                    count=confirm + settle,
                    counts="to confirm or settle",
                ),
                *(
                    [link("cases:review", "Score review", "eye", "s", count=scores, counts="to judge")]
                    if judges
                    else []
                ),
                link("cases:agreement", "Agreement", "table", "e", also=("cases:quadrants",)),
                link("sandbox:lab", "Lab", "flask", "b", also=("sandbox:incident", "sandbox:conclude_incident")),
            ],
        ),
        (
            "Knowledge",
            [
                link(
                    "rules:patches",
                    "Patches",
                    "patch",
                    "p",
                    also=about_patches,
                    count=review,
                    counts="wait for you",
                ),
                link("rules:versions", "Versions", "version", "v", also=about_versions),
                link("rules:insight", "Insight", "insight", "i"),
            ],
        ),
        *([("Settings", settings)] if settings else []),
    ]
    return render_to_string("_navigation.html", {"groups": groups})


@register.simple_tag(takes_context=True)
def roles(context):
    """The roles of the person who reads the page, in one order."""
    return sorted(roles_of(context["request"].user))
