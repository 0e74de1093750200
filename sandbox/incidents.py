"""Live incidents: begun, looked into and acted on while their clock runs, concluded, settled, proposed as a case."""

from __future__ import annotations

import secrets
from datetime import datetime
from random import Random
from typing import Any

from django.db import transaction
from django.utils import timezone

from cases import recording
from cases.intake import open_case, revise, system_named
from cases.models import Case, Session, Step, System
from cases.recording import task_of
from cases.transcript import ToolSchema
from sandbox.environment.base import Inventory
from sandbox.environment.inventory import inventory_of
from sandbox.importers.store import bring_in
from sandbox.lab import case as lab
from sandbox.lab import drawing, live
from sandbox.lab.actions.base import Action
from sandbox.lab.actions.registry import REMEDIES
from sandbox.lab.case import Plot
from sandbox.lab.drawing import NothingDrawn
from sandbox.lab.incident import Incident
from sandbox.lab.live import LONGEST
from sandbox.lab.tools import recordings
from sandbox.models import LiveAction, LiveIncident

ORIGIN = "sandbox.live"
QUIET_MINUTES = 2  # before the onset, where somebody begins on a healthy system
QUIET, PAGED = "quiet", "paged"
GAVE_UP = "gave_up"


class IncidentError(Exception):
    """What cannot be done with a live incident now; the message is for the person who tried."""


def begin(
    *, system: str, category: str = "", level: str = "", begins: str = PAGED, pace: int = 1, by, seed: int | None = None
) -> LiveIncident:
    """Draw an incident and let its clock run: a case that says nothing yet, and a session of this person on it.

    ``seed`` decides what is drawn; without it nobody knows. Raises IncidentError where no such incident is found.
    """
    random = Random(secrets.randbits(64) if seed is None else seed)
    try:
        plot = drawing.draw(system, category=category, level=level, random=random)
    except NothingDrawn as none:
        raise IncidentError(str(none)) from none
    called = live.first_page(plot)
    began = called if begins == PAGED else live.at(plot, 0).onset - QUIET_MINUTES
    now = timezone.now()
    with transaction.atomic():
        opened = open_case(
            system=system_named(system, policy=System.Policy.MANUAL),
            name=f"Live incident on {system}, {by.get_username()}, {now:%Y-%m-%d %H:%M}",
            task=live.task(plot),
            answer=None,
            origin=ORIGIN,
            origin_path=secrets.token_hex(12),
            tags=("lab", "live"),
            gates=False,
            source={"licence": "Apache-2.0", "provenance": "a live incident of the lab's simulator"},
            synthetic=True,
            by=by,
        )
        session = recording.start(
            opened.version, actor=Session.Actor.EXPERT, engine="expert", origin=Session.Origin.TRIAL, by=by
        )
        return LiveIncident.objects.create(
            session=session,
            system=plot.system,
            fault=plot.fault,
            seed=plot.seed,
            level=drawing.level_of(live.at(plot, 30)),
            began=began,
            pace=pace,
            minute_at=began,
            since=now,
        )


def of_session(session: Session) -> LiveIncident | None:
    return LiveIncident.objects.filter(session=session).first()


def plot_of(row: LiveIncident) -> Plot:
    return Plot(row.system, row.fault, row.seed)


def actions_of(row: LiveIncident) -> tuple[Action, ...]:
    return tuple(Action(each.minute, each.tool, each.arguments) for each in row.actions.all())


def minutes_at(row: LiveIncident, now: datetime) -> float:
    """Where the incident's clock stands, in minutes; from the conclusion on it stands still."""
    end = row.session.finished_at or now
    gone = max(0.0, (end - row.since).total_seconds()) / 60 * row.pace if row.since else 0.0
    return min(row.minute_at + gone, float(LONGEST))


def seen(row: LiveIncident, now: datetime) -> Incident:
    """The incident as it stands at ``now``."""
    return live.at(plot_of(row), int(minutes_at(row, now)), actions_of(row))


