"""Cases of the lab as the critic sees them: a run of the agent, an expert's path, and who judges."""

from dataclasses import dataclass

from cases.diagnosis import Answer, Cause
from cases.evaluation.registry import evaluate
from cases.transcript import Step, Task, Transcript
from rules.critic.neighbours import Neighbour
from sandbox.agents.base import Budget
from sandbox.agents.loop import run
from sandbox.agents.offline.agent import OfflineAgent
from sandbox.environment.replay import ReplaySource
from sandbox.knowledge.rule import EMPTY


@dataclass(frozen=True)
class Scene:
    """A case: what its tools return, what is wrong, and the calls an expert made."""

    name: str
    task: Task
    source: ReplaySource
    answer: Answer
    path: tuple[tuple[str, dict], ...] = ()

    @property
    def cause(self) -> Cause:
        return self.answer.causes[0]

    def run(self, knowledge=EMPTY) -> Transcript:
        return run(OfflineAgent(), self.task, self.source.open(), knowledge=knowledge, budget=Budget(steps=15))

    def passes(self, transcript: Transcript) -> bool:
        return evaluate(transcript, self.answer).verdict == "success"

    def expert(self) -> Transcript:
        environment = self.source.open()
        steps = (
            Step(index, tool, arguments, environment.call(tool, arguments))
            for index, (tool, arguments) in enumerate(self.path)
        )
        return Transcript(self.task, tuple(steps), None, "concluded", "expert")

    def neighbour(self, knowledge=EMPTY, **more) -> Neighbour:
        transcript = self.run(knowledge)
        passed = self.passes(transcript)
        experts = (self.expert(),) if self.path else ()
        return Neighbour(self.name, self.cause.fault_class, transcript, passed, self.cause.component, experts, **more)


def of_bundle(bundle) -> Scene:
    """A case of the lab, with its expert's path."""
    path = tuple((call.tool, call.arguments) for session in bundle.sessions[:1] for call in session.calls)
    source = ReplaySource(bundle.task.tools, bundle.recordings)
    return Scene(bundle.name, bundle.task, source, bundle.answer, path)
