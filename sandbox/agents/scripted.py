"""An agent that does what it was told, for tests and demonstrations. No Django here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cases.diagnosis import Conclusion, Diagnosis
from cases.transcript import Step, Task
from sandbox.agents.base import AgentError, Call, Conclude, Decision, Profile
from sandbox.environment.base import Inventory
from sandbox.knowledge.rule import Knowledge


@dataclass(frozen=True)
class ScriptedAgent:
    """Makes ``script``'s decisions in order, then concludes that it cannot tell. An AgentError in it is raised."""

    script: Sequence[Decision | AgentError] = ()
    engine: str = "scripted"

    def start(
        self, task: Task, *, knowledge: Knowledge, inventory: Inventory, seed: int = 0, profile: Profile = Profile()
    ) -> ScriptedMind:
        return ScriptedMind(list(self.script))


@dataclass
class ScriptedMind:
    script: list[Decision | AgentError]
    tokens: int = 0

    def decide(self, steps: tuple[Step, ...], *, steps_left: int) -> Decision:
        decision = self._next(steps_left)
        if isinstance(decision, AgentError):
            raise decision
        return decision

    def _next(self, steps_left: int) -> Decision | AgentError:
        while self.script:
            decision = self.script.pop(0)
            if steps_left > 0 or not isinstance(decision, Call):
                return decision
        return Conclude(
            Diagnosis(Conclusion.INCONCLUSIVE, summary="The script has ended.", missing=("a longer script",))
        )
