"""Who depends on whom, as far as a case's recordings say. No Django here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from cases.evaluation.components import same
from cases.transcript import Observation, Step, Task, ToolSchema, Transcript
from sandbox.agents.offline.alert import alert_of
from sandbox.agents.offline.capabilities import capabilities_of
from sandbox.agents.offline.read import CaseFile
from sandbox.environment.replay import ReplaySource

Edge = tuple[str, str]  # who depends, on what


@dataclass(frozen=True)
class Topology:
    """Edges that were recorded; ``whole`` where every edge between the components it names is among them.

    It is the evaluation's EvidenceSource: what it does not know it leaves open.
    """

    edges: frozenset[Edge]
    whole: bool = False
    alerted_at: datetime | None = None
    source: Callable[[], ReplaySource] | None = None  # opened only when a call is replayed

    @cached_property
    def components(self) -> tuple[str, ...]:
        return tuple(sorted({name for edge in self.edges for name in edge}))

    def depends(self, component: str, on: str) -> bool | None:
        """Along the edges True; against them False. With no path either way: False if ``whole``, else None."""
        first, second = self._known(component), self._known(on)
        if not first or not second or first == second:
            return None
        if second in self._below(first):
            return True
        return False if self.whole or first in self._below(second) else None

    def replay(self, tool: str, arguments: dict[str, Any]) -> Observation | None:
        return self.source().open().call(tool, arguments) if self.source else None

    def _known(self, name: str) -> str:
        """The one component that goes by this name; "" for none and for several."""
        if name in self._callees or name in self.components:
            return name
        alike = [known for known in self.components if same(known, name)]
        return alike[0] if len(alike) == 1 else ""

    @cached_property
    def _callees(self) -> dict[str, set[str]]:
        callees = defaultdict(set)
        for caller, callee in self.edges:
            callees[caller].add(callee)
        return dict(callees)

    def _below(self, start: str) -> set[str]:
        reached: set[str] = set()
        waiting = [start]
        while waiting:
            new = self._callees.get(waiting.pop(), set()) - reached
            reached |= new
            waiting += new
        return reached


def tells(tool: ToolSchema) -> bool:
    """Whether a tool is one that speaks of who calls whom."""
    return any(name in ("topology", "traces") and worth > 0.6 for name, worth in capabilities_of(tool)[:2])


def edges_of(task: Task, steps: Iterable[Step]) -> frozenset[Edge]:
    """The edges that returns show, whoever asked for them."""
    file = CaseFile(task)
    for step in steps:
        file.add(step)
    return frozenset(file.edges)


def seen_in(transcript: Transcript, *, beside: Iterable[Edge] = (), **more: Any) -> Topology:
    """The topology that a session's own returns show, and the edges known ``beside`` it."""
    edges = edges_of(transcript.task, transcript.steps) | frozenset(beside)
    return Topology(edges, alerted_at=alert_of(transcript.task).start, **more)
