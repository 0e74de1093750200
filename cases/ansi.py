"""Colour as terminals write it: escape sequences become the names of styles, and are never shown. No Django here."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

# CSI, OSC (ended by BEL or ST; one without an end hides nothing), and the two-character sequences
_ESCAPE = re.compile(
    r"\x1b(?:\[([0-9;:?<=>]*)[ -/]*([@-~])|\][^\x07\x1b\n]*(?:\x07|\x1b\\)|[()*+][0-9A-Za-z]|[@-Z\\^_=>78c])"
)
MOST_CODES = 64  # of one sequence
_NAMES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_WEIGHTS = {1: "bold", 2: "faint", 3: "italic", 4: "underline", 7: "inverse", 9: "strike"}
_OFF = {22: ("bold", "faint"), 23: ("italic",), 24: ("underline",), 27: ("inverse",), 29: ("strike",)}


@dataclass(frozen=True)
class Style:
    """What holds from here on: a colour of text and ground by name, and how it is drawn."""

    ink: str = ""
    ground: str = ""
    drawn: frozenset[str] = frozenset()

    @property
    def classes(self) -> str:
        """CSS classes; "" for plain text."""
        named = [f"a-{self.ink}"] if self.ink else []
        named += [f"a-on-{self.ground}"] if self.ground else []
        return " ".join([*named, *(f"a-{name}" for name in sorted(self.drawn))])


PLAIN = Style()


@dataclass(frozen=True)
class Run:
    """Characters ``start`` to ``end`` of the raw text, shown in one style."""

    start: int
    end: int
    style: Style


def plain(text: str) -> str:
    """The text without its escape sequences."""
    return _ESCAPE.sub("", text) if "\x1b" in text else text


def runs(text: str, style: Style = PLAIN) -> tuple[tuple[Run, ...], Style]:
    """The visible runs of a text that begins in ``style``, and the style it ends in."""
    if "\x1b" not in text:
        return ((Run(0, len(text), style),) if text else ()), style
    found, at = [], 0
    for escape in _ESCAPE.finditer(text):
        if escape.start() > at:
            found.append(Run(at, escape.start(), style))
        if escape[2] == "m":
            style = _styled(style, escape[1] or "")
        at = escape.end()
    if at < len(text):
        found.append(Run(at, len(text), style))
    return tuple(found), style


def _styled(style: Style, codes: str) -> Style:
    given = codes.replace(":", ";").split(";", MOST_CODES)[:MOST_CODES]
    numbers = [int(code) if code.isdigit() and len(code) < 4 else 0 for code in given]
    while numbers:
        code = numbers.pop(0)
        if code == 0:
            style = PLAIN
        elif code in _WEIGHTS:
            style = replace(style, drawn=style.drawn | {_WEIGHTS[code]})
        elif code in _OFF:
            style = replace(style, drawn=style.drawn - set(_OFF[code]))
        elif code in (38, 48):
            colour, numbers = _wide(numbers)
            style = replace(style, **{"ink" if code == 38 else "ground": colour})
        elif code in (39, 49):
            style = replace(style, **{"ink" if code == 39 else "ground": ""})
        elif 30 <= code <= 37 or 90 <= code <= 97:
            style = replace(style, ink=_NAMES[code % 10])
        elif 40 <= code <= 47 or 100 <= code <= 107:
            style = replace(style, ground=_NAMES[code % 10])
    return style


def _wide(numbers: list[int]) -> tuple[str, list[int]]:
    """One of 256 colours, or of 16 million, as the nearest of eight; and the codes that follow it."""
    if numbers[:1] == [5] and len(numbers) > 1:
        return _of_256(numbers[1]), numbers[2:]
    if numbers[:1] == [2] and len(numbers) > 3:
        return _nearest(*numbers[1:4]), numbers[4:]
    return "", []


def _of_256(number: int) -> str:
    if number < 16:
        return _NAMES[number % 8]
    if number >= 232:
        return "white" if number > 243 else "black"
    number -= 16
    return _nearest(*(51 * (number // size % 6) for size in (36, 6, 1)))


def _nearest(red: int, green: int, blue: int) -> str:
    return _NAMES[(red > 127) + 2 * (green > 127) + 4 * (blue > 127)]
