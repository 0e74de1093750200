"""Commands and what they printed, told apart by the prompts of a shell. No Django here."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.importers.terminal.screen import Row
from sandbox.importers.terminal.streams import LogError, Shown, shown_in

MOST_CHARACTERS = 2_000_000
MOST_COMMANDS = 500

_PROMPTS = (
    re.compile(r"(?:\([^()\n]{1,40}\) ?)?\[?[\w.-]+@[\w.-]+[: ][^\n$#%>❯]{0,120}?\]?\s?[$#%>❯] "),  # user@host:~/x$
    re.compile(r"\[[^\]\n]{1,120}\]\s?[$#%>] "),  # [host dir]$
    re.compile(r"(?:ba|z|k|da)?sh-[\d.]+[$#] "),  # bash-5.1#
    re.compile(r"PS [A-Z]:[^>\n]{0,120}> "),
    re.compile(r"[~/][\w./~-]{0,120} ?[$#%>❯] "),  # ~/work $
    re.compile(r"[\w.-]{1,40}:[~/][\w./~-]{0,120}\s?[$#%] "),
    re.compile(r"[❯➜»$%#] (?! )"),
)
_AND_MORE = re.compile(r"(?:> |\.\.\. |dquote> |quote> |pipe> )")


@dataclass(frozen=True)
class Entered:
    """A command as typed and what came of it. ``line`` counts from 1 in what the terminal showed."""

    line: int
    command: str
    output: str
    at: datetime | None = None
    took_ms: int | None = None


@dataclass(frozen=True)
class Log:
    form: str
    commands: tuple[Entered, ...]
    notes: tuple[str, ...] = ()


def read_log(text: str, *, prompt: str = "") -> Log:
    """Every command of a terminal's log with its return. ``prompt`` is how each prompt ends, where it is an odd one.

    Raises LogError, with the line where there is one, for a log that is too long, in no form, or without a prompt.
    """
    if len(text) > MOST_CHARACTERS:
        raise LogError(f"It has {len(text):,} characters; at most {MOST_CHARACTERS:,} come in at once. Cut it in two.")
    if "\x00" in text:
        raise LogError("It is no text: it holds zero bytes.")
    if not text.strip():
        raise LogError("Paste the log of a terminal, or choose a file.")
    shown = shown_in(text)
    starts = _prompted(shown.rows, prompt)
    if not starts:
        raise LogError(
            "No prompt was found in it, so commands and what they printed cannot be told apart. Write how your prompt "
            "ends, such as $ or #, and read it again."
        )
    if len(starts) > MOST_COMMANDS:
        raise LogError(f"It has {len(starts):,} commands; at most {MOST_COMMANDS:,} come in at once. Cut it in two.")
    ends = [at for at, _ in starts[1:]] + [len(shown.rows)]
    entered = [_entered(shown, at, typed, end) for (at, typed), end in zip(starts, ends, strict=True)]
    notes = list(shown.notes)
    if before := sum(bool(row.text) for row in shown.rows[: starts[0][0]]):
        notes.append(
            f"{before} line{'s' if before > 1 else ''} before the first prompt belong{'' if before > 1 else 's'} to no command."
        )
    return Log(shown.form, tuple(one for one in entered if one), tuple(notes))


def _prompted(rows: Sequence[Row], prompt: str) -> list[tuple[int, str]]:
    """Rows that begin with a prompt, and what was typed after it.

    A bare "# " or "> " is a prompt only in a log where none says more: in others it is what a command printed.
    """
    if prompt.strip():
        return _beginning(rows, (re.compile(rf"[^\n]{{0,200}}?{re.escape(prompt.strip())}(?: |$)"),))
    return _beginning(rows, _PROMPTS[:-1]) or _beginning(rows, _PROMPTS[-1:])


def _beginning(rows: Sequence[Row], patterns: Sequence[re.Pattern]) -> list[tuple[int, str]]:
    found = []
    for at, row in enumerate(rows):
        text = row.text + " "
        match = next((match for pattern in patterns if (match := pattern.match(text))), None)
        if match:
            found.append((at, text[match.end() :].strip()))
    return found


def _entered(shown: Shown, at: int, typed: str, end: int) -> Entered | None:
    """None for a prompt at which nothing was typed."""
    if not typed:
        return None
    rows, following = shown.rows, at + 1
    while following < end and _goes_on(typed) and _AND_MORE.match(more := rows[following].text + " "):
        typed = (typed[:-1] if typed.endswith("\\") else typed + "\n") + _AND_MORE.sub("", more, count=1).rstrip()
        following += 1
    printed = list(rows[following:end])
    while printed and not printed[-1].text:
        printed.pop()
    output = "\n".join(row.coloured for row in printed)
    begun, over = rows[following - 1].ended, rows[end].began if end < len(rows) else None
    return Entered(
        line=at + 1,
        command=typed.strip(),
        output=output + "\n" if output else "",
        at=shown.started + timedelta(seconds=begun) if shown.started and begun is not None else None,
        took_ms=int((over - begun) * 1000) if begun is not None and over is not None and over >= begun else None,
    )


def _goes_on(typed: str) -> bool:
    if typed.endswith("\\"):
        return True
    try:
        shlex.split(typed, comments=True)
    except ValueError:
        return len(typed) < 4000
    return False
