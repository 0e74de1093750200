"""Figures as lines of a drawing: where each point stands, and the words that a table behind it repeats. No Django here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 620, 180
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 12, 28


@dataclass(frozen=True)
class Value:
    """One point: its ``label`` on the axis, the value (None: not known, drawn as a gap) and what to say of it."""

    label: str
    value: float | None
    words: str


@dataclass(frozen=True)
class Dot:
    x: float
    y: float
    words: str


@dataclass(frozen=True)
class Line:
    """``pieces`` are the points of polylines: a value that is not known parts the line. ``style`` names its look."""

    name: str
    style: str
    dots: tuple[Dot, ...]
    pieces: tuple[str, ...]


@dataclass(frozen=True)
class Tick:
    at: float
    label: str


@dataclass(frozen=True)
class Chart:
    lines: tuple[Line, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]


def chart(series: Sequence[tuple[str, str, Sequence[Value]]], *, top: float | None = None, percent: bool = False):
    """A Chart of (name, style, values) over one common axis; None where nothing is known. ``top`` fixes the highest value."""
    known = [value.value for _, _, values in series for value in values if value.value is not None]
    if not known:
        return None
    high = top if top is not None else max(1.0, *known)
    count = max(len(values) for _, _, values in series)
    step = (WIDTH - LEFT - RIGHT) / max(1, count - 1)
    lines = []
    for name, style, values in series:
        dots: list[Dot] = []
        pieces: list[list[str]] = [[]]
        for number, value in enumerate(values):
            if value.value is None:
                pieces.append([])
                continue
            x, y = round(LEFT + number * step, 1), round(_height(value.value, high), 1)
            dots.append(Dot(x, y, value.words))
            pieces[-1].append(f"{x},{y}")
        lines.append(Line(name, style, tuple(dots), tuple(" ".join(piece) for piece in pieces if len(piece) > 1)))
    labels = max((values for _, _, values in series), key=len)
    every = max(1, -(-len(labels) // 10))
    across = [Tick(round(LEFT + n * step, 1), one.label) for n, one in enumerate(labels) if n % every == 0]
    up = [Tick(_height(high * part, high), _said(high * part, percent)) for part in (0, 0.5, 1)]
    return Chart(tuple(lines), tuple(across), tuple(up))


def _height(value: float, high: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value / high


def _said(value: float, percent: bool) -> str:
    return f"{value:.0%}".replace("%", " %") if percent else f"{value:g}"
