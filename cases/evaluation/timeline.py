"""Whether a cause comes before its effects, by the times that a diagnosis states and cites. No Django here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta

from cases.diagnosis import Claim, Diagnosis, Relation
from cases.evaluation.base import Finding
from cases.evaluation.grounding import leading
from cases.transcript import Transcript

_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[t ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:z|[+-]\d\d:?\d\d)?", re.I)
_CLOCK = re.compile(r"(?<![\d:.-])([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?(?![\d:])")
SLACK = timedelta(minutes=1)  # people and dashboards tell time by the minute

Moment = datetime | time


def time_order(
    diagnosis: Diagnosis, claims: Mapping[str, Claim], *, effects: Iterable[str] = (), alerted: datetime | None = None
) -> list[Finding] | None:
    """The inversions, in words; None where no two times can be compared. ``effects``: claims the root cause leads to.

    Compared are the times of a link's two claims as the diagnosis states them; the root cause's onset with the
    start of the alert; and the onset with what the root cause's effects cite. A line printed late says nothing of
    when its effect began, but an effect seen only before the onset was there without the cause.
    """
    told = [_links(diagnosis, claims), _alert(diagnosis, alerted), _cited(diagnosis, claims, effects)]
    settled = [found for found in told if found is not None]
    return [finding for found in settled for finding in found] if settled else None


def _links(diagnosis: Diagnosis, claims: Mapping[str, Claim]) -> list[Finding] | None:
    onsets = {cause.claim: cause.onset for cause in diagnosis.root_causes if cause.claim and cause.onset}
    settled, breaks = False, []
    for at, link in enumerate(diagnosis.chain, 1):
        if link.relation is Relation.MASKS:
            continue
        earlier, later = (_stated_time(claims[end], onsets.get(end, "")) for end in (link.cause, link.effect))
        if earlier is None or later is None or not _comparable(earlier, later):
            continue
        settled = True
        if later < earlier:
            text = f"Link {at}: effect at {_clock(later)} precedes cause at {_clock(earlier)}"
            breaks.append(Finding("time_inversion", text, claim=link.effect))
    return breaks if settled else None


def alerted(transcript: Transcript) -> datetime | None:
    """When the alert of the task began; None where it does not say."""
    alert = transcript.task.context.get("alert")
    return _instant(str(alert.get("startsAt", ""))) if isinstance(alert, dict) else None


def _alert(diagnosis: Diagnosis, began: datetime | None) -> list[Finding] | None:
    """A cause that began after the alert did not bring it about, whatever its links say."""
    cause = leading(diagnosis)
    onset = _instant(cause.onset) if cause else None
    if began is None or onset is None or not _comparable(began, onset):
        return None
    if onset - began < SLACK:
        return []
    text = f"The cause began at {_clock(onset)}, after the alert at {_clock(began)}"
    return [Finding("after_alert", text, claim=cause.claim)]


def _cited(diagnosis: Diagnosis, claims: Mapping[str, Claim], effects: Iterable[str]) -> list[Finding] | None:
    cause = leading(diagnosis)
    onset = _instant(cause.onset) if cause else None
    if onset is None:
        return None
    settled, breaks = False, []
    for name in sorted(set(effects) - {cause.claim}):
        seen = _last_seen(claims[name])
        if seen is None or not _comparable(seen, onset):
            continue
        settled = True
        if onset - seen > SLACK:
            text = f"Claim {name} cites what was seen at {_clock(seen)}, before its cause began at {_clock(onset)}"
            breaks.append(Finding("time_inversion", text, claim=name))
    return breaks if settled else None


def _last_seen(claim: Claim) -> datetime | None:
    """The last time at the head of a cited line; None where a line is cited that has none."""
    lines = [line.strip() for ref in claim.refs for line in ref.quote.splitlines() if line.strip()]
    headed = [_instant(match[0]) if (match := _INSTANT.match(line)) else None for line in lines]
    if not headed or None in headed or len({one.tzinfo is None for one in headed}) > 1:
        return None
    return max(headed)


def _comparable(one: Moment, other: Moment) -> bool:
    if isinstance(one, datetime) and isinstance(other, datetime):
        return (one.tzinfo is None) == (other.tzinfo is None)
    return type(one) is type(other)


def _instant(text: str) -> datetime | None:
    match = _INSTANT.search(text)
    try:
        return datetime.fromisoformat(match[0].upper()) if match else None
    except ValueError:
        return None


def _stated_time(claim: Claim, onset: str) -> Moment | None:
    predicate = str(claim.predicate.arguments.get("at", "")) if claim.predicate else ""
    for text in (onset, predicate, claim.text):
        if instant := _instant(text):
            return instant
        if not _INSTANT.search(text) and (match := _CLOCK.search(text)):
            return time(int(match[1]), int(match[2]), int(match[3] or 0))
    return None


def _clock(at: Moment) -> str:
    return at.strftime("%H:%M:%S").removesuffix(":00")
