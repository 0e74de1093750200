"""A case with everything needed to replay it, as one value: what importers and the lab produce. No Django here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cases.diagnosis import Answer, Diagnosis
from cases.transcript import Task
from sandbox.environment.base import Recording
from sandbox.environment.world.base import WorldSpec


@dataclass(frozen=True)
class RecordedCall:
    """A call on a reference path or of a recorded session; ``output`` None means: replay it from the snapshot."""

    tool: str
    arguments: dict[str, Any]
    output: str | None = None
    is_error: bool = False
    why: str = ""


@dataclass(frozen=True)
class RecordedSession:
    """An expert's path or another agent's known run, to come in as a Session."""

    name: str  # path1, path2, the run's own id
    actor: str  # "expert" or "agent"
    calls: tuple[RecordedCall, ...]
    diagnosis: Diagnosis | None = None
    engine: str = "imported"
    outcome: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CaseBundle:
    """``identity`` is what makes two imports the same case: (source repository or generator, path)."""

    identity: tuple[str, str]
    name: str
    system: str
    task: Task
    answer: Answer
    recordings: tuple[Recording, ...] = ()
    sessions: tuple[RecordedSession, ...] = ()
    tags: tuple[str, ...] = ()
    gates: bool = True  # False where the source says: do not gate on it
    source: dict[str, Any] = field(default_factory=dict)  # commit, licence, provenance
    synthetic: bool = False
    world: WorldSpec | None = None
