"""Steps that should have been one: the call that was asked before, and the later one, side by side."""

from dataclasses import dataclass

from cases.contexts.steps import arguments_of, at_step
from cases.models import Evaluation, Session

SHOWN = 20
KINDS = (  # metric -> what the later step did
    ("repeated", "asks again what was asked"),
    ("subsumed", "asks for a part of what was returned"),
    ("looped", "goes round in a circle: where it began, and where it was last seen"),
)


@dataclass(frozen=True)
class Side:
    index: int
    tool: str
    arguments: tuple[tuple[str, str], ...]

    @property
    def number(self) -> int:
        return self.index + 1

    @property
    def href(self) -> str:
        return at_step(self.index)


@dataclass(frozen=True)
class StepPair:
    why: str
    earlier: Side
    later: Side

    @property
    def sides(self) -> tuple[Side, Side]:
        return self.earlier, self.later


@dataclass(frozen=True)
class Pairs:
    shown: tuple[StepPair, ...]
    left: int  # pairs that are not shown


def pairs_of(session: Session, evaluation: Evaluation) -> Pairs:
    """The first pairs of each kind, with both calls: one query, none where nothing was wasted."""
    found = [(why, earlier, later) for kind, why in KINDS for earlier, later in evaluation.metrics.get(kind) or ()]
    wanted = {at for _, earlier, later in found[:SHOWN] for at in (earlier, later)}
    if not wanted:
        return Pairs((), 0)
    rows = session.steps.filter(index__in=wanted).values_list("index", "tool", "arguments")
    sides = {index: Side(index, tool, arguments_of(arguments)) for index, tool, arguments in rows}
    shown = tuple(
        StepPair(why, sides[earlier], sides[later])
        for why, earlier, later in found[:SHOWN]
        if earlier in sides and later in sides
    )
    return Pairs(shown, max(0, len(found) - SHOWN))
