"""The rows of the long lists. ``{% load rows %}``. In Python, every text escaped: a page of them has a thousand values."""

from collections.abc import Iterable
from html import escape  # as Django's, which looks at each text twice

from django import template
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from cases.models import Case, Entry
from cases.templatetags.records import runs
from cloudmate.addresses import address
from cloudmate.templatetags.shown import ago, chip, exact, share, size

register = template.Library()
PROMPT = 240  # characters of a prompt in a list
TAGS = 4
ORIGIN = 24
NONE = '<span class="muted">—</span>'


def cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


@register.simple_tag
def case_rows(cases: Iterable[Case]) -> SafeString:
    now = timezone.now()
    return mark_safe("".join(_case(case, now) for case in cases))


def _case(case: Case, now) -> str:
    version = case.current
    verdict = chip(case.last_verdict) if case.last_verdict else '<span class="muted">not run</span>'
    return (
        f'<tr><td class="names"><a class="row-link clip" href="{case.get_absolute_url()}">{escape(case.name)}</a>'
        f'<span class="data__sub clip">{escape(cut(version.prompt, PROMPT)) if version else ""}</span></td>'
        f'<td class="fit">{chip(case.state)}</td><td class="fit wide-only">{escape(case.system.name)}</td>'
        f'<td class="wide-only">{escape(version.category if version else "") or "—"}</td>'
        f'<td class="fit" data-label="Agent:">{verdict}</td><td class="num wide-only">{case.sessions_count}</td>'
        f'<td class="num muted">{ago(case.updated_at, now)}</td></tr>\n'
    )


@register.simple_tag
def library_rows(cases: Iterable[Case], *, may_curate: bool) -> SafeString:
    return mark_safe("".join(_in_library(case, may_curate) for case in cases))


def _in_library(case: Case, may_curate: bool) -> str:
    name, version, record = escape(case.name), case.current, case.record
    chosen = (
        f'<td><label><input type="checkbox" name="case" value="{case.pk}">'
        f'<span class="sr-only">Choose {name}</span></label></td>'
        if may_curate
        else ""
    )
    said = ["must pass"] * case.must_pass + [*case.tags[:TAGS]]
    tags = " ".join(f'<span class="tag">{escape(str(tag))}</span>' for tag in said)
    frozen, coverage = _frozen(case, name)
    worse = ' class="bad"' if record.flaky else ""
    told = f'title="Sets of runs with the same knowledge that went both ways">{record.flaky} of {record.repeated}'
    flaky = f"<span{worse} {told}</span>" if record.repeated else NONE
    return (
        f'<tr>{chosen}<td class="names"><a class="row-link clip" href="{case.get_absolute_url()}">{name}</a>{_sub(tags)}'
        f'</td><td data-label="Category">{escape(version.category if version else "") or "—"}'
        f'<span class="data__sub mono">{escape(version.fault_class) if version else ""}</span></td>'
        f'<td class="fit wide-only">{escape(case.system.name)}<span class="data__sub">{escape(cut(case.origin, ORIGIN))}'
        f"{', synthetic' if case.synthetic else ''}</span></td>"
        f'<td class="fit">{chip(case.state)}{_sub(_about_state(case))}</td>'
        f'<td class="num wide-only">{frozen}</td><td class="num wide-only">{coverage}</td>'
        f'<td class="fit">{runs(record)}{_sub(f"last {ago(record.last)}" if record.last else "")}</td>'
        f'<td class="num wide-only">{flaky}</td>'
        f'<td class="fit widest-only">{escape(case.owner.username) if case.owner else "—"}</td></tr>\n'
    )


def _sub(words: str) -> str:
    return f'<span class="data__sub">{words}</span>' if words else ""


def _about_state(case: Case) -> str:
    if case.state == Case.State.LABELLED and case.confirmations_count:
        return "1 of 2 confirmations"
    if case.quarantined_until:
        return f"until {timezone.localtime(case.quarantined_until):%Y-%m-%d}"
    if case.ambiguity == Case.Ambiguity.AMBIGUOUS:
        return "labels disagree: does not gate"
    return "does not gate" if case.state == Case.State.CONFIRMED and not case.gates else ""


def _frozen(case: Case, name: str) -> tuple[str, str]:
    """How much is frozen of the case, and the share of explorers' calls that it answers."""
    if not case.frozen_digest:
        return '<span class="muted">nothing</span>', NONE
    page = address("sandbox:snapshot", case.pk)
    asked = case.frozen_share is not None
    answered = share(case.frozen_answered, case.frozen_asked) if asked else "not measured"
    return (
        f'<a href="{page}">{size(case.frozen_size)}<span class="sr-only"> frozen of {name}</span></a>',
        f'<a href="{page}#misses" title="Of the different calls that explorers asked, answered; the calls nothing '
        f'answers">{answered}<span class="sr-only"> of the calls to {name}</span></a>',
    )


@register.simple_tag
def log_rows(entries: Iterable[Entry]) -> SafeString:
    return mark_safe("".join(map(_entry, entries)))


def _entry(entry: Entry) -> str:
    case = entry.case
    to = ", ".join(
        filter(
            None,
            (
                escape(entry.subject),
                f'<a href="{case.get_absolute_url()}">{escape(case.name)}</a>' if case else "",
            ),
        )
    )
    undone = ' <span class="tag">undone</span>' if hasattr(entry, "undone_by") else ""
    return (
        f'<tr><td class="fit muted">{exact(entry.at)}</td>'
        f'<td class="fit">{escape(entry.by.username) if entry.by else "a worker"}</td>'
        f'<td class="fit">{escape(entry.action)}{undone}</td><td class="data__name">{to}</td><td class="data__words">{escape(entry.words)}</td></tr>\n'
    )
