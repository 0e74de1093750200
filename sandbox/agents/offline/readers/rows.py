"""Rows of figures, from CSV, from a database's table or from JSON: changes, limits, growth, odd ones out. No Django here."""

from __future__ import annotations

import csv
import io
import itertools
import math
import re
from collections.abc import Sequence
from dataclasses import replace
from statistics import median
from typing import Any

from sandbox.agents.offline.names import component_of, template, words_of
from sandbox.agents.offline.readers.phrases import aspect_of
from sandbox.agents.offline.reading import Question, Reading
from sandbox.knowledge.evidence import Aspect

OWNER = re.compile(
    r"^(service|service_?name|component|app|application|pod|pod_?name|workload|deployment|container|instance|server|host|node|name|usename|username|user|datname|source)$",
    re.I,
)
USED = re.compile(r"(^|_)(used|in_use|active|busy|checked_out|current|open|numbackends|connections|usage)(_|$)", re.I)
LIMIT = re.compile(r"(^|_)(max|maximum|limit|capacity|size|total|hard|pool_size|max_connections)(_|$)", re.I)
BEFORE = re.compile(
    r"^(baseline|before|normal|previous|prev|usual|reference)_?|_?(baseline|before|normal|previous)(\(\w+\))?$", re.I
)
PERCENT = re.compile(r"(pct|percent|%|utili[sz]ation|usage_?ratio)", re.I)
HEAP = re.compile(r"ready|lag|pending|backlog|waiting|depth|queued|unacked", re.I)
IDLE = re.compile(r"^(?!.*\b(throttl|limit|request|quota|steal|wait)).*\b(cpu|processor)\b.* stopped$")
OUTSIDE = re.compile(r"(^up|\b(ready|replicas)\b.*) stopped$")  # counted by those who watch it, not by itself
FOLLOWS = 0.3  # too faint to trigger a rule
RULE = re.compile(r"^[\s|+-]*-{3,}[\s|+-]*$")
NUMBER = re.compile(
    r"^\s*(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*(%|ms|s|us|µs|ns|[KMG]i?B?|B|req/s|rps|cores?|m)?\s*$", re.I
)
SCALE = {
    "%": 1.0,
    "us": 1e-3,
    "µs": 1e-3,
    "ns": 1e-6,
    "s": 1e3,
    "k": 2**10,
    "ki": 2**10,
    "kib": 2**10,
    "mi": 2**20,
    "mib": 2**20,
    "m": 1e-3,
    "gi": 2**30,
    "gib": 2**30,
    "kb": 1e3,
    "mb": 1e6,
    "gb": 1e9,
}


