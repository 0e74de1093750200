"""How the calls of a session were answered: level by level, and each call that got no answer."""

from collections import Counter
from dataclasses import dataclass

from cases.contexts.steps import Branch
from cases.transcript import Level

MEANS = {
    Level.LIVE: "a real system, while recording",
    Level.R0: "recorded, exactly this call",
    Level.R1: "recorded, the same call written differently",
    Level.R2: "derived from a larger recording",
    Level.R3: "evaluated on frozen tables",
    Level.R4: "a declared state model",
    Level.MISS: "the snapshot cannot answer: nothing is said of the system",
    Level.REFUSED: "not a valid call: unknown tool, or arguments against its schema",
}


@dataclass(frozen=True)
class Answered:
    """How many of the ``n`` calls of a session one level answered."""

    level: Level
    count: int
    n: int

    @property
    def means(self) -> str:
        return MEANS[self.level]

    @property
    def share(self) -> float:
        """0..100"""
        return 100 * self.count / self.n


@dataclass(frozen=True)
class Levels:
    answered: tuple[Answered, ...]  # in the order of the ladder, those that occur
    without: tuple[Branch, ...]  # calls without an answer: missed or refused


def levels_of(tree: list[Branch]) -> Levels:
    counts = Counter(branch.level for branch in tree)
    return Levels(
        tuple(Answered(level, counts[level], len(tree)) for level in Level if counts[level]),
        tuple(branch for branch in tree if branch.level in (Level.MISS, Level.REFUSED)),
    )
