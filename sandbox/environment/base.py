"""What an agent's calls are answered by. No Django here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from cases.calls import CanonicalCall
from cases.transcript import Observation, ToolSchema
from sandbox.environment.world.base import WorldAnswer, WorldSpec


@dataclass(frozen=True, slots=True)
class Recording:
    """One recorded (tool, arguments, raw return). ``match`` is exact, subset or any."""

    tool: str
    arguments: dict[str, Any]
    output: str
    is_error: bool = False
    match: str = "exact"
    derived: bool = False
    latency_ms: int | None = None
    order: int = 0
    note: str = ""  # who says that another call's return answers this one too; the answer is then derived


@dataclass(frozen=True)
class Inventory:
    """What exists, as far as the tools' own answers say: names by kind. Holds nothing of an Answer."""

    names: dict[str, tuple[str, ...]] = field(default_factory=dict)  # kind -> names


class World(Protocol):
    """Frozen tables that answer what was never asked of the real system (sandbox.environment.world)."""

    spec: WorldSpec
    acts: tuple[str, ...]  # what was done to it, in words
    leaves: frozenset[str]  # tools whose recordings hold after that

    def act(self, call: CanonicalCall, *, now: datetime) -> tuple[World, WorldAnswer] | None:
        """The world after a declared action, and what the tool says; None where none is declared."""

    def answer(self, call: CanonicalCall, *, now: datetime) -> WorldAnswer | None:
        """The answer as of ``now``; None where no tool of this name is bound.

        Raises NotCaptured for what the tables do not hold, and another WorldError for what cannot be asked.
        """


class Environment(Protocol):
    """The only tool gateway of the sandbox."""

    tools: tuple[ToolSchema, ...]

    def call(self, tool: str, arguments: dict[str, Any]) -> Observation:
        """Answer one call. Never raises for a bad call: REFUSED or MISS observations say what is wrong."""

    def inventory(self) -> Inventory: ...