def number(value: Any) -> float | None:
    """A figure with its unit brought to one scale; None for anything else."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return float(value) if math.isfinite(value) else None
    match = NUMBER.match(str(value))
    return float(match[1]) * SCALE.get((match[2] or "").lower(), 1.0) if match else None


def csv_rows(text: str) -> list[tuple[dict[str, str], str]]:
    """The rows of a CSV text with a header, each with its line; empty where it is none."""
    lines = [line for line in text.strip().splitlines() if line.strip() and not line.startswith("#")]
    if len(lines) < 2 or lines[0].count(",") < 1 or any(line.count(",") < lines[0].count(",") for line in lines[1:4]):
        return []
    try:
        cells = list(csv.reader(io.StringIO("\n".join(lines))))
    except csv.Error:
        return []
    head = [name.strip() for name in cells[0]]
    if len(cells) != len(lines) or any(name[:1].isdigit() for name in head) or len({*head}) < len(head):
        return []
    return [(dict(zip(head, row, strict=False)), line.strip()) for row, line in zip(cells[1:], lines[1:], strict=True)]


def barred_rows(text: str) -> list[tuple[dict[str, str], str]]:
    """The rows of tables with | between their columns, as database clients print them, one below the other."""
    head: list[str] = []
    found = []
    for line, below in itertools.pairwise([*text.splitlines(), ""]):
        if RULE.match(line):
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) < 2 or (head and len(cells) != len(head)):
            head = head if "|" in line else []
        elif not head or (RULE.match(below) and "+" in below):
            head = cells
        else:
            found.append((dict(zip(head, cells, strict=True)), line.strip()))
    return found


def owner_of(row: dict[str, Any], question: Question) -> str:
    for key, value in row.items():
        if OWNER.match(str(key)) and isinstance(value, str) and value and len(value) < 80 and " " not in value:
            return component_of(value)
    return question.about


def read_rows(rows: Sequence[tuple[dict[str, Any], str]], question: Question, reading: Reading) -> None:
    """Limits and changes within each row, and rows that stand out from the others."""
    for row, quote in rows:
        owner = owner_of(row, question)
        for key, value in row.items():
            if OWNER.match(str(key)) and isinstance(value, str) and re.fullmatch(r"[a-z][\w.-]*", value):
                reading.name("components", value)
        figures = {str(key): figure for key, value in row.items() if (figure := number(value)) is not None}
        _limits(figures, owner, row, quote, reading)
        _changes(figures, owner, quote, reading)
    _heaps(rows, question, reading)
    _repeated(rows, question, reading)


def _repeated(rows: Sequence[tuple[dict[str, Any], str]], question: Question, reading: Reading) -> None:
    """Queues whose messages come back: redelivered at a rate that is a good part of what is published."""
    for row, quote in rows:
        figures = {str(key): number(value) or 0.0 for key, value in row.items()}
        again = max((value for key, value in figures.items() if re.match(r"redeliver", key, re.I)), default=0.0)
        fresh = max((value for key, value in figures.items() if re.match(r"publish", key, re.I)), default=0.0)
        if again > 1 and again >= 0.2 * fresh:
            reading.find(
                Aspect.GROWTH, owner_of(row, question), "messages are delivered again and again", quote, kind="metric",
                strength=2.5, direction=1,
            )  # fmt: skip


def _heaps(rows: Sequence[tuple[dict[str, Any], str]], question: Question, reading: Reading) -> None:
    """What piles up in one row and not in the others of its column."""
    for key in rows[0][0] if len(rows) > 1 else ():
        if not HEAP.search(str(key)):
            continue
        values = [number(row.get(key)) for row, _ in rows]
        for (row, quote), value in zip(rows, values, strict=True):
            others = [one for one in values if one is not None and one != value]
            if value is not None and value >= 100 and (not others or value > 10 * (median(others) + 1)):
                noun = " ".join(words_of(str(key)))
                reading.find(
                    Aspect.GROWTH,
                    owner_of(row, question),
                    f"{noun} pile up",
                    quote,
                    kind="metric",
                    strength=3.0,
                    direction=1,
                )


def _noun(*keys: str) -> str:
    words = [word for key in keys for word in words_of(key)]
    plain = [word for word in words if not (USED.search(word) or LIMIT.search(word)) or word in ("connections",)]
    return " ".join(dict.fromkeys(plain))


def _limits(figures: dict[str, float], owner: str, row: dict[str, Any], quote: str, reading: Reading) -> None:
    labels = " ".join(
        str(value) for value in row.values() if isinstance(value, str) and not number(value) and len(value) < 60
    )
    for used_key, used in figures.items():
        if PERCENT.search(used_key) and not LIMIT.search(used_key) and 90 <= used <= 100.5:
            reading.find(
                Aspect.SATURATION,
                owner,
                f"{_noun(used_key)} near its limit",
                quote,
                kind="metric",
                strength=2.0,
                direction=1,
            )
        if not USED.search(used_key) or LIMIT.search(used_key):
            continue
        for limit_key, limit in figures.items():
            if not LIMIT.search(limit_key) or limit_key == used_key or limit <= 0 or not 0.9 <= used / limit <= 1.5:
                continue
            shared = set(words_of(used_key)) & set(words_of(limit_key))
            if limit < 2 or not (shared or len(figures) <= 6):
                continue
            noun = _noun(used_key, limit_key) or template(labels)
            reading.find(
                Aspect.SATURATION, owner, f"{noun} at its limit", quote, kind="metric", strength=3.0, direction=1
            )
            break


def _changes(figures: dict[str, float], owner: str, quote: str, reading: Reading) -> None:
    for key, before in figures.items():
        if not BEFORE.search(key):
            continue
        base = BEFORE.sub("", key).strip("_")
        now = next(
            (
                other
                for other in figures
                if other != key and not BEFORE.search(other) and base and (other.startswith(base) or base in other)
            ),
            None,
        )
        if now is None:
            continue
        ratio = (figures[now] + 1e-3) / (before + 1e-3)
        if ratio > 2 or ratio < 0.4:
            how = "rises" if ratio > 1 else "falls"
            amount = "manifold" if ratio > 5 or ratio < 0.2 else "much"
            aspect = aspect_of(base) or (Aspect.SATURATION if PERCENT.search(base) else Aspect.TRAFFIC)
            reading.find(
                aspect,
                owner,
                f"{' '.join(words_of(base))} {how} {amount}",
                quote,
                kind="metric",
                strength=min(6.0, abs(math.log2(abs(ratio)))),
                direction=1 if ratio > 1 else -1,
            )


def read_series(name: str, values: Sequence[float], quote: str, owner: str, reading: Reading) -> None:
    """A series against its own first third: change point, growth, flatline (robust z, engine section 7)."""
    if len(values) < 6:
        return
    third = max(3, len(values) // 3)
    base, now = list(values[:third]), list(values[-max(2, len(values) // 6) :])
    middle, level = median(base), median(now)
    spread = median([abs(value - middle) for value in base]) * 1.4826 or max(abs(middle) * 0.05, 1e-6)
    z = (level - middle) / spread
    noun = " ".join(words_of(name)) or "series"
    ratio = (abs(level) + 1e-6) / (abs(middle) + 1e-6)
    if level == 0 and middle > 0 and not any(now):
        reading.find(Aspect.FLATLINE, owner, f"{noun} stopped", quote, kind="metric", strength=3.0, direction=-1)
    elif abs(z) > 5 and (ratio > 1.3 or ratio < 0.7):
        steps = [after - before for before, after in itertools.pairwise(values)]
        rising = (
            sum(step >= 0 for step in steps) / len(steps) if sum(step > 0 for step in steps) > len(steps) / 2 else 0
        )
        told = aspect_of(noun)
        grows = rising > 0.85 and z > 0 and told not in (Aspect.ERRORS, Aspect.LATENCY)
        aspect = Aspect.GROWTH if grows else told or Aspect.TRAFFIC
        how = (
            "keeps growing"
            if grows
            else f"{'rises' if z > 0 else 'falls'} {'manifold' if ratio > 5 or ratio < 0.2 else 'much'}"
        )
        reading.find(
            aspect,
            owner,
            f"{noun} {how}",
            quote,
            kind="metric",
            strength=min(6.0, math.log2(1 + abs(z))),
            direction=1 if z > 0 else -1,
        )


def weigh_stopped(reading: Reading) -> None:
    """What takes no processor time any more does not run: that its own gauges stand still follows from that.

    Whatever stopped it, they say the same; one of them alone, in a component that runs, is a sign.
    """
    stopped = [one for one in reading.findings if one.aspect is Aspect.FLATLINE and one.component]
    idle = {one.component for one in stopped if IDLE.search(one.value)}
    for at, one in enumerate(reading.findings):
        told = IDLE.search(one.value) or OUTSIDE.search(one.value)
        if one.aspect is Aspect.FLATLINE and one.component in idle and not told:
            reading.findings[at] = replace(one, strength=FOLLOWS)


def aligned_rows(text: str) -> list[tuple[dict[str, str], str]]:
    """The rows of a table whose columns stand two or more spaces apart under one header."""
    lines = [line for line in text.splitlines() if line.strip()]
    cells = [re.split(r"\s{2,}", line.strip()) for line in lines]
    if len(lines) < 2 or len(cells[0]) < 3 or any(number(cell) is not None for cell in cells[0]):
        return []
    width = len(cells[0])
    return [
        (dict(zip(cells[0], row, strict=True)), line.strip())
        for row, line in zip(cells[1:], lines[1:], strict=True)
        if len(row) == width
    ]


def read(text: str, question: Question, reading: Reading) -> bool:
    rows = csv_rows(text) or aligned_rows(text)
    if not rows:
        return False
    if {"source", "target"} <= {key.lower() for key in rows[0][0]}:
        for row, _ in rows:
            cells = list(row.values())
            reading.edges.append((component_of(cells[0]), component_of(cells[1])))
        return True
    before = len(reading.findings)
    timed = next((key for key in rows[0][0] if re.match(r"time", key, re.I)), None)
    owners = {owner_of(row, question) for row, _ in rows}
    if timed is None or len(owners) > 1:
        read_rows(rows, question, reading)
    else:
        read_rows(rows[-1:], question, reading)
        for key in rows[0][0]:
            values = [figure for row, _ in rows if (figure := number(row.get(key))) is not None]
            if key != timed and not re.search(r"timestamp", key, re.I) and len(values) == len(rows):
                read_series(key, values, rows[-1][1], next(iter(owners)), reading)
    if len(reading.findings) == before:
        owner = question.about
        reading.find(Aspect.NORMAL, owner, "figures without a change", rows[0][1], kind="metric", strength=0.3)
    return True
