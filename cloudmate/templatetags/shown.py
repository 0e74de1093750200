"""How values are shown, on every page alike: status, time, size, share, icon. ``{% load shown %}``."""

from datetime import datetime
from functools import lru_cache
from urllib.parse import urlencode

from django import template
from django.template.defaultfilters import floatformat
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import mark_safe

from cloudmate.addresses import address

register = template.Library()
register.simple_tag(address)  # what url says, for rows

# status word -> hue, icon, label. One table for every app, so a state looks the same wherever it stands.
STATUS = {
    # verdicts of a session
    "success": ("ok", "ok", "Success"),
    "lucky": ("warn", "lucky", "Lucky guess"),
    "symptom_only": ("warn", "symptom", "Symptom only"),
    "inconclusive": ("warn", "question", "Inconclusive"),
    "wrong": ("bad", "bad", "Wrong"),
    "tainted": ("warn", "tainted", "Tainted"),
    "unscored": ("idle", "question", "Unscored"),
    # a case's way into the library
    "draft": ("idle", "draft", "Draft"),
    "cleaned": ("idle", "clean", "Cleaned"),
    "labelled": ("info", "tag", "Labelled"),
    "confirmed": ("ok", "shield", "Confirmed"),
    "quarantined": ("warn", "quarantine", "Quarantined"),
    "retired": ("idle", "retired", "Retired"),
    "agreed": ("ok", "ok", "Two agree"),
    "ambiguous": ("warn", "warn", "Labels disagree"),
    # sessions and work
    "recording": ("info", "running", "Recording"),
    "finished": ("idle", "check", "Finished"),
    "queued": ("idle", "clock", "Queued"),
    "running": ("info", "running", "Running"),
    "done": ("ok", "ok", "Done"),
    "failed": ("bad", "bad", "Failed"),
    "open": ("info", "running", "Running"),
    "closed": ("idle", "check", "Finished"),
    "cancelled": ("idle", "stop", "Cancelled"),
    # patches, the gate, people
    "proposed": ("info", "patch", "Proposed"),
    "testing": ("info", "running", "Testing"),
    "in_review": ("info", "eye", "In review"),
    "refused": ("bad", "bad", "Refused by the gate"),
    "merged": ("ok", "merged", "Merged"),
    "rejected": ("bad", "bad", "Rejected"),
    "stopped": ("bad", "stop", "Did not go in"),
    "taken_out": ("idle", "close", "Taken out"),
    "accept": ("ok", "ok", "Accepted"),
    "refuse": ("bad", "bad", "Refused"),
    "approve": ("ok", "ok", "Approved"),
    "changes": ("warn", "edit", "Changes asked"),
    "reject": ("bad", "bad", "Rejected"),
    # the two arms of a regression
    "fixed": ("ok", "ok", "Fixed"),
    "regressed": ("bad", "bad", "Regressed"),
    "same_pass": ("idle", "check", "Same: passes"),
    "same_fail": ("idle", "close", "Same: fails"),
    "unaffected": ("idle", "shield", "Proven unaffected"),
    # requirements and checks
    "satisfied": ("ok", "ok", "Satisfied"),
    "unsatisfied": ("bad", "bad", "Not satisfied"),
    "overridden": ("warn", "flag", "Overridden"),
    "waiting": ("idle", "clock", "Waiting"),
    "error": ("bad", "warn", "Error"),
    # hypotheses
    "supported": ("ok", "ok", "Supported"),
    "ruled_out": ("idle", "close", "Ruled out"),
}


@register.simple_tag
@lru_cache(maxsize=500)  # a list draws a hundred, of a dozen kinds
def icon(name, label=""):
    """An icon of the sprite; with a label it speaks, without one it is decoration."""
    use = format_html('<use href="{}#{}"></use>', static("icons.svg"), name)
    if label:
        return format_html('<svg class="icon" role="img" aria-label="{}">{}</svg>', label, use)
    return format_html('<svg class="icon" aria-hidden="true">{}</svg>', use)


@register.simple_tag
@lru_cache(maxsize=500)
def chip(status, label=""):
    """A status as an icon and a word; ``label`` replaces the word of the table."""
    hue, picture, word = STATUS.get(str(status), ("idle", "open", str(status).replace("_", " ").capitalize()))
    return format_html('<span class="chip chip--{}">{}{}</span>', hue, icon(picture), label or word)


@register.filter
def hue(status):
    """ok, bad, warn, info or idle: for a dot or a row that repeats what a chip says in words."""
    return STATUS.get(str(status), ("idle", "", ""))[0]


