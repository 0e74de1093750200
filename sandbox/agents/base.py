"""The protocol of everything that troubleshoots: one decision at a time. No Django here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from cases.diagnosis import Diagnosis
from cases.transcript import RuleUse, Step, Task
from sandbox.environment.base import Inventory
from sandbox.knowledge.rule import Knowledge


class AgentError(RuntimeError):
    """An agent that cannot go on, such as a model that does not answer; the run ends with stop reason error."""


@dataclass(frozen=True)
class Call:
    tool: str
    arguments: dict[str, Any]
    thought: str = ""
    rules: tuple[RuleUse, ...] = ()


@dataclass(frozen=True)
class Conclude:
    diagnosis: Diagnosis
    rules: tuple[RuleUse, ...] = ()


Decision = Call | Conclude


FAR_FIRST = "far_first"  # Profile.order: what is far from the alert before what it names


@dataclass(frozen=True)
class Profile:
    """How a run differs from another of the same engine: the operators of an exploration branch set these."""

    name: str = "balanced"  # offline: fast, balanced, thorough, log_first, trace_first, change_first
    temperature: float = 0.0
    hypothesis: str = ""  # a fault class or component to test first
    masked_tools: tuple[str, ...] = ()
    dropped_rules: tuple[str, ...] = ()
    contrarian: str = ""  # a conclusion (fault class) to hold wrong and look for what it does not explain
    focus: str = ""  # metrics, logs, traces, events, configuration, database, changes
    hint: str = ""  # an expert's words
    window: int = 0  # minutes that calls ask for where a tool takes a time; 0 = as the agent sees fit
    order: str = ""  # FAR_FIRST, or "" for the agent's own
    prefix: tuple[tuple[str, dict[str, Any]], ...] = ()  # fork: calls to make first, before deciding freely
    model: str = ""  # llm: another endpoint or model than the role's own

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Profile:
        """Read back what ``asdict`` and JSON made of a profile."""
        return cls(
            **{
                **data,
                "masked_tools": tuple(data.get("masked_tools", ())),
                "dropped_rules": tuple(data.get("dropped_rules", ())),
                "prefix": tuple((tool, arguments) for tool, arguments in data.get("prefix", ())),
            }
        )


@dataclass(frozen=True)
class Budget:
    """Checked before each call; None = unlimited. ``seconds`` is wall time."""

    steps: int = 20
    seconds: float | None = None
    tokens: int | None = None


class Mind(Protocol):
    """One run's agent, with its own memory."""

    tokens: int

    def decide(self, steps: tuple[Step, ...], *, steps_left: int) -> Decision:
        """The next call, or the conclusion. ``steps`` are all steps so far, the last is the newest."""

    def resume(self, steps: tuple[Step, ...]) -> None:
        """Be where it was after these steps of its own; only asked of engines whose run is decided by its inputs."""


class Agent(Protocol):
    engine: str  # "offline", "llm", "scripted"

    def start(
        self, task: Task, *, knowledge: Knowledge, inventory: Inventory, seed: int = 0, profile: Profile = Profile()
    ) -> Mind: ...


@dataclass(frozen=True)
class RunParameters:
    """Everything that, with case and snapshot, decides a run: frozen on its row."""

    engine: str = "offline"
    seed: int = 0
    profile: Profile = field(default_factory=Profile)
    budget: Budget = field(default_factory=Budget)
