"""Right diagnoses with their transcripts: experts' sessions and the offline agent's successes. No Django here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cases.diagnosis import Answer, Conclusion
from cases.evaluation.registry import evaluate
from cases.transcript import Step, Transcript
from sandbox.agents import loop
from sandbox.agents.base import Budget
from sandbox.agents.offline.agent import OfflineAgent
from sandbox.bundle import CaseBundle
from sandbox.environment.replay import ReplaySource
from sandbox.importers import bundles
from sandbox.lab import faults, make, systems
from sandbox.lab.expert import UnseenEvidence

STEPS = 25  # the offline agent's budget


@dataclass(frozen=True)
class Base:
    """A transcript whose diagnosis is right. ``effect_at`` is when its symptom was first seen, ISO 8601; "" unknown."""

    name: str
    hand: str  # expert or agent
    source: str  # lab or recorded
    transcript: Transcript
    answer: Answer

    @property
    def components(self) -> frozenset[str]:
        """Every name that stands for something at fault."""
        causes = {cause.component for cause in self.answer.causes if cause.component}
        named = {one.component for one in self.transcript.diagnosis.root_causes}
        return frozenset(causes | named | {alias for names in self.answer.aliases.values() for alias in names})

    @property
    def alert(self) -> dict:
        return (self.transcript.task.context or {}).get("alert") or {}

    @property
    def effect_at(self) -> str:
        return str(self.alert.get("startsAt", ""))

    @property
    def scope(self) -> str:
        """The component that the alert complains of; "" where none does."""
        return str((self.alert.get("labels") or {}).get("service", ""))


def lab(first_seed: int, seeds: int) -> Iterator[Base | str]:
    """Both hands on every fault of both systems; a text says which case could not be made, and why."""
    for seed in range(first_seed, first_seed + seeds):
        for system in systems():
            for fault in faults():
                try:
                    bundle = make(system, fault, seed)
                except UnseenEvidence as error:
                    yield f"{system}/{fault}/{seed}: {error}"
                    continue
                yield expert(bundle)
                if base := agent(bundle, "lab"):
                    yield base


def recorded(folder: Path, most: int) -> Iterator[Base]:
    """The offline agent's successes on the first ``most`` case bundles of a folder, spread evenly over it."""
    files = sorted(folder.glob("*.json"))
    for file in files[:: max(1, len(files) // most)][:most]:
        for bundle in bundles.read(file):
            if isinstance(bundle, CaseBundle) and (base := agent(bundle, "recorded")):
                yield base


def expert(bundle: CaseBundle) -> Base:
    """The expert's session with what each call returned."""
    session = bundle.sessions[0]
    environment = ReplaySource(bundle.task.tools, bundle.recordings).open()
    steps = tuple(
        Step(index, call.tool, call.arguments, environment.call(call.tool, call.arguments), thought=call.why)
        for index, call in enumerate(session.calls)
    )
    transcript = Transcript(bundle.task, steps, session.diagnosis, stop_reason="concluded", engine="expert")
    return Base("/".join(bundle.identity), "expert", "lab", transcript, bundle.answer)


def agent(bundle: CaseBundle, source: str) -> Base | None:
    """The untaught offline agent's run where it names what is wrong and how that leads on; None where it does not."""
    transcript = loop.run(
        OfflineAgent(),
        bundle.task,
        ReplaySource(bundle.task.tools, bundle.recordings).open(),
        budget=Budget(steps=STEPS),
    )
    concluded = transcript.diagnosis
    if concluded is None or concluded.conclusion is not Conclusion.ROOT_CAUSE or not concluded.chain:
        return None
    if not evaluate(transcript, bundle.answer).correct:
        return None
    return Base("/".join(bundle.identity), "agent", source, transcript, bundle.answer)
