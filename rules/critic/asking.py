"""What to look at, and when: a better session's call as a REQUIRE with variables for names. No Django here."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from cases.transcript import Step, Task, Transcript
from rules.critic.alignment import keys_of
from rules.critic.neighbours import Library, Neighbour
from rules.critic.phrases import pattern, widest
from rules.critic.refining import refine
from rules.critic.triggers import ANYWHERE, Item, Trigger, faulty, loud, measured, same, shared_phrases
from sandbox.agents.offline.calls import slots_of
from sandbox.agents.offline.capabilities import capabilities_of
from sandbox.knowledge.evidence import Evidence
from sandbox.knowledge.rule import EvidenceTest, Require

FURTHEST = 3  # requires in a row: beyond that it is a whole path, not a check
LARGEST = 1000  # numbers beyond are ids of one case
REFINED = 4  # triggers that are worth refining
ABOUT = ("$object", "$component", "$node")
NEIGHBOURS = ("$callee", "$caller")


@dataclass(frozen=True)
class Ask:
    """A check that was missing: when it should be made, which call, and the better session's step it is.

    ``before`` are calls that tell what the variables of the call stand for.
    """

    trigger: Trigger
    call: Require
    step: int
    before: tuple[Require, ...] = ()


def asks(
    steps: Collection[int],
    failed: Transcript,
    better: Transcript,
    *,
    seen: Sequence[Evidence],
    shown: Sequence[Evidence],
    seed: Neighbour,
    library: Library,
) -> tuple[Ask, ...] | None:
    """Requires that bring the failed session to the better one's ``steps``; None where a call cannot be made general.

    ``seen`` is what the failed session saw, ``shown`` what the better one saw. A call that needs what
    only another missing call shows brings that one, too. Triggers are measured on the agent's own runs:
    what experts looked at says nothing of when the agent would be held up.
    """
    asked, theirs = set(keys_of(failed)), keys_of(better)
    runs = library.of_agents()
    wanted = [step for step in sorted(steps) if theirs[step] not in asked]
    found: dict[int, Ask] = {}
    while wanted:
        step = wanted.pop()
        if step in found:
            continue
        best = _ask(better.steps[step], step, seen, shown, seed, runs, better.task)
        if best is None or len(found) >= FURTHEST:
            return None
        found[step], needs = best
        if needs is not None and theirs[needs] not in asked:
            wanted.append(needs)
    return tuple(found[step] for step in sorted(found))


def generalised(arguments: dict[str, Any], item: Evidence, library: Library) -> dict[str, Any] | None:
    """The arguments with what this evidence names as variables; None where another name would be left."""
    variables = {same(name): f"${way}" for way, name in _beside(item, library)} | {
        same(item.object): "$object",
        same(item.component): "$component",
        same(item.namespace): "$namespace",
        same(item.node): "$node",
    }
    variables |= {item.object.lower(): "$object"}
    variables.pop("", None)
    found = {}
    for name, value in arguments.items():
        if isinstance(value, str) and value.lower() in variables:
            found[name] = variables[value.lower()]
        elif _is_own(name, value, library):
            return None
        else:
            found[name] = value
    return found


def _beside(item: Evidence, library: Library) -> Iterator[tuple[str, str]]:
    """What calls the component of this evidence, and what it calls; that last, since it is the likelier cause."""
    own = same(item.component)
    yield from (("caller", caller) for caller, callee in sorted(library.edges) if own and same(callee) == own)
    yield from (("callee", callee) for caller, callee in sorted(library.edges) if own and same(caller) == own)


def _way_to(arguments: dict[str, Any], task: Task) -> tuple[Require, ...]:
    """Where a call is about neighbours: the call that tells which those are."""
    if not any(value in NEIGHBOURS for value in arguments.values()):
        return ()
    for tool in task.tools:
        slots, able = slots_of(tool), capabilities_of(tool)
        about = slots.role("component") or slots.role("object")
        if able and able[0][0] == "topology" and about and slots.required <= {about}:
            return (Require(tool.name, {about: "$component"}),)
    return ()


def _is_own(name: str, value: Any, library: Library) -> bool:
    """Whether an argument belongs to this case alone: a name, a port, an id."""
    if isinstance(value, str):
        return library.names(value)
    return isinstance(value, int) and not isinstance(value, bool) and ("port" in name.lower() or value > LARGEST)


def _ask(
    step: Step,
    index: int,
    seen: Sequence[Evidence],
    shown: Sequence[Evidence],
    seed: Neighbour,
    runs: Library,
    task: Task,
) -> tuple[Ask, int | None] | None:
    """The require for one call, and the step of the better session whose evidence it waits for, if any."""
    earlier = [item for item in shown if item.step < index]
    for pool, waits in ((seen, False), (earlier, True)):
        items = tuple(Item(item, None) for item in pool)
        anchors = [
            (_worth(trigger, arguments), number, trigger, arguments, item)
            for number, item in enumerate(pool)
            if item.value and (arguments := generalised(step.arguments, item, runs)) is not None
            for trigger in _anchors(item, arguments, seed, runs)
        ]
        anchors.sort(key=lambda anchor: anchor[:2])
        finer = []
        for worth, number, trigger, arguments, item in anchors[:REFINED]:
            if any(one.harmed for one in runs.others):  # a check not needed costs a call: narrowed where it did harm
                trigger = refine(trigger, seed, items, runs, worth=lambda one, given=arguments: _worth(one, given))
            finer.append((min(worth, _worth(trigger, arguments)), number, trigger, arguments, item))
        if finer:
            _, _, trigger, arguments, item = min(finer, key=lambda anchor: anchor[:2])
            ask = Ask(trigger, Require(step.tool, arguments), index, _way_to(arguments, task))
            return ask, item.step if waits else None
    return None


def _anchors(item: Evidence, arguments: dict[str, Any], seed: Neighbour, runs: Library) -> Iterator[Trigger]:
    """Something ill to hang the check on; where it asks about a thing, at that thing."""
    about = any(value in ABOUT for value in arguments.values())
    if not loud(item):
        return
    placed = about and same(item.component) in faulty(seed)
    alike = [[value.value.lower() for value in s.everything if value.aspect == item.aspect] for s in runs.siblings]
    phrases = shared_phrases(item, [values for values in alike if values], runs)
    for phrase in dict.fromkeys([*phrases[:2], *widest(phrases)[:1]]):
        test = EvidenceTest(str(item.aspect), pattern(phrase), item.kind)
        at = "evidence" if placed else ANYWHERE
        yield measured(Trigger((test,), at, strength=item.strength), seed, runs)


def _worth(trigger: Trigger, arguments: dict[str, Any]) -> tuple:
    """Best first: about what is ill, on most siblings, holding up the fewest others."""
    about = sum(value in ABOUT for value in arguments.values())
    return (-about, trigger.harmed, -trigger.siblings, len(trigger.near_misses), *trigger.finish)
