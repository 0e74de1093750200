"""What a person does to a live system: a change of its parameters from one minute on. No Django here.

An action knows nothing of the fault: whether it helps follows from the model, minute by minute.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cases.transcript import ToolSchema, canonical_json
from sandbox.lab.faults.base import Change
from sandbox.lab.parameters import System
from sandbox.lab.state import Carried


class ActionRefused(Exception):
    """The system does not do this; the message is what its tool prints."""


@dataclass(frozen=True)
class Action:
    """``minute`` is the first one it acts on."""

    minute: int
    tool: str
    arguments: Mapping[str, Any]

    def key(self) -> str:
        """Equal for equal actions."""
        return canonical_json([self.minute, self.tool, self.arguments])


@dataclass(frozen=True)
class Scene:
    """What an action finds: ``system`` without it at ``minute``, ``before`` from minute 0, leaked connections by service."""

    system: System
    minute: int
    before: tuple[System, ...]
    leaked: Mapping[str, Sequence[int]]
    pod_seed: str


def _as_it_was(system: System) -> System:
    return system


def _nothing(carried: Carried) -> None:
    pass


@dataclass(frozen=True)
class Deed:
    """What an action makes of a scene.

    ``amend`` gives the parameters from then on, ``relieve`` clears what had built up, once; both ``after`` so many
    minutes. ``said`` is what the tool prints; kind, target and text are its line of the change log.
    """

    said: str
    kind: str
    target: str
    text: str
    amend: Callable[[System], System] = _as_it_was
    relieve: Callable[[Carried], None] = _nothing
    after: int = 0


Doing = Callable[[Scene, Mapping[str, Any]], Deed]


@dataclass(frozen=True)
class Remedy:
    """An effectful tool and what it does; doing raises ActionRefused."""

    tool: ToolSchema
    doing: Doing


def remedy(name: str, description: str, required: tuple[str, ...], doing: Doing, /, **properties: dict) -> Remedy:
    parameters = {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}
    return Remedy(ToolSchema(name, description, parameters, effectful=True), doing)


@dataclass
class Interference:
    """The actions of an incident, applied minute by minute while it is run."""

    actions: Sequence[Action]
    pod_seed: str
    _deeds: list[tuple[int, Deed]] = field(default_factory=list)

    def at(self, minute: int, system: System, before: Sequence[System], carried: Carried) -> System:
        """``system`` as people have made it by ``minute``; what they clear is cleared from ``carried``."""
        from sandbox.lab.actions.registry import REMEDIES  # the tools, which are made of what stands above

        for action in self.actions:
            if action.minute == minute:
                scene = Scene(self._amended(minute, system), minute, tuple(before), carried.leaked, self.pod_seed)
                self._deeds.append((minute, REMEDIES[action.tool].doing(scene, action.arguments)))
        for began, deed in self._deeds:
            if began + deed.after == minute:
                deed.relieve(carried)
        return self._amended(minute, system)

    def changes(self, onset: int) -> tuple[Change, ...]:
        """The lines people leave in the change log."""
        return tuple(
            Change(minute - onset, deed.kind, deed.target, deed.text, "on-call") for minute, deed in self._deeds
        )

    def _amended(self, minute: int, system: System) -> System:
        for began, deed in self._deeds:
            if began + deed.after <= minute:
                system = deed.amend(system)
        return system
