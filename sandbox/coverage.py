"""How much of what experts and agents ask the recordings answer, and whether byte for byte. No Django here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from cases.transcript import Level, canonical_json
from sandbox.agents.base import Agent, Budget
from sandbox.agents.loop import run
from sandbox.bundle import CaseBundle, RecordedSession
from sandbox.environment.inventory import inventory_of
from sandbox.environment.replay import ReplaySource

_ANSWERED = (Level.R0, Level.R1, Level.R2, Level.R3, Level.R4)


@dataclass
class Coverage:
    """Calls of one kind of asker in one source. ``compared`` are those whose true return is known."""

    source: str
    cases: int = 0
    calls: int = 0
    levels: Counter[str] = field(default_factory=Counter)
    compared: int = 0
    identical: int = 0
    unanswered: list[dict[str, Any]] = field(default_factory=list)
    different: list[dict[str, Any]] = field(default_factory=list)

    @property
    def answered(self) -> int:
        return sum(self.levels[level] for level in _ANSWERED)

    def as_dict(self) -> dict[str, Any]:
        return {
            "source": self.source,
            "cases": self.cases,
            "calls": self.calls,
            "answered": self.answered,
            "levels": {str(level): self.levels[level] for level in Level if self.levels[level]},
            "compared": self.compared,
            "identical": self.identical,
            "unanswered": self.unanswered,
            "different": self.different,
        }


def source_name(bundle: CaseBundle) -> str:
    """Which source a bundle is of, and whether it came in the source's own format."""
    catalogue = bundle.source.get("catalogue")
    return str(catalogue or f"{bundle.source.get('format')} (own format)")


def of_experts(bundles: Iterable[CaseBundle]) -> list[Coverage]:
    """Replay the experts' calls of each source, comparing every return with the one that was recorded for it."""
    found: dict[str, Coverage] = {}
    for bundle in bundles:
        sessions = [session for session in bundle.sessions if session.actor == "expert"]
        if sessions:
            coverage = found.setdefault(source_name(bundle), Coverage(source_name(bundle)))
            coverage.cases += 1
            source = ReplaySource(bundle.task.tools, bundle.recordings)
            for session in sessions:
                _replay(bundle, session, source, coverage)
    return list(found.values())


def of_agent(
    bundles: Iterable[CaseBundle], agent: Agent, *, budget: Budget = Budget(), seed: int = 0
) -> list[Coverage]:
    """Run an untaught agent on each case and count the levels at which its calls were answered."""
    found: dict[str, Coverage] = {}
    for bundle in bundles:
        coverage = found.setdefault(source_name(bundle), Coverage(source_name(bundle)))
        coverage.cases += 1
        source = ReplaySource(bundle.task.tools, bundle.recordings, inventory=inventory_of(bundle.recordings))
        transcript = run(agent, bundle.task, source.open(), seed=seed, budget=budget)
        for step in transcript.steps:
            coverage.calls += 1
            coverage.levels[step.observation.level] += 1
    return list(found.values())


def _replay(bundle: CaseBundle, session: RecordedSession, source: ReplaySource, coverage: Coverage) -> None:
    environment, asked = source.open(), Counter[str]()
    truth: dict[str, list[str]] = {}
    for recording in bundle.recordings:
        truth.setdefault(canonical_json([recording.tool, recording.arguments]), []).append(recording.output)
    for call in session.calls:
        seen = environment.call(call.tool, call.arguments)
        named = {"case": bundle.name, "session": session.name, "tool": call.tool, "arguments": call.arguments}
        coverage.calls += 1
        coverage.levels[seen.level] += 1
        if seen.level not in _ANSWERED:
            coverage.unanswered.append({**named, "level": str(seen.level)})
            continue
        written = canonical_json([call.tool, call.arguments])
        true = call.output
        if true is None and written in truth:
            true = truth[written][min(asked[written], len(truth[written]) - 1)]
        asked[written] += 1
        if true is not None:
            coverage.compared += 1
            coverage.identical += seen.output == true
            if seen.output != true:
                coverage.different.append(named)
