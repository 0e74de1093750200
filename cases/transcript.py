"""A session without the database: the frozen value that every thinker reads. No Django here."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

from cases.diagnosis import Diagnosis


class Level(StrEnum):
    """Where an observation comes from (engine section 3)."""

    LIVE = "live"  # a real system, while recording
    R0 = "r0"  # recorded, exact
    R1 = "r1"  # recorded, canonically equal
    R2 = "r2"  # derived from a recorded superset
    R3 = "r3"  # evaluated on frozen tables
    R4 = "r4"  # a declared state model
    MISS = "miss"  # the snapshot cannot answer
    REFUSED = "refused"  # the call was not valid: unknown tool, arguments against the schema


@dataclass(frozen=True)
class ToolSchema:
    """A tool as an agent sees it: JSON Schema in function-calling form."""

    name: str
    description: str = ""
    parameters: dict[str, Any] = field(default_factory=lambda: {"type": "object", "properties": {}})
    effectful: bool = False  # changes the system; never answered outside a state model

    def __hash__(self) -> int:  # its parameters are a dict; what is worked out of a schema is kept under it
        return hash(self.name)

    def as_function(self) -> dict[str, Any]:
        return {
            "type": "function",
            "function": {"name": self.name, "description": self.description, "parameters": self.parameters},
        }


@dataclass(frozen=True)
class Task:
    """All that an agent may see before its first call. Never holds any part of an Answer."""

    prompt: str
    context: dict[str, Any] = field(default_factory=dict)  # alert, issue_data, documents, snapshot_time ...
    tools: tuple[ToolSchema, ...] = ()
    fault_classes: tuple[str, ...] = ()  # the whole vocabulary a diagnosis may use; empty = free
    system: str = ""

    def tool(self, name: str) -> ToolSchema | None:
        return next((tool for tool in self.tools if tool.name == name), None)


@dataclass(frozen=True)
class Observation:
    """What a call returned. ``output`` is the raw text; ``latency_ms`` is None where it was not captured."""

    output: str
    is_error: bool = False
    level: Level = Level.R0
    latency_ms: int | None = None
    derivation: str = ""  # R2 and up: how it was made from recordings


@dataclass(frozen=True)
class RuleUse:
    """What a rule did at one step: retrieved, injected, fired, cited; fired names the action it displaced."""

    rule: str
    how: str
    operator: str = ""
    instead_of: str = ""  # the call or conclusion the agent would have chosen without the rule


@dataclass(frozen=True)
class Step:
    index: int
    tool: str
    arguments: dict[str, Any]
    observation: Observation
    thought: str = ""  # an agent's words; an expert's "why"
    at: datetime | None = None
    rules: tuple[RuleUse, ...] = ()


@dataclass(frozen=True)
class Transcript:
    task: Task
    steps: tuple[Step, ...] = ()
    diagnosis: Diagnosis | None = None
    stop_reason: str = ""  # concluded, max_steps, deadline, loop, tokens, error ...
    engine: str = ""  # offline, llm, scripted, expert, imported
    knowledge_digest: str = ""
    concluding_rules: tuple[RuleUse, ...] = ()  # rules that fired on the conclusion itself
    tokens: int | None = None
    wall_ms: int | None = None
    parameters: dict[str, Any] = field(default_factory=dict)

    def digest(self) -> str:
        """Digest of what was asked, seen and concluded: equal for equal runs, whenever and wherever they ran."""
        return self._digest

    @cached_property
    def _digest(self) -> str:
        body = {
            "prompt": self.task.prompt,
            "steps": [
                [step.tool, step.arguments, step.observation.output, step.observation.level] for step in self.steps
            ],
            "diagnosis": self.diagnosis.as_dict() if self.diagnosis else None,
            "stop": self.stop_reason,
        }
        return digest_of(body)


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces, the form every digest is taken of."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def digest_of(value: Any) -> str:
    """SHA-256 over canonical JSON, as hex."""
    return hashlib.sha256(canonical_json(value).encode(errors="surrogatepass")).hexdigest()
