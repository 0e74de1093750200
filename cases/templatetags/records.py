"""The record of a case, drawn. In Python, as a list draws five hundred marks."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import mark_safe

register = template.Library()
MARKS = {outcome: f'<i class="run run--{outcome}"></i>' for outcome in ("pass", "fail", "none")}
NOT_RUN = mark_safe('<span class="muted">not run</span>')


@register.simple_tag
def runs(record):
    """A mark for each of the newest runs, oldest first, and how many of the settled ones passed."""
    if not record.outcomes:
        return NOT_RUN
    return format_html(
        '<span class="runs" role="img" aria-label="{}">{}</span><span class="small muted">{}</span>',
        record.words,
        mark_safe("".join(MARKS[outcome] for outcome in record.outcomes)),
        f"{record.passed}/{record.settled}" if record.settled else "none scored",
    )
