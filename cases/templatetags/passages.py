"""Returns and passages of them as people read them. ``{% load passages %}``."""

from collections.abc import Iterable

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from cases.ansi import plain
from cases.shapes import Line, Segment

register = template.Library()

register.filter("plain", plain)


@register.filter
def drawn(lines: Iterable[Line]) -> SafeString:
    """Lines as elements, every text escaped: here, because a page of 100 steps has 10,000 of them."""
    return mark_safe("".join(map(_line, lines)))


def _line(line: Line) -> str:
    level = f" line--{line.level}" if line.level else ""
    return f'<div class="line{level}" data-line="{line.number}">{"".join(map(_segment, line.segments)) or " "}</div>'


def _segment(one: Segment) -> str:
    text = escape(one.text)
    if one.marked or one.found:
        classes = " ".join(filter(None, (one.style, "found" if one.found else "")))
        return f'<mark class="{classes}">{text}</mark>' if classes else f"<mark>{text}</mark>"
    return f'<span class="{one.style}">{text}</span>' if one.style else text


@register.filter
def cells(rows: Iterable[tuple[str, ...]], columns: int) -> SafeString:
    """Rows of a printed table; one that breaks the columns goes over all of them. Every text escaped."""
    return mark_safe("".join(_row(row, columns) for row in rows))


def _row(row: tuple[str, ...], columns: int) -> str:
    if len(row) == 1:
        return f'<tr><td colspan="{columns}">{escape(row[0])}</td></tr>'
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
