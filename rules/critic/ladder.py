"""From the observation as it was seen to its bare kind: how wide a trigger may be. No Django here."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from rules.critic.neighbours import Library, Neighbour
from rules.critic.phrases import pattern, widest
from rules.critic.triggers import Trigger, measured
from rules.generalisation import Trial
from sandbox.knowledge.evidence import Evidence


@dataclass(frozen=True)
class Rung:
    """One width of the trigger, judged. ``flips`` None: not replayed, because its near misses rule it out already.

    ``variants``: the case in other guises under this width, where it flips the case as it is.
    """

    width: str
    trigger: Trigger
    siblings: int
    of: int
    near_misses: tuple[str, ...]
    problems: tuple[str, ...]
    flips: bool | None = None
    verdict: str = ""
    variants: tuple[Trial, ...] = ()

    @property
    def broken(self) -> tuple[str, ...]:
        """The variants that are broken under it, in words."""
        return tuple(trial.words for trial in self.variants if trial.broken)

    @property
    def spoils(self) -> bool:
        return any(trial.spoilt for trial in self.variants)

    def as_dict(self) -> dict[str, Any]:
        return {
            "width": self.width,
            "tests": [asdict(test) for test in self.trigger.tests],
            "unless": [asdict(test) for test in self.trigger.unless],
            "siblings": self.siblings,
            "of": self.of,
            "near_misses": list(self.near_misses),
            "problems": list(self.problems),
            "flips": self.flips,
            "variants": len(self.variants),
            "broken": list(self.broken),
            "verdict": self.verdict,
        }


def ladder(
    trigger: Trigger,
    bound: Evidence,
    seed: Neighbour,
    library: Library,
    *,
    problems: Callable[[Trigger], Sequence[str]],
    flips: Callable[[Trigger], bool],
    variants: Callable[[Trigger], tuple[Trial, ...]],
) -> tuple[Rung, ...]:
    """The widths of ``trigger``, narrow to wide; ``bound`` is the evidence of the seed that its first test matched."""
    widths: dict[Trigger, str] = {}
    for width, option in _widths(trigger, bound, library):
        widths.setdefault(option, width)
    rungs = []
    for option, width in widths.items():
        judged = measured(option, seed, library)
        found = tuple(problems(judged))
        silent = not found and len(judged.near_misses) <= len(trigger.near_misses)
        flipped = flips(judged) if silent else None
        of, guises = len(library.siblings), variants(judged) if flipped else ()
        rungs.append(Rung(width, judged, judged.siblings, of, judged.near_misses, found, flipped, variants=guises))
    return tuple(rungs)


def choose(rungs: Sequence[Rung], trigger: Trigger) -> tuple[int, tuple[Rung, ...]]:
    """The rung to propose, and the rungs with a verdict each.

    It flips, is clean and silent, and under it no more variants of the case are broken than under what its class
    shares. Of those, narrow ones only where every other takes a right answer away; then that which wins most siblings;
    under which fewest variants are broken; and nearest to what the class shares: wider than its class asks for, a rule
    speaks of cases nobody has seen, and abstaining costs nothing.
    """
    own = next(index for index, rung in enumerate(rungs) if rung.trigger.tests == trigger.tests)
    most = len(rungs[own].broken) if rungs[own].flips else math.inf
    fit = [
        index
        for index, rung in enumerate(rungs)
        if rung.flips and rung.trigger.misplaced <= trigger.misplaced and len(rung.broken) <= most
    ]

    def worth(index: int) -> tuple:
        rung = rungs[index]
        return rung.spoils, index < own, -rung.siblings, len(rung.broken), abs(index - own)

    chosen = min(fit, key=worth, default=own)
    return chosen, tuple(replace(rung, verdict=_verdict(i, rungs, own, chosen)) for i, rung in enumerate(rungs))


def _widths(trigger: Trigger, bound: Evidence, library: Library):
    first, *rest = trigger.tests

    def with_first(**changes: str) -> Trigger:
        return replace(trigger, tests=(replace(first, **changes), *rest))

    options = library.phrases(bound.value)
    if options:
        yield "as it was seen", with_first(pattern=pattern(options[0]), kind=bound.kind, tool=bound.tool)
        yield "its words, wherever they are seen", with_first(pattern=pattern(options[0]), kind=bound.kind)
    yield "what its class shares", trigger
    inside = [phrase for phrase in options if pattern(phrase) in first.pattern]
    telling = sorted(widest(inside), key=lambda one: (-len(one), one))
    for width, phrase in zip(("the fewest telling words", "as few, others"), telling, strict=False):
        yield width, with_first(pattern=pattern(phrase))
    yield "any of its kind", with_first(pattern="")


def _verdict(index: int, rungs: Sequence[Rung], own: int, chosen: int) -> str:
    rung, best = rungs[index], rungs[chosen]
    if index == chosen:
        fewer = len(rung.broken) < len(rungs[own].broken)
        why = "fewer variants are broken than under what its class shares" if fewer else "no wider than it is asked for"
        return f"chosen: silent on every near miss, and {why}"
    if rung.problems:
        return f"not knowledge: {rung.problems[0]}"
    if rung.flips is None:
        return f"too wide: fires on {len(rung.near_misses)} near misses"
    if not rung.flips:
        return "does not flip the case"
    if rung.spoils and not best.spoils:
        return "takes the right answer away where another is right"
    if len(rung.broken) > len(best.broken):
        return f"{len(rung.broken)} of {len(rung.variants)} variants of the case are broken under it"
    if index < chosen:
        return "narrower than its class" if rung.siblings < rungs[own].siblings else "holds only where it was seen"
    return "wider than anything seen asks for"
