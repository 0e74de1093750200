"""Near misses silenced: a further test that they lack, or an exception that they have. No Django here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from rules.critic.neighbours import Library, Neighbour, firings, holds
from rules.critic.phrases import pattern
from rules.critic.triggers import Item, Trigger, all_firings, anchors, kinship, loud, measured
from sandbox.knowledge.evidence import Aspect
from sandbox.knowledge.rule import EvidenceTest

MOST_TESTS = 3  # a trigger with more tests is a description of its case
MOST_UNLESS = 2
SHORTLIST = 12  # anchors that are worth refining
OPTIONS = 10  # exceptions tried at a time


def search(seed: Neighbour, items: Sequence[Item], library: Library) -> tuple[Trigger, ...]:
    """Triggers that hold on what was seen and point to the seed's faulty component, best first.

    A trigger without near misses is preferred to one with more siblings: a rule that abstains costs nothing.
    Where siblings are known, one that holds on none of them is a description of its case, and left out;
    so is one that fires on a case which an earlier proposal broke.
    """
    plain = sorted(anchors(seed, items, library), key=lambda trigger: trigger.rank)
    finer = []
    for anchor in plain[:SHORTLIST]:
        silenced = refine(anchor, seed, items, library, worth=lambda trigger: trigger.rank)
        finer += [silenced, corroborated(silenced, seed, items, library)]
    found = {(trigger.tests, trigger.unless, trigger.at): trigger for trigger in [*plain, *finer]}
    kept = [one for one in found.values() if (one.siblings or not library.siblings) and not one.harmed]
    return tuple(sorted(kept, key=lambda trigger: trigger.rank))


def refine(
    trigger: Trigger,
    seed: Neighbour,
    items: Sequence[Item],
    library: Library,
    *,
    worth: Callable[[Trigger], tuple],
) -> Trigger:
    """Add the test or exception that is worth most, as long as it silences near misses and loses no sibling."""
    current = trigger
    while current.near_misses:
        options = [
            option
            for longer in (
                *_longer(current, items, library, seed.fault_class),
                *_excepted(current, seed, items, library),
            )
            if (option := measured(longer, seed, library)).siblings >= current.siblings
            and len(option.near_misses) < len(current.near_misses)
        ]
        if not options:
            break
        current = min(options, key=worth)
    return current


def corroborated(trigger: Trigger, seed: Neighbour, items: Sequence[Item], library: Library) -> Trigger:
    """Where the words of the trigger are as much another class's, with a test in this class's own words that all share."""
    if trigger.kinship > 0:
        return trigger
    options = [
        option
        for longer in _longer(trigger, items, library, seed.fault_class)
        if longer.kinship > 0
        and longer.tests[-1].component == "same"
        and (option := measured(longer, seed, library)).siblings >= trigger.siblings
    ]
    return min(options, key=lambda option: option.rank, default=trigger)


def _longer(trigger: Trigger, items: Sequence[Item], library: Library, fault_class: str) -> Iterator[Trigger]:
    """The trigger with one more test that held when it fired."""
    if len(trigger.tests) >= MOST_TESTS:
        return
    seen = [item.seen for item in items]
    bound = {firing.bound.component for firing in firings(trigger.tests, trigger.unless, seen)}
    done: set[EvidenceTest] = set(trigger.tests)
    for item in items:
        binding = "same" if item.seen.component in bound and item.seen.component else ""
        healthy = item.seen.aspect is Aspect.NORMAL and binding  # what is well elsewhere says nothing here
        if not loud(item.seen) and not healthy:
            continue
        for phrase in _held(item.seen.value, library):
            test = EvidenceTest(str(item.seen.aspect), pattern(phrase), item.seen.kind, component=binding)
            if test not in done:
                done.add(test)
                steps = {*trigger.steps} if item.step is None else {*trigger.steps, item.step}
                akin = max(trigger.kinship, kinship(phrase, fault_class, library.vocabulary))
                yield replace(trigger, tests=(*trigger.tests, test), steps=tuple(sorted(steps)), kinship=akin)


def _held(value: str, library: Library) -> tuple[str, ...]:
    """The whole of a value, and the most of it that every sibling shows."""
    options = library.phrases(value)
    shown = [sibling.values for sibling in library.siblings if sibling.values]
    shared = next((p for p in options if all(any(p.lower() in other for other in values) for values in shown)), "")
    return tuple(dict.fromkeys(phrase for phrase in (*options[:1], shared) if phrase))


def _excepted(trigger: Trigger, seed: Neighbour, items: Sequence[Item], library: Library) -> Iterator[Trigger]:
    """The trigger with an exception: something that near misses show where it fires, and its own class never does."""
    if len(trigger.unless) >= MOST_UNLESS:
        return
    wrong = set(trigger.near_misses)
    own = [item.seen for item in items] + [item for sibling in library.siblings for item in sibling.everything]
    counted: Counter[EvidenceTest] = Counter()
    for other in library.others:
        if other.name not in wrong:
            continue
        bound = {firing.bound.component for firing in all_firings(trigger, other)}
        offered = set()
        for item in other.everything:
            if item.component in bound and loud(item):
                options = library.phrases(item.value)
                offered |= {
                    EvidenceTest(str(item.aspect), pattern(phrase), item.kind, component="same")
                    for phrase in dict.fromkeys([*options[:1], *(p for p in options if item.value.startswith(p))])
                }
        counted.update(offered)
    tried = 0
    for test, _ in sorted(counted.items(), key=lambda pair: (-pair[1], -len(pair[0].pattern), repr(pair[0]))):
        if any(holds(replace(test, component=""), [item], None) for item in own):
            continue
        yield replace(trigger, unless=(*trigger.unless, test))
        tried += 1
        if tried == OPTIONS:
            return
