"""Words, strings and durations, as the query languages of a world share them. No Django here."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from sandbox.environment.world.base import BadQuery, utc

SECOND = 1_000_000  # microseconds; every duration inside the engines is in them
_UNITS = {"ms": 1_000, "s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND, "d": 86400 * SECOND, "w": 604800 * SECOND}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdw])")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_OFFSET = re.compile(r"(now|alert)?\s*(?:([+-])\s*([\d.a-z]+))?")


def duration(text: str) -> int:
    """A duration such as 5m or 1h30m in microseconds; BadQuery for anything else."""
    total, at = 0.0, 0
    for part in _DURATION.finditer(text):
        if part.start() != at:
            break
        total, at = total + float(part[1]) * _UNITS[part[2]], part.end()
    if at != len(text) or not text:
        raise BadQuery(f"{text!r} is not a duration; write it as 30s, 5m or 1h30m")
    if not 0 < total < 1e17:
        raise BadQuery(f"{text}: a duration is more than nothing and less than a thousand years")
    return round(total)


def whole(text: str) -> int | None:
    """The whole number, not negative, that a text is; None for anything else, such as a thousand digits."""
    return int(text) if re.fullmatch(r"[0-9]{1,15}", text) else None


def unquoted(text: str) -> str:
    """The text inside quotes: between backticks as it is, else with its backslashes read."""
    inner = text[1:-1]
    if text[0] == "`":
        return inner
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), inner, flags=re.DOTALL)


def moment(text: str, *, now: datetime, alert: datetime) -> datetime:
    """A time: ISO (without zone: UTC), epoch seconds, ``now``, ``alert``, an offset to one (``now-30m``), or ``-30m``."""
    text = text.strip()
    relative = _OFFSET.fullmatch(text)
    try:
        if text and relative and (relative[1] or relative[2]):
            base = utc(alert if relative[1] == "alert" else now)
            if not relative[2]:
                return base
            length = timedelta(microseconds=duration(relative[3]))
            return base - length if relative[2] == "-" else base + length
        if re.fullmatch(r"\d{9,11}(\.\d+)?", text):
            return datetime.fromtimestamp(float(text), now.tzinfo)
        return utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError) as error:
        raise BadQuery(f"{text!r} is not a time; write it as 2026-03-01T10:00:00Z, epoch seconds or now-30m") from error


def micros(at: datetime) -> int:
    """Microseconds since 1970."""
    return (utc(at) - _EPOCH) // timedelta(microseconds=1)


def instant(at: int) -> datetime:
    """The moment so many microseconds after 1970; BadQuery for one before the year 1 or after 9999."""
    try:
        return _EPOCH + timedelta(microseconds=at)
    except OverflowError as error:
        raise BadQuery("a window reaches beyond the calendar; take a shorter one") from error


_EPOCH = utc(datetime(1970, 1, 1))
