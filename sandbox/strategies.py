"""The portfolio of an exploration: which branches to run, each different in one named way. No Django here.

Operators take turns; within an operator the emptiest cell among its likeliest candidates comes first;
temperature comes last: it is the one operator that adds no idea. The plan is made before anything
runs, so a person can see, prune or add to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from cases.transcript import Task, Transcript, canonical_json
from sandbox.agents.base import Profile
from sandbox.archive import ANYWHERE, Archive, Cell, distance_name, family_of
from sandbox.knowledge.evidence import Aspect, Evidence
from sandbox.modalities import ASPECT_MODALITY
from sandbox.operators import OPERATORS, Candidate, Ground

# the order in which operators take their turn; hypotheses take more turns because they find most
TURNS = (
    "hint",
    "hypothesis",
    "contrarian",
    "focus",
    "hypothesis",
    "fork",
    "mask",
    "hypothesis",
    "profile",
    "component",
    "hypothesis",
    "dropout",
    "order",
    "focus",
    "hypothesis",
    "window",
)
LIKELIEST = 3  # candidates of an operator among which the emptiest cell decides


@dataclass(frozen=True)
class BranchPlan:
    """One branch: ``operators`` name how it differs, ``profile`` makes an agent do it, ``why`` says it in words."""

    operators: dict[str, Any]
    profile: Profile
    seed: int
    why: str
    cell: Cell = ANYWHERE


def plan(
    transcript: Transcript,
    *,
    evidence: Sequence[Evidence],
    task: Task,
    runs: int,
    seed: int = 0,
    hops: Mapping[str, int] | None = None,
    hints: Sequence[str] = (),
) -> tuple[BranchPlan, ...]:
    """At most ``runs`` branches on a failed session, all different, best first; the same inputs give the same plan.

    ``evidence`` is what the failed session's steps show, ``hops`` how far each component is from the alert,
    ``hints`` what experts noted. A longer plan begins with the shorter one. Operators without a candidate (no
    rule to drop, nothing concluded to doubt) leave their turn to the next; temperature fills what is left.
    """
    ground = Ground(transcript, tuple(evidence), task, hops or {}, tuple(hints))
    queues = {name: _Queue(make(ground)) for name, make in OPERATORS.items()}
    archive = archive_of(transcript, evidence, hops or {})
    chosen: list[BranchPlan] = []
    seen: set[str] = set()

    def take(name: str) -> bool:
        while (candidate := queues[name].next(archive)) is not None:
            key = canonical_json(candidate.operators)
            if key not in seen:
                seen.add(key)
                archive.visit(candidate.cell)
                chosen.append(
                    BranchPlan(
                        candidate.operators, candidate.profile, seed + len(chosen), candidate.why, candidate.cell
                    )
                )
                return True
        return False

    while len(chosen) < runs:
        if not sum(take(name) for name in TURNS if len(chosen) < runs):
            break
    while len(chosen) < runs and take("temperature"):
        pass
    return tuple(chosen)


def archive_of(transcript: Transcript, evidence: Sequence[Evidence], hops: Mapping[str, int]) -> Archive:
    """What one session has covered: the cells of its evidence, under the family it concluded."""
    archive = Archive()
    for cell in cells_of(transcript, evidence, hops):
        archive.visit(cell)
    return archive


def cells_of(transcript: Transcript, evidence: Sequence[Evidence], hops: Mapping[str, int]) -> tuple[Cell, ...]:
    """The different cells a session looked into: modality and distance of what it saw, under the family it concluded."""
    causes = transcript.diagnosis.root_causes if transcript.diagnosis else ()
    family = family_of(causes[0].fault_class) if causes else ""
    seen = {
        Cell(family, ASPECT_MODALITY[item.aspect], distance_name(hops.get(item.component)))
        for item in evidence
        if item.aspect is not Aspect.NORMAL and item.aspect in ASPECT_MODALITY
    }
    return tuple(sorted(seen))


class _Queue:
    """The candidates of one operator: the emptiest cell among the few likeliest is next."""

    def __init__(self, candidates: Iterator[Candidate]):
        self._rest = candidates
        self._ahead: list[Candidate] = []

    def next(self, archive: Archive) -> Candidate | None:
        self._ahead += islice(self._rest, LIKELIEST - len(self._ahead))
        if not self._ahead:
            return None
        emptiest = min(range(len(self._ahead)), key=lambda at: (archive.crowd(self._ahead[at].cell), at))
        return self._ahead.pop(emptiest)
