"""How a call is written in a page."""

import json
from html import escape

from django import template
from django.utils.safestring import mark_safe

from cloudmate.addresses import address

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


ARMS = {  # how an arm is drawn -> its drawing
    arm: f'<i class="arm arm--{arm}"></i>' for arm in ("pass", "fail", "some", "none", "fixed", "lost")
}
COLUMN = {"lost": " case-column--lost", "fixed": " case-column--fixed"}


@register.simple_tag
def case_columns(items):
    """Cases in the picture of a regression, old above new. One string: there are a thousand on a page."""
    return mark_safe("".join(map(_column, items)))


def _column(item):
    """Its address is made of numbers; its words hold a name that somebody gave."""
    words = escape(item.words)
    return (
        f'<a class="case-column{COLUMN.get(item.new, "")}" href="{item.url}" title="{words}">'
        f'{ARMS[item.old]}{ARMS[item.new]}<span class="sr-only">{words}</span></a>'
    )


HUES = {"fixed": " dot--ok", "regressed": " dot--bad"}
RESULT = {True: "passed", False: "failed", None: "neither passed nor failed"}


@register.simple_tag
def dots(arm, pairs):
    """The runs of one arm (old or new) of a row."""
    if arm == "old":
        drawn = [dot(arm, pair.base_session, pair.base_passed, pair.outcome) for pair in pairs]
    else:
        drawn = [dot(arm, pair.candidate_session, pair.candidate_passed, pair.outcome) for pair in pairs]
    return mark_safe(f'<span class="dots">{"".join(drawn)}</span>')


def dot(arm, session, passed, outcome):
    """One run of an arm (old or new) as a dot that leads to its session; one that needed no run, or had none yet.

    All of it is ours: a number and words of this module.
    """
    word = RESULT[passed]
    if session:
        changed = HUES.get(outcome, "") if arm == "new" else ""
        hue = " dot--warn" if passed is None else changed or (" dot--same" if passed else "")
        return (
            f'<a class="dot{hue}" href="{address("cases:session", session)}" title="{arm}: {word.partition(" ")[0]}">'
            f'<span class="sr-only">{arm} run: {word}</span></a>'
        )
    hue, words = (" dot--none", "not run")
    if passed is not None:
        hue, words = " dot--same" if passed else "", f"{word}, proven without a run"
    return f'<span class="dot{hue}" title="{arm}: {words}"><span class="sr-only">{arm}: {words}</span></span>'
