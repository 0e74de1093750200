"""The record of a case, drawn. In Python, as a list draws five hundred marks."""

from django import template
from django.utils.safestring import mark_safe

register = template.Library()
MARKS = {outcome: f'<i class="run run--{outcome}"></i>' for outcome in ("pass", "fail", "none")}
NOT_RUN = mark_safe('<span class="muted">not run</span>')


@register.simple_tag
def runs(record):
    """A mark for each of the newest runs, oldest first, and how many of the settled ones passed."""
    if not record.outcomes:
        return NOT_RUN
    marks = "".join(MARKS[outcome] for outcome in record.outcomes)
    counted = f"{record.passed}/{record.settled}" if record.settled else "none scored"
    told = f'<span class="runs" role="img" aria-label="{record.words}">{marks}</span>'  # numbers and words of our own
    return mark_safe(f'{told}<span class="small muted">{counted}</span>')
