"""Many different runs against one snapshot, in memory: how much of what may be asked does it answer? No Django here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from cases.calls import canonical
from cases.transcript import Level, Task, Transcript
from sandbox.agents.base import Agent, Budget, Profile
from sandbox.agents.loop import run
from sandbox.agents.offline.read import CaseFile
from sandbox.environment.replay import ReplaySource
from sandbox.strategies import plan

EXPLORERS = 32
STEPS = 12  # calls of one explorer
MOST_MISSES = 0.01  # of a world's calls: a world with more does not gate
SHOWN = 20  # missed calls that are named


@dataclass(frozen=True)
class Survey:
    """What the explorers' calls and the reference paths came to. ``closure``: different calls answered, of those asked.

    ``reference`` counts the calls of known paths to the answer, ``reference_misses`` names those not answered.
    """

    explorers: int
    calls: int
    levels: dict[str, int]
    different: int
    different_answered: int
    reference: int
    reference_misses: tuple[str, ...]

    @property
    def misses(self) -> int:
        return self.levels.get(Level.MISS, 0)

    @property
    def miss_share(self) -> float | None:
        return self.misses / self.calls if self.calls else None

    @property
    def closure(self) -> float | None:
        return self.different_answered / self.different if self.different else None

    def as_dict(self) -> dict[str, Any]:
        shares = {"misses": self.misses, "miss_share": self.miss_share, "closure": self.closure}
        return {**asdict(self), **shares, "reference_misses": list(self.reference_misses)}


def survey(
    source: ReplaySource,
    task: Task,
    agent: Agent,
    *,
    paths: Iterable[Iterable[tuple[str, dict[str, Any]]]] = (),
    explorers: int = EXPLORERS,
) -> Survey:
    """Run ``explorers`` branches of the exploration portfolio without any rule, and replay the reference ``paths``."""
    first = _explore(source, task, agent, Profile(), 0)
    branches = plan(first, evidence=tuple(_read(first).evidence), task=task, runs=explorers - 1)
    levels: Counter[str] = Counter()
    answered: dict[str, bool] = {}
    for transcript in (first, *(_explore(source, task, agent, branch.profile, branch.seed) for branch in branches)):
        for step in transcript.steps:
            levels[str(step.observation.level)] += 1
            if step.observation.level is not Level.REFUSED:
                key = canonical(step.tool, step.arguments, task.tool(step.tool)).key
                answered[key] = answered.get(key, False) or step.observation.level is not Level.MISS
    reference, missed = 0, []
    for path in paths:
        environment = source.open()
        for tool, arguments in path:
            reference += 1
            if environment.call(tool, arguments).level is Level.MISS:
                missed.append(tool)
    return Survey(
        explorers=1 + len(branches),
        calls=sum(levels.values()),
        levels={str(level): levels[level] for level in Level if levels[level]},
        different=len(answered),
        different_answered=sum(answered.values()),
        reference=reference,
        reference_misses=tuple(missed[:SHOWN]),
    )


def held_back(found: Survey, *, world: bool) -> str:
    """Why a case with this snapshot must not gate, in words; "" where it may."""
    if found.reference_misses:
        named = ", ".join(dict.fromkeys(found.reference_misses))
        return f"a call on its reference path is not captured ({named})"[:300]
    if world and found.calls and found.misses > MOST_MISSES * found.calls:
        share = 100 * found.misses / found.calls
        return f"its world misses {share:.1f} % of {found.calls} explorers' calls; more than 1 % does not gate"
    return ""


def _explore(source: ReplaySource, task: Task, agent: Agent, profile: Profile, seed: int) -> Transcript:
    return run(agent, task, source.open(), seed=seed, profile=profile, budget=Budget(steps=STEPS))


def _read(transcript: Transcript) -> CaseFile:
    file = CaseFile(transcript.task)
    for step in transcript.steps:
        file.add(step)
    return file
