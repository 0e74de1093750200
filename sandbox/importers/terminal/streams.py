"""The forms a terminal's log comes in, each as what the terminal showed. No Django here.

Plain text as copied from a window; ``script`` typescripts; asciinema casts, version 2 (seconds from the start) and
version 3 (seconds since the event before), as their format pages describe them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.importers.terminal.screen import Row, Screen, TooFar

_STARTED = re.compile(r"Script started on (?P<at>[^\[\n]+?)\s*(?:\[(?P<about>[^\]\n]*)\])?\r?\n")
_ENDED = re.compile(r"\n?\r?\n?Script done on [^\n]*\n?\s*\Z")
_COLUMNS = re.compile(r'COLUMNS="(\d{1,6})"')
MOST_EVENTS = 200_000
LONGEST = 1e9  # seconds


class LogError(ValueError):
    """A log that cannot be read; ``line`` counts from 1 where one line is to blame."""

    def __init__(self, reason: str, line: int | None = None):
        super().__init__(f"Line {line}: {reason}" if line else reason)
        self.line = line


@dataclass(frozen=True)
class Shown:
    """What a terminal showed. ``started`` is when second 0 was; None where the form does not say."""

    form: str  # plain, script, asciinema 2, asciinema 3
    rows: tuple[Row, ...]
    started: datetime | None = None
    notes: tuple[str, ...] = field(default=())


def shown_in(text: str) -> Shown:
    """Raises LogError for a cast or typescript that is not in its form, or that moves its cursor without end."""
    try:
        return _shown_in(_characters(text))
    except TooFar:
        raise LogError("It moves the cursor further than a terminal's log does: cut it in parts.") from None


def _shown_in(text: str) -> Shown:
    text = text.removeprefix("﻿")
    if text.lstrip()[:1] == "{" and '"version"' in text[:2000].split("\n", 1)[0]:
        return _cast(text)
    if started := _STARTED.match(text.lstrip()):
        return _typescript(text.lstrip(), started)
    screen = Screen()
    screen.write(text)
    return Shown("plain", tuple(screen.rows), notes=_notes(screen))


def _typescript(text: str, started: re.Match) -> Shown:
    columns = _COLUMNS.search(started["about"] or "")
    screen = Screen(int(columns[1]) if columns else None)
    screen.write(_ENDED.sub("", text[started.end() :]))
    return Shown("script", tuple(screen.rows), _moment(started["at"]), _notes(screen))


def _cast(text: str) -> Shown:
    lines = text.splitlines()
    header = _json(lines[0], 1)
    version = header.get("version")
    if version not in (2, 3):
        raise LogError(f"it is an asciinema cast of version {version!r}: only versions 2 and 3 are read.", 1)
    terminal = header.get("term") if version == 3 else header
    width = (terminal or {}).get("cols" if version == 3 else "width") if isinstance(terminal, dict) else None
    screen = Screen(width if isinstance(width, int) else None)
    now = 0.0
    if len(lines) > MOST_EVENTS:
        raise LogError(f"the cast has more than {MOST_EVENTS:,} lines: cut it in two.")
    for number, line in enumerate(lines[1:], 2):
        if not line.strip() or (version == 3 and line.startswith("#")):
            continue
        event = _json(line, number)
        if not _is_event(event):
            raise LogError('an event is [seconds, "o", "what was shown"].', number)
        now = event[0] if version == 2 else now + event[0]
        if now > LONGEST:
            raise LogError("the event is more than 30 years after the start.", number)
        if event[1] == "o":
            screen.write(_characters(event[2]), now)
    stamp = header.get("timestamp")
    started = datetime.fromtimestamp(stamp, UTC) if isinstance(stamp, int) and 0 < stamp < 2**33 else None
    return Shown(f"asciinema {version}", tuple(screen.rows), started, _notes(screen))


def _characters(text: str) -> str:
    """The text with a mark for each half of a character, which JSON can spell and no page can show."""
    return text.encode(errors="replace").decode()


def _is_event(event: Any) -> bool:
    return (
        isinstance(event, list)
        and len(event) >= 3
        and isinstance(event[0], int | float)
        and not isinstance(event[0], bool)
        and 0 <= event[0] <= LONGEST
        and isinstance(event[1], str)
        and isinstance(event[2], str)
    )


def _json(line: str, number: int) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise LogError("it is not JSON: an asciinema cast has a JSON value on every line.", number) from None


def _moment(words: str) -> datetime | None:
    words = words.strip()
    for form in ("%Y-%m-%d %H:%M:%S%z", "%a %b %d %H:%M:%S %Y", "%a %d %b %Y %I:%M:%S %p %Z"):
        try:
            found = datetime.strptime(words, form)
        except ValueError:
            continue
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None


def _notes(screen: Screen) -> tuple[str, ...]:
    if not screen.programs:
        return ()
    times = "once" if screen.programs == 1 else f"{screen.programs} times"
    return (f"A full-screen program (an editor, a pager, top) ran {times}; what it drew is not in the log.",)
