"""The steps of a session as a tree beside its transcript. ``{% load trees %}``."""

from collections.abc import Iterable

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from cases.contexts.steps import Branch
from cloudmate.templatetags.shown import duration, icon

register = template.Library()


@register.simple_tag
def branches(tree: Iterable[Branch], *, with_looks: bool) -> SafeString:
    """A list item a step, every text escaped: here, because a session of 2,000 steps has them all on its first page."""
    return mark_safe("".join(_branch(one, with_looks) for one in tree))


def _branch(one: Branch, with_looks: bool) -> str:
    error = " is-error" if one.is_error else ""
    looked = with_looks and one.looked_ms is not None
    looks = f'<span class="tree__about">looked at for {duration(one.looked_ms)}</span>' if looked else ""
    return (
        f'<li><a class="tree__step{error}" href="#step-{one.index}"><span class="tree__number">{one.number}</span>'
        f'<span class="tree__words"><span class="tree__tool">{escape(one.tool)}</span>'
        f'<span class="tree__about">{escape(one.about) or "no arguments"}</span>{looks}</span>'
        f'<span class="tree__time">{_end(one)}</span>'
        '<svg class="tree__bar" viewBox="0 0 100 2" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect width="{one.width:.1f}" height="2"/></svg></a></li>\n'
    )


def _end(one: Branch) -> str:
    """What stands at the end of the line: the mark of a person, how it failed, or how long it took."""
    if one.key_evidence:
        return icon("star-full", "key evidence")
    if one.dead_end:
        return icon("dead-end", "dead end")
    if one.level == "miss":
        return icon("miss", "miss")
    if one.level == "refused":
        return icon("bad", "refused")
    return duration(one.latency_ms)
