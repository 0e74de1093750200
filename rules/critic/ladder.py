"""From the observation as it was seen to its bare kind: how wide a trigger may be. No Django here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from rules.critic.neighbours import Library, Neighbour
from rules.critic.phrases import pattern, phrases, widest
from rules.critic.triggers import Trigger, measured
from sandbox.knowledge.evidence import Evidence


@dataclass(frozen=True)
class Rung:
    """One width of the trigger, judged. ``flips`` None: not replayed, because its near misses rule it out already."""

    width: str
    trigger: Trigger
    siblings: int
    of: int
    near_misses: tuple[str, ...]
    problems: tuple[str, ...]
    flips: bool | None = None
    verdict: str = ""

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
        rungs.append(Rung(width, judged, judged.siblings, len(library.siblings), judged.near_misses, found, flipped))
    return tuple(rungs)


def choose(rungs: Sequence[Rung], trigger: Trigger) -> tuple[int, tuple[Rung, ...]]:
    """The widest rung that flips, is clean, has no more near misses than the trigger found, and loses no sibling.

    Returns its index and the rungs with a verdict each.
    """
    fit = [
        index
        for index, rung in enumerate(rungs)
        if rung.flips and rung.siblings >= trigger.siblings and rung.trigger.misplaced <= trigger.misplaced
    ]
    chosen = fit[-1] if fit else next(index for index, rung in enumerate(rungs) if rung.trigger.tests == trigger.tests)
    return chosen, tuple(
        replace(rung, verdict=_verdict(index, rung, chosen, trigger)) for index, rung in enumerate(rungs)
    )


def _widths(trigger: Trigger, bound: Evidence, library: Library):
    first, *rest = trigger.tests

    def with_first(**changes: str) -> Trigger:
        return replace(trigger, tests=(replace(first, **changes), *rest))

    options = [phrase for phrase in phrases(bound.value) if library.speakable(phrase)]
    if options:
        yield "as it was seen", with_first(pattern=pattern(options[0]), kind=bound.kind, tool=bound.tool)
        yield "its words, wherever they are seen", with_first(pattern=pattern(options[0]), kind=bound.kind)
    yield "what its class shares", trigger
    inside = [phrase for phrase in options if pattern(phrase) in first.pattern]
    for phrase in sorted(widest(inside), key=lambda one: (-len(one), one))[:2]:
        yield "the fewest telling words", with_first(pattern=pattern(phrase))
    yield "any of its kind", with_first(pattern="")


def _verdict(index: int, rung: Rung, chosen: int, trigger: Trigger) -> str:
    if index == chosen:
        return "chosen: the widest that flips the case and stays silent on every near miss"
    if rung.problems:
        return f"not knowledge: {rung.problems[0]}"
    if rung.flips is None:
        return f"too wide: fires on {len(rung.near_misses)} near misses"
    if not rung.flips:
        return "does not flip the case"
    if rung.siblings < trigger.siblings:
        return "loses a sibling"
    return "narrower than it must be" if index < chosen else "points elsewhere, too"
