"""Where a patch can be spoken of: each line of its diff, each step it was learned from. ``{% load discussing %}``."""

from django import template

register = template.Library()


@register.inclusion_tag("rules/_thread.html", takes_context=True)
def thread(context, kind, name, number):
    """What was said of one place, and the form where it is being written there; nothing where there is no discussion."""
    place = f"{kind}:{name}:{number}"
    return {
        "place": place,
        "anchor": anchor(place),
        "comments": (context.get("threads") or {}).get(place, ()),
        "writing": context.get("say") == place and context.get("may_write"),
        "patch": context.get("patch"),
        "tab": context.get("tab", ""),
        "may_write": context.get("may_write"),
        "user": context.get("user"),
        "csrf_token": context.get("csrf_token"),
    }


@register.simple_tag
def place_of(kind, name, number):
    return f"{kind}:{name}:{number}"


@register.filter
def anchor(place):
    """The id of a place in the page."""
    return "at-" + str(place).replace(":", "-")


@register.filter
def tab_of(comment):
    """The tab in which a comment's place stands."""
    return "evidence" if comment.place.startswith("step:") else "diff"
