"""An expert's console: tools run against the case's snapshot, through the same gateway as an agent's."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from cases import recording
from cases.models import Case, Session, Step
from cases.transcript import ToolSchema
from sandbox import incidents
from sandbox.capture import source_of
from sandbox.console import Completion, complete, read_command, written
from sandbox.environment.base import Environment, Inventory, Recording
from sandbox.environment.inventory import inventory_of
from sandbox.models import Snapshot

NEWEST = 40  # steps whose returns are read for names
LARGEST = 200_000  # bytes; what names things is shorter
SESSIONS = 10  # before this one, whose calls are remembered


class WorkbenchError(Exception):
    """A call that cannot be made here; the message is for the person at the console."""


def open_session(case: Case, *, by) -> Session:
    """Start an expert's session on the case's current version and its newest snapshot."""
    snapshot = case.snapshots.first()
    return recording.start(
        case.current,
        actor=Session.Actor.EXPERT,
        engine="expert",
        by=by,
        snapshot_digest=snapshot.digest if snapshot else "",
    )


def inventory(case: Case) -> Inventory:
    """What exists in the case's system, as its newest snapshot's returns say; empty without a snapshot."""
    snapshot = case.snapshots.first()
    return Inventory({kind: tuple(names) for kind, names in snapshot.inventory.items()}) if snapshot else Inventory()


def tools(session: Session) -> tuple[ToolSchema, ...]:
    return recording.task_of(session.version).tools


def environment_of(session: Session) -> Environment | None:
    """The session's snapshot, opened afresh; None where its case has none."""
    snapshot = _newest(session)
    return source_of(snapshot).open() if snapshot else None


def run_line(session: Session, text: str, *, by) -> Step:
    """Run a call as typed at the console; CommandError where it cannot be read, else as ``run_tool``."""
    tool, arguments = read_command(text, tools(session))
    return run_tool(session, tool, arguments, by=by)


def run_tool(session: Session, tool: str, arguments: dict[str, Any], *, by) -> Step:
    """Answer one call from the session's snapshot and append it as a step.

    A repeated call gets the return recorded next, as an agent's would: what was asked before is asked again first.
    A miss and a refused call are steps too. In a live incident the system itself answers, as of now. Raises WorkbenchError where the session is another person's or has no
    snapshot, RecordingError where it is finished.
    """
    if session.by_id != by.pk:
        raise WorkbenchError("This session is another person's: start one of your own.")
    if incident := incidents.of_session(session):
        return incidents.run_tool(incident, tool, arguments, now=timezone.now())
    environment = source_of(_snapshot(session)).open()
    for asked, given in session.steps.order_by("index").values_list("tool", "arguments"):
        environment.call(asked, given)
    observation = environment.call(tool, arguments)
    return recording.append(session, tool=tool, arguments=arguments, observation=observation, at=timezone.now())


def completions(session: Session, text: str) -> list[Completion]:
    """What may come next at the console; nothing of it comes from an answer."""
    return complete(text, tools(session), known_to(session))


def remembered(session: Session, *, most: int) -> list[str]:
    """Calls as one types them, newest first: of this session, then of the last of this person on the same system."""
    before = (
        Session.objects.filter(by=session.by, actor=Session.Actor.EXPERT, case__system=session.case.system_id)
        .exclude(pk=session.pk)
        .order_by("-pk")
        .values_list("pk", flat=True)[:SESSIONS]
        if session.by_id
        else ()
    )
    asked: dict[str, None] = {}
    for steps in (session.steps.order_by("-index"), Step.objects.filter(session__in=list(before)).order_by("-pk")):
        asked |= dict.fromkeys(written(tool, given) for tool, given in steps.values_list("tool", "arguments")[:most])
    return list(asked)[:most]


def known_to(session: Session) -> Inventory:
    """What exists, as the snapshot or the live system says, after what this session's own newest returns name."""
    newest = session.steps.select_related("raw").exclude(raw__size__gt=LARGEST).order_by("-index")[:NEWEST]
    seen = inventory_of(Recording(step.tool, step.arguments, step.raw.text, step.is_error) for step in newest)
    incident = incidents.of_session(session)
    there = incidents.inventory(incident, now=timezone.now()) if incident else inventory(session.case)
    kinds = sorted({*seen.names, *there.names})
    return Inventory(
        {kind: tuple(dict.fromkeys([*seen.names.get(kind, ()), *there.names.get(kind, ())])) for kind in kinds}
    )


def answers(session: Session) -> bool:
    """Whether anything answers calls here: a snapshot, or a live system."""
    return session.case.snapshots.exists() or incidents.of_session(session) is not None


def _newest(session: Session) -> Snapshot | None:
    """The snapshot the session was begun on; else its case's newest."""
    snapshots = Snapshot.objects.select_related("case__current", "case__system").filter(case=session.case_id)
    return snapshots.filter(digest=session.snapshot_digest).first() or snapshots.order_by("-number").first()


def _snapshot(session: Session) -> Snapshot:
    snapshot = _newest(session)
    if snapshot is None:
        raise WorkbenchError("This case has no snapshot to run tools against: import its recordings first.")
    return snapshot