def span_of_time(seconds):
    """A length of time in its largest fitting unit: 42 s, 5 min, 3 h, 12 d."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


@register.simple_tag
def ago(at, now=None):
    """Relative time, the exact one on hover."""
    if not at:
        return "—"
    seconds = ((now or timezone.now()) - at).total_seconds()
    if seconds < -1:
        words = f"in {span_of_time(-seconds)}"
    elif seconds < 45:
        words = "just now"
    else:
        words = f"{span_of_time(seconds)} ago"
    return _time(at, words)


@register.simple_tag
def waited(since, now=None):
    """How long something has waited, the moment it began on hover."""
    return _time(since, span_of_time(max(0, ((now or timezone.now()) - since).total_seconds())))


@register.simple_tag
def exact(at):
    return _time(at, at.astimezone(timezone.get_current_timezone()).strftime("%Y-%m-%d %H:%M:%S")) if at else "—"


def _time(at: datetime, words: str):
    stamp = at.astimezone(timezone.get_current_timezone())
    # a list draws fifty: neither a moment nor how long ago it was holds what would have to be escaped
    return mark_safe(f'<time datetime="{at.isoformat()}" title="{stamp:%Y-%m-%d %H:%M:%S %Z}">{words}</time>')


@register.filter
def duration(milliseconds):
    """Milliseconds in words; — where it was not captured, which is not zero."""
    if milliseconds is None:
        return "—"
    if milliseconds < 1000:
        return f"{int(milliseconds)} ms"
    seconds = milliseconds / 1000
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


@register.filter
def size(count):
    """Bytes in words."""
    if count is None:
        return "—"
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "B" or count >= 10 else f"{count:.1f} {unit}"
        count /= 1000


@register.simple_tag
def share(part, whole):
    """A percentage never stands without its n."""
    if not whole:
        return format_html('<span class="muted">— <span class="small">n = {}</span></span>', 0)
    return mark_safe(f'{round(100 * part / whole)} % <span class="muted small">n = {int(whole)}</span>')


@register.filter
def words(value):
    """A code word as people write it: root_cause is "root cause"."""
    return str(value).replace("_", " ")


@register.filter
def score(value):
    """A score of 0 to 1 with two decimals, or *unscored*: never zero for nothing."""
    return "unscored" if value is None else f"{value:.2f}"


@register.simple_tag
@lru_cache(maxsize=500)  # a page of agreement draws forty, many of them alike
def estimate(found):
    """A share or coefficient with its interval and its n; *not known* where n says nothing."""
    n = format_html('<span class="muted small nowrap">n = {}</span>', found.n)
    if found.value is None:
        return format_html('<span class="muted">not known</span> {}', n)
    value, low, high = (floatformat(one, 2) for one in (found.value, found.low, found.high))
    return format_html('{} <span class="muted small nowrap">{} to {}</span> {}', value, low, high, n)


@register.filter
def short(digest):
    """The first twelve characters of a digest."""
    return str(digest)[:12]


@register.simple_tag
def meter(value):
    """A score of 0 to 1 as a small bar; the number stands beside it."""
    width = 0 if value is None else round(64 * min(max(value, 0), 1), 1)
    colour = "muted" if value is None else "ok" if value >= 0.8 else "warn" if value >= 0.5 else "bad"
    return format_html(
        '<span class="meter {}"><svg aria-hidden="true" viewBox="0 0 64 6">'
        '<rect class="meter__track" width="64" height="6" rx="3"/>'
        '<rect class="meter__fill" width="{}" height="6" rx="3"/></svg></span>',
        colour,
        width,
    )


@register.simple_tag(takes_context=True)
def sort_heading(context, field, label, kind="", first="", default=""):
    """A sortable table heading: the order stands in the URL as ?sort=field or ?sort=-field.

    ``kind`` is a class of the cell (num, wide-only); ``first`` is "-" where the first click
    sorts downwards; ``default`` is the order the page has without ?sort.
    """
    request = context["request"]
    current = request.GET.get("sort", default)
    direction = {field: "ascending", f"-{field}": "descending"}.get(current, "")
    turned = field if current == f"-{field}" else f"-{field}" if current == field else f"{first}{field}"
    query = [(key, value) for key, value in request.GET.items() if key not in {"sort", "page"}]
    return format_html(
        '<th scope="col" class="{}"{}><a class="sort" href="?{}">{}</a></th>',
        kind,
        format_html(' aria-sort="{}"', direction) if direction else "",
        urlencode([*query, ("sort", turned)]),
        label,
    )


@register.simple_tag(takes_context=True)
def theme(context):
    """light, dark or system: what the person's cookie says, nothing else gets into the page."""
    request = context.get("request")
    chosen = request.COOKIES.get("theme", "") if request else ""
    return chosen if chosen in {"light", "dark"} else "system"
