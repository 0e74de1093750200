"""How a call is written in a page."""

import json

from django import template

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
