"""How a call is written in a page."""

import json

from django import template
from django.utils.html import format_html

register = template.Library()


@register.filter
def arguments(values):
    """name=value pairs, strings bare: what a person would type."""
    if not values:
        return "no arguments"
    return ", ".join(
        f"{name}={value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for name, value in values.items()
    )


@register.filter
def words(value):
    """missing_check as a person reads it: missing check."""
    return str(value).replace("_", " ")


LEVELS = {
    "live": "live",
    "r0": "recorded exactly",
    "r1": "recorded, written otherwise",
    "r2": "derived",
    "r3": "answered by the world",
    "r4": "acted on the world",
    "miss": "not captured",
    "refused": "not valid",
}


@register.filter
def level_name(level):
    """Where answers come from, in a few words."""
    return LEVELS[level]


@register.simple_tag
def case_column(item):
    """A case in the picture of a regression: old above new. In Python, as there are a thousand on a page."""
    kind = " case-column--lost" if item.lost else " case-column--fixed" if item.new == "fixed" else ""
    return format_html(
        '<a class="case-column{}" href="{}" title="{words}"><i class="arm arm--{}"></i><i class="arm arm--{}"></i>'
        '<span class="sr-only">{words}</span></a>',
        kind,
        item.url,
        item.old,
        item.new,
        words=item.words,
    )
