"""From the observation as it was seen to its bare kind: how wide a trigger may be. No Django here."""

from __future__ import annotations

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
        """The variants that it breaks or leaves broken, in words."""
        return tuple(trial.words for trial in self.variants if trial.broken)

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
    """The widest rung that flips, is clean and silent, and that is asked for: each step up must win a sibling or a variant.

    Wider than its class asks for, a rule speaks of cases nobody has seen; abstaining costs nothing. None is chosen
    that breaks more variants of the case than what its class shares. Returns the index and the rungs with a verdict each.
    """
    own = next(index for index, rung in enumerate(rungs) if rung.trigger.tests == trigger.tests)
    fit = [
        index
        for index, rung in enumerate(rungs)
        if rung.flips and rung.trigger.misplaced <= trigger.misplaced and len(rung.broken) <= len(rungs[own].broken)
    ]
    most = max((rungs[index].siblings for index in fit), default=0)
    wide = [index for index in fit if rungs[index].siblings == most and index >= own]
    chosen = min(wide, key=lambda index: (len(rungs[index].broken), index), default=own)
    most = len(rungs[chosen].broken)
    return chosen, tuple(
        replace(rung, verdict=_verdict(i, rung, chosen, trigger, most)) for i, rung in enumerate(rungs)
    )


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
    for phrase in sorted(widest(inside), key=lambda one: (-len(one), one))[:2]:
        yield "the fewest telling words", with_first(pattern=pattern(phrase))
    yield "any of its kind", with_first(pattern="")


def _verdict(index: int, rung: Rung, chosen: int, trigger: Trigger, most: int) -> str:
    if index == chosen:
        return "chosen: silent on every near miss, and no wider than its class asks for"
    if rung.problems:
        return f"not knowledge: {rung.problems[0]}"
    if rung.flips is None:
        return f"too wide: fires on {len(rung.near_misses)} near misses"
    if not rung.flips:
        return "does not flip the case"
    if len(rung.broken) > most:
        return f"breaks {len(rung.broken)} of {len(rung.variants)} variants of the case"
    if index < chosen:
        return "narrower than its class" if rung.siblings < trigger.siblings else "holds only where it was seen"
    return "wider than anything seen asks for"
