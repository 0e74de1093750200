"""What a shell command was for, and the tool call that asks the same. No Django here.

A command becomes a call only where a tool of the task can say all of it: what it looks at, and every restriction.
Anything else stays what it is, a typed operation with its command, and says why.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from cases.transcript import ToolSchema
from sandbox.importers.terminal.asking import asked_by, narrow
from sandbox.importers.terminal.fitting import fitted
from sandbox.importers.terminal.operations import Operation, operation_of


@dataclass(frozen=True)
class Mapped:
    """``tool`` "" where no tool says all of the command; ``reason`` says why then."""

    operation: Operation
    tool: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    reason: str = ""


def map_command(command: str, tools: Sequence[ToolSchema]) -> Mapped:
    """The operation and, where a tool says all of it, the call."""
    first, *pipes = _stages(command)
    words = _words(first)
    if words is None:
        return Mapped(operation_of(first.split()), reason="its quotation marks are not closed")
    words = _without_setting(words)
    operation = operation_of(words)
    if operation in (Operation.ACTION, Operation.DOC):
        why = "it changes something" if operation is Operation.ACTION else "it reads documentation"
        return Mapped(operation, reason=f"{why}: no call asks that")
    asked = asked_by(words)
    if asked is None:
        return Mapped(operation, reason=f"nothing is known of what {words[0] if words else 'it'} asks")
    for stage in pipes:
        narrow(asked, _words(stage) or [stage])
    if asked.cannot:
        return Mapped(operation, reason=f"no argument stands for {asked.cannot}")
    return Mapped(operation, *fitted(asked, tools))


def _stages(command: str) -> list[str]:
    """The command and what its output goes through; quoted bars stay."""
    parts, quote, current = [], "", ""
    for char in command:
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char == "|":
            parts.append(current)
            current = ""
            continue
        current += char
    return [part.strip() for part in [*parts, current]]


def _words(text: str) -> list[str] | None:
    """The words of a command, what joins or redirects commands as words of its own; None where a quote is open."""
    reader = shlex.shlex(re.sub(r"\s2>&1|\s2>/dev/null", "", text), posix=True, punctuation_chars=";&<>")
    reader.whitespace_split, reader.commenters = True, ""
    try:
        return list(reader)
    except ValueError:
        return None


def _without_setting(words: list[str]) -> list[str]:
    while words and (re.fullmatch(r"[A-Z_][A-Z0-9_]*=.*", words[0]) or words[0] in ("sudo", "time")):
        words = words[1:]
    return words