def set_clock(row: LiveIncident, *, pace: int | None = None, running: bool | None = None, now: datetime) -> None:
    """Another pace, stop, or go on: the clock goes on from where it stands. Raises IncidentError after the end."""
    _expect_open(row)
    stands = row.since is None if running is None else not running
    before = {"minute_at": row.minute_at, "since": row.since, "pace": row.pace}
    changed = {"minute_at": minutes_at(row, now), "since": None if stands else now, "pace": pace or row.pace}
    if LiveIncident.objects.filter(pk=row.pk, **before).update(**changed):
        for name, value in changed.items():
            setattr(row, name, value)
    else:
        row.refresh_from_db()


def run_tool(row: LiveIncident, tool: str, arguments: dict[str, Any], *, now: datetime) -> Step:
    """Answer one call as of the incident's minute, or act from the next minute on; a step of the session either way.

    A step's time is the incident's. Raises RecordingError where the session has ended.
    """
    plot, actions, minutes = plot_of(row), actions_of(row), minutes_at(row, now)
    minute = int(minutes)
    action = None
    if tool in REMEDIES:
        observation, action = live.act(plot, minute, actions, tool, arguments)
    else:
        observation = live.call(plot, minute, actions, tool, arguments)
    with transaction.atomic():
        step = recording.append(
            row.session,
            tool=tool,
            arguments=arguments,
            observation=observation,
            at=live.at(plot, 0).at(minutes),
        )
        if action:
            LiveAction.objects.create(
                incident=row, minute=action.minute, tool=tool, arguments=dict(action.arguments), step=step
            )
    return step


def inventory(row: LiveIncident, *, now: datetime) -> Inventory:
    """What exists, as the tools' answers of this minute name it."""
    return inventory_of(recordings(seen(row, now)))


def tools(row: LiveIncident) -> tuple[ToolSchema, ...]:
    return task_of(row.session.version).tools


def give_up(row: LiveIncident, *, now: datetime) -> None:
    """End without a conclusion, and see what it was."""
    _expect_open(row)
    recording.finish(row.session, diagnosis=None, stop_reason=GAVE_UP, at=now)
    settle(row)


def settle(row: LiveIncident) -> None:
    """Say in the case what a right diagnosis says, once the session has ended: it is evaluated against that next."""
    case = Case.objects.select_related("current", "system").get(pk=row.session.case_id)
    if row.session.state == Session.State.FINISHED and not case.current.answer:
        revise(case, task=task_of(case.current), answer=live.answer(plot_of(row)))


def is_evaluated(row: LiveIncident) -> bool:
    """Whether the session has been measured against what it was."""
    version = row.session.case.current
    return bool(version.answer) and row.session.evaluations.filter(version=version).exists()


def unsettled():
    """Ended incidents whose case does not say yet what it was."""
    ended = LiveIncident.objects.filter(session__state=Session.State.FINISHED, session__case__current__answer={})
    return ended.select_related("session")


def propose(row: LiveIncident, *, by) -> Case:
    """Bring the incident into the library as it went without anybody's doing, half an hour long.

    Raises IncidentError while it lasts, or where the case is refused.
    """
    if row.session.state != Session.State.FINISHED:
        raise IncidentError("Conclude the incident first: then it can become a case.")
    bundle = lab.make(row.system, row.fault, row.seed)
    outcome = bring_in(bundle, by=by)
    if outcome.outcome == "refused":
        raise IncidentError(outcome.detail)
    found = Case.objects.get(origin=bundle.identity[0], origin_path=bundle.identity[1])
    LiveIncident.objects.filter(pk=row.pk).update(baseline=found)
    row.baseline = found
    return found


def _expect_open(row: LiveIncident) -> None:
    if row.session.state == Session.State.FINISHED:
        raise IncidentError("This incident has ended: its page shows how it went.")
