"""Figures as tools print them and as people write them. No Django here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random

# a number that is no part of a name, a version, a time or a date; a unit may follow it
NUMBER = re.compile(r"(?<![\w.:/$-])\d+(?:,\d{3})*(?:\.\d+)?(?=%|ms\b|s\b|[kMGT]?[Bb]\b|mb\b|[\s,;)\]}]|\.(?:\s|$)|$)")
_LABELLED = re.compile(r"(?m)^[ \t]*([A-Za-z][A-Za-z_ ]{2,30}?)\s*[:=]\s*(\d+(?:\.\d+)?)\s*(?=$|,)")
_READING = re.compile(r"(?m)^(\d{4}-\d\d-\d\dT(\d\d:\d\d):\d\dZ),(\d+(?:\.\d+)?)$")


@dataclass(frozen=True)
class Figure:
    """A value that a return shows under a name; ``clock`` is the minute of a reading, "" where there is none."""

    metric: str
    value: str
    clock: str = ""


def shown(quote: str, arguments: dict) -> list[Figure]:
    """The named figures of a quote: labelled lines, and readings of the metric that the call asked for."""
    figures = [Figure(label.strip(), value) for label, value in _LABELLED.findall(quote)]
    metric = arguments.get("metric")
    if isinstance(metric, str) and metric:
        figures += [Figure(metric, value, clock) for _, clock, value in _READING.findall(quote)]
    return figures


def value_of(number: str) -> float:
    return float(number.replace(",", ""))


def written(value: str, drawn: Random) -> str:
    """The figure as a person writes it: as it stands, with thousands set off, or rounded to two digits."""
    number, style = float(value), drawn.random()
    if style < 0.25 and number >= 100:
        digits = len(str(int(number)))
        rounded = round(number, 2 - digits)
        if rounded >= 1_000_000:
            return f"about {rounded / 1_000_000:g} million"
        return f"about {int(rounded):,}"
    if style < 0.5 and number >= 10_000:
        return f"{int(number):,}" if "." not in value else f"{number:,}"
    return value


def far_from(number: str, near: list[float], drawn: Random) -> str | None:
    """Another number of the same form, by a fifth or more away from this one and from all in ``near``; None: no luck."""
    value = value_of(number)
    decimals = len(number.partition(".")[2])
    for _ in range(40):
        other = (
            value * drawn.choice((0.1, 0.25, 0.4, 0.6, 1.35, 1.7, 2.5, 4, 10)) if value else drawn.choice((3, 7, 12))
        )
        text = f"{other:.{decimals}f}"
        changed = float(text)
        if changed == int(changed) and decimals == 0 and "," in number:
            text = f"{int(changed):,}"
        if all(abs(changed - one) > 0.2 * max(abs(one), 1e-9) for one in (*near, value)):
            return text
    return None
