"""The left navigation: where one can go, and how much there waits for me."""

from dataclasses import dataclass

from django import template
from django.urls import reverse

from cases.access import ADMIN, LEAD, REVIEWER, has_role
from cases.contexts.turn import to_confirm, to_finish
from rules.models import Patch

register = template.Library()


@dataclass(frozen=True)
class Link:
    url: str
    label: str
    icon: str
    key: str  # the letter after g
    current: bool
    count: int = 0
    counts: str = ""  # what the count counts, in words


def to_review(user):
    """Patches in review that this person may decide on: never one of their own making."""
    if not has_role(user, REVIEWER, LEAD):
        return Patch.objects.none()
    return Patch.objects.filter(state=Patch.State.IN_REVIEW).exclude(author=user).exclude(revisions__by=user)


@register.inclusion_tag("_navigation.html", takes_context=True)
def navigation(context):
    request = context["request"]
    user = request.user
    here = request.resolver_match.view_name if request.resolver_match else ""

    def link(name, label, icon, key, *, also=(), count=0, counts=""):
        return Link(reverse(name), label, icon, key, here == name or here in also, count, counts)

    confirm, finish, review = to_confirm(user).count(), to_finish(user).count(), to_review(user).count()
    about_cases = ("cases:case", "cases:session", "cases:workspace", "cases:label", "cases:finish")
    about_versions = ("rules:version", "rules:rules")
    return {
        "groups": [
            (
                "",
                [
                    link("home", "Your turn", "home", "h", count=confirm + finish + review, counts="wait for you"),
                    link("cases:cases", "Cases", "cases", "c", also=about_cases),
                    link("cases:library", "Library", "library", "l", count=confirm, counts="to confirm"),
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
                        also=("rules:patch",),
                        count=review,
                        counts="to review",
                    ),
                    link("rules:versions", "Versions", "version", "v", also=about_versions),
                ],
            ),
            *([("Settings", [link("cases:tokens", "Agent tokens", "agent", "t")])] if has_role(user, ADMIN) else []),
        ]
    }
