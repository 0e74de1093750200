"""An incident while it happens: what is seen at its current minute, and what people do to it. No Django here.

Nothing is kept between calls: the same system, fault, seed and actions give the same incident at the same minute,
in any process. What was worked out last is remembered, and may be forgotten at any time.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from cases.diagnosis import Answer
from cases.transcript import Level, Observation, Task, ToolSchema
from sandbox.environment.replay import ReplaySource
from sandbox.environment.world.world import World, open_world
from sandbox.lab import case, incident
from sandbox.lab.actions.base import Action, ActionRefused, Scene
from sandbox.lab.actions.registry import REMEDIES
from sandbox.lab.case import Plot
from sandbox.lab.faults.registry import FAULTS
from sandbox.lab.incident import Incident
from sandbox.lab.tools import TOOLS, recordings
from sandbox.lab.views.firings import firings
from sandbox.lab.world import QUERY_TOOLS, world_of

LONGEST = 240  # minutes after which an incident goes no further
PATIENCE = 8  # minutes after the onset in which customers complain where no alert fires
ACTING_MS = 900
LOOKING: tuple[ToolSchema, ...] = (*TOOLS, *QUERY_TOOLS)
ALL_TOOLS: tuple[ToolSchema, ...] = (*LOOKING, *(each.tool for each in REMEDIES.values()))


def at(plot: Plot, minute: int, actions: Sequence[Action] = ()) -> Incident:
    """The incident as it stands in ``minute``, the first being 0."""
    return _at(plot, min(max(minute, 0), LONGEST) + 1, _keys(actions))


@lru_cache(maxsize=64)
def _at(plot: Plot, count: int, keys: tuple[str, ...]) -> Incident:
    system, actions = case.SYSTEMS[plot.system](), tuple(Action(*json.loads(key)) for key in keys)
    return incident.happen(system, FAULTS[plot.fault], plot.seed, until=count, actions=actions)


def _keys(actions: Sequence[Action]) -> tuple[str, ...]:
    return tuple(action.key() for action in actions)


def call(plot: Plot, minute: int, actions: Sequence[Action], tool: str, arguments: dict[str, Any]) -> Observation:
    """What a tool that only looks answers in ``minute``; for one that acts, see ``act``."""
    moment = plot, min(minute, LONGEST), _keys(actions)
    seen = _source(*moment).open().call(tool, arguments)
    if seen.level is Level.MISS:  # a window or a query: what the tables say
        source = ReplaySource(LOOKING, (), world=_world(*moment))
        seen = source.open().call(tool, arguments)
    if seen.level is Level.MISS:
        named = " ".join(f"{name}={value}" for name, value in arguments.items())
        return Observation(f"error: {tool} {named}: not found\n", is_error=True, level=Level.LIVE)
    return seen if seen.level is Level.REFUSED else replace(seen, level=Level.LIVE, derivation="")


@lru_cache(maxsize=16)
def _source(plot: Plot, minute: int, keys: tuple[str, ...]) -> ReplaySource:
    return ReplaySource(LOOKING, recordings(_at(plot, minute + 1, keys)))


@lru_cache(maxsize=4)
def _world(plot: Plot, minute: int, keys: tuple[str, ...]) -> World:
    folder = tempfile.mkdtemp(prefix="lab-")
    opened = open_world(world_of(_at(plot, minute + 1, keys)), folder, tools=LOOKING)
    weakref.finalize(opened, shutil.rmtree, folder, ignore_errors=True)
    return opened


def act(
    plot: Plot, minute: int, actions: Sequence[Action], tool: str, arguments: Mapping[str, Any]
) -> tuple[Observation, Action | None]:
    """What an effectful tool prints in ``minute``, and the action it was, which works from the next minute on.

    The action is None where the system refused it.
    """
    schemas = ReplaySource(ALL_TOOLS, ())
    if wrong := schemas.violation(schemas.canonical(tool, dict(arguments)), dict(arguments)):
        return Observation(wrong, is_error=True, level=Level.REFUSED), None
    happened = at(plot, minute, actions)
    action = Action(minute + 1, tool, dict(arguments))
    scene = Scene(happened.system, action.minute, happened.timeline, happened.leaked, happened.pod_seed)
    try:
        deed = REMEDIES[tool].doing(scene, action.arguments)
    except ActionRefused as refusal:
        return Observation(f"{refusal}\n", is_error=True, level=Level.LIVE, latency_ms=ACTING_MS), None
    return Observation(deed.said, level=Level.LIVE, latency_ms=ACTING_MS), action


def first_page(plot: Plot) -> int:
    """The minute in which somebody is called: the first alert, or a customer's complaint."""
    whole = at(plot, incident.MINUTES - 1)
    fired = [each.fired for each in firings(whole) if each.fired >= whole.onset]
    return min((*fired, whole.onset + PATIENCE))


def complaint(happened: Incident) -> int | None:
    """The minute in which a customer wrote, where nothing has told of the incident by itself."""
    due = happened.onset + PATIENCE
    quiet = not any(each.fired <= due for each in firings(happened.until(min(due + 1, happened.count))))
    return due if happened.count > due and quiet else None


def task(plot: Plot) -> Task:
    """All that is said beforehand: nothing of what will happen."""
    prompt = (
        f"You are on call for {plot.system}. Alerts come in as they fire, and the system goes on while you work on it. "
        "Find the root cause: which component is at fault, and what is wrong with it? You may act; what that does is seen in the minutes after."
    )
    return Task(prompt=prompt, tools=ALL_TOOLS, fault_classes=case.vocabulary(), system=plot.system)


def answer(plot: Plot) -> Answer:
    """What a right diagnosis says."""
    whole = at(plot, incident.MINUTES - 1)
    return case.answer_of(whole)
