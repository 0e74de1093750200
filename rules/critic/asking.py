"""What to look at, and when: a better session's call as a REQUIRE with variables for names. No Django here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from cases.transcript import Step, Transcript
from rules.critic.alignment import keys_of
from rules.critic.neighbours import Library, holds
from rules.critic.phrases import pattern, phrases, widest
from rules.critic.triggers import same
from sandbox.knowledge.evidence import Aspect, Evidence
from sandbox.knowledge.rule import EvidenceTest, Require

FURTHEST = 3  # requires in a row: beyond that it is a whole path, not a check


@dataclass(frozen=True)
class Ask:
    """A check that was missing: ``when`` it should be made, which call, and the better session's step it is."""

    when: tuple[EvidenceTest, ...]
    call: Require
    step: int


def asks(
    steps: Collection[int],
    failed: Transcript,
    better: Transcript,
    *,
    seen: Sequence[Evidence],
    shown: Sequence[Evidence],
    names: Collection[str],
    library: Library,
) -> tuple[Ask, ...] | None:
    """Requires that bring the failed session to the better one's ``steps``; None where a call cannot be made general.

    ``seen`` is what the failed session saw, ``shown`` what the better one saw; ``names`` are component
    names, which no rule may hold. A call that needs what only another missing call shows brings that one too.
    """
    asked, theirs = set(keys_of(failed)), keys_of(better)
    wanted = [step for step in sorted(steps) if theirs[step] not in asked]
    found: dict[int, Ask] = {}
    while wanted:
        step = wanted.pop()
        if step in found:
            continue
        ask, needs = _ask(better.steps[step], step, seen, shown, names, library)
        if ask is None or len(found) >= FURTHEST:
            return None
        found[step] = ask
        if needs is not None and theirs[needs] not in asked:
            wanted.append(needs)
    return tuple(found[step] for step in sorted(found))


def _ask(
    step: Step,
    index: int,
    seen: Sequence[Evidence],
    shown: Sequence[Evidence],
    names: Collection[str],
    library: Library,
) -> tuple[Ask | None, int | None]:
    """The require for one call, and the step of the better session whose evidence it waits for, if any."""
    earlier = [item for item in shown if item.step < index]
    for pool, waits in ((seen, False), (earlier, True)):
        options = [
            (cost, number, item, arguments)
            for number, item in enumerate(pool)
            if (arguments := generalised(step.arguments, item, names)) is not None
            and (cost := _cost(item, arguments)) is not None
        ]
        for _, _, item, arguments in sorted(options, key=lambda option: option[:2]):
            test = _test(item, library)
            if test is not None:
                return Ask((test,), Require(step.tool, arguments), index), item.step if waits else None
    return None, None


def generalised(arguments: dict[str, Any], item: Evidence, names: Collection[str]) -> dict[str, Any] | None:
    """The arguments with what this evidence names as variables; None where another name would be left."""
    variables = {
        same(item.object): "$object",
        same(item.component): "$component",
        same(item.namespace): "$namespace",
        same(item.node): "$node",
    }
    variables.pop("", None)
    known = {same(name) for name in names}
    found = {}
    for name, value in arguments.items():
        if isinstance(value, str) and same(value) in variables:
            found[name] = variables[same(value)]
        elif isinstance(value, str) and (same(value) in known or any(same(value).startswith(f"{n}-") for n in known)):
            return None
        elif isinstance(value, int) and not isinstance(value, bool) and value > 1000:
            return None  # a port or an id of this case
        else:
            found[name] = value
    return found


def _cost(item: Evidence, arguments: dict[str, Any]) -> tuple | None:
    """What to hang a check on, best first: something ill, at the thing that is asked about."""
    about = [value for value in arguments.values() if value in ("$object", "$component", "$node")]
    if not item.value or (item.aspect is Aspect.NORMAL and about):
        return None
    return (item.aspect is Aspect.NORMAL, -len(about), -item.strength, item.step)


def _test(item: Evidence, library: Library) -> EvidenceTest | None:
    """The shortest phrase of this evidence that siblings share, and that fewest others show."""
    options = [phrase for phrase in phrases(item.value) if library.speakable(phrase)]
    if not options:
        return None

    def worth(phrase: str) -> tuple:
        test = EvidenceTest(str(item.aspect), pattern(phrase), item.kind)
        shared = sum(holds(test, sibling.everything, None) for sibling in library.siblings)
        return (-shared, bin(library.near_misses(test)).count("1"), len(phrase.split()), phrase)

    best = min(dict.fromkeys([*options[:3], *widest(options)[:6]]), key=worth)
    return EvidenceTest(str(item.aspect), pattern(best), item.kind)
