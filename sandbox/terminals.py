"""A terminal's log comes into an expert's session: seen first as what it would become, then all of it or nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction

from cases import recording, redacting
from cases.ansi import plain
from cases.models import Session
from cases.redaction import redact
from cases.transcript import Level, Observation
from sandbox import workbench
from sandbox.environment.base import Environment
from sandbox.importers.terminal.commands import Entered, Log, read_log
from sandbox.importers.terminal.shell import Mapped, map_command

REPRODUCED, DIFFERENT, NOT_CAPTURED = "reproduced", "different", "not_captured"


class TerminalError(Exception):
    """A log that cannot come in; the message says why and what to do."""


@dataclass(frozen=True)
class Incoming:
    """One command as the step it becomes. ``replay``: whether the snapshot answers the same; "" where no tool asks it."""

    number: int
    entered: Entered
    mapped: Mapped
    replay: str
    redacted: int

    @property
    def tool(self) -> str:
        """A command that no tool makes is a step of its own kind: panel, query, grep, doc, action."""
        return self.mapped.tool or str(self.mapped.operation)

    @property
    def arguments(self) -> dict:
        return self.mapped.arguments if self.mapped.tool else {"command": self.entered.command}


@dataclass(frozen=True)
class Preview:
    log: Log
    steps: tuple[Incoming, ...]

    @property
    def mapped(self) -> int:
        return sum(bool(step.mapped.tool) for step in self.steps)

    @property
    def unmapped(self) -> tuple[Incoming, ...]:
        return tuple(step for step in self.steps if not step.mapped.tool)


def preview(session: Session, text: str, *, prompt: str = "") -> Preview:
    """What a log would become; nothing is stored. Raises LogError where it cannot be read."""
    log = read_log(text, prompt=prompt)
    tools = workbench.tools(session)
    environment = workbench.environment_of(session)
    steps, own = [], redacting.own()
    for number, entered in enumerate(log.commands, 1):
        mapped = map_command(entered.command, tools)
        hidden = [*redact(entered.command, own).redactions, *redact(entered.output, own).redactions]
        replay = _replayed(environment, mapped, entered)
        steps.append(Incoming(number, entered, mapped, replay, sum(one.count for one in hidden)))
    return Preview(log, tuple(steps))


def bring_in(session: Session, text: str, *, by, prompt: str = "", leave_out: Collection[int] = ()) -> int:
    """Append a log's commands as steps, in order, but those left out by their number; return how many came in.

    Each step says of which command and line it comes; returns are live ones, redacted before they are stored.
    All or nothing. Raises LogError for a log that cannot be read, TerminalError for another person's session or a
    log that came in before, RecordingError for a session that is finished.
    """
    if session.by_id != by.pk:
        raise TerminalError("This session is another person's: start one of your own.")
    digest = hashlib.sha256(text.encode(errors="replace")).hexdigest()
    seen = preview(session, text, prompt=prompt)
    chosen = [step for step in seen.steps if step.number not in leave_out]
    if not chosen:
        raise TerminalError("Every command is left out: choose at least one.")
    with transaction.atomic():
        held = Session.objects.select_for_update().get(pk=session.pk)
        before = held.parameters.get("terminals", [])
        if any(one["digest"] == digest for one in before):
            raise TerminalError("This log came in before: its steps are in the timeline.")
        for step in chosen:
            recording.append(
                held,
                tool=step.tool,
                arguments=step.arguments,
                observation=Observation(
                    step.entered.output,
                    level=Level.LIVE,
                    latency_ms=step.entered.took_ms,
                    derivation=_origin(step),
                ),
                at=step.entered.at,
            )
        kept = {
            "digest": digest,
            "form": seen.log.form,
            "steps": len(chosen),
            "left_out": len(seen.steps) - len(chosen),
        }
        held.parameters = {**held.parameters, "terminals": [*before, kept]}
        held.save(update_fields=["parameters"])
    session.parameters = held.parameters
    return len(chosen)


def _origin(step: Incoming) -> str:
    """Where a step comes from; the command itself stands in its arguments where it became no call."""
    typed = f" as {redact(step.entered.command).text[:200]}" if step.mapped.tool else ""
    return f"{step.mapped.operation} in a terminal, line {step.entered.line}{typed}"


def _replayed(environment: Environment | None, mapped: Mapped, entered: Entered) -> str:
    if not mapped.tool:
        return ""
    if environment is None:
        return NOT_CAPTURED
    again = environment.call(mapped.tool, mapped.arguments)
    if again.level in (Level.MISS, Level.REFUSED):
        return NOT_CAPTURED
    return REPRODUCED if plain(again.output).split() == plain(entered.output).split() else DIFFERENT
