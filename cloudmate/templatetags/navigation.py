"""The left navigation: where one can go, and how much there waits for me."""

from dataclasses import dataclass

from django import template
from django.urls import reverse

register = template.Library()


@dataclass(frozen=True)
class Link:
    url: str
    label: str
    icon: str
    key: str  # the letter after g
    current: bool
    count: int = 0
    mine: bool = False
    counts: str = ""  # what the count counts, for a screen reader


@register.inclusion_tag("_navigation.html", takes_context=True)
def navigation(context):
    request = context["request"]
    here = request.resolver_match.view_name if request.resolver_match else ""

    def link(name, label, icon, key, *, also=(), **count):
        return Link(reverse(name), label, icon, key, here == name or here in also, **count)

    return {
        "groups": [
            (
                "",
                [
                    link("home", "Home", "home", "h"),
                    link("cases:cases", "Cases", "cases", "c", also=("cases:case", "cases:session", "cases:workspace")),
                    link("cases:library", "Library", "library", "l"),
                ],
            ),
            (
                "Knowledge",
                [
                    link("rules:patches", "Patches", "patch", "p", also=("rules:patch",)),
                    link("rules:versions", "Versions", "version", "v", also=("rules:version", "rules:rules")),
                ],
            ),
        ]
    }
