"""When a rule should fire: tests on evidence that hold for one class of faults and for no near miss. No Django here.

Anti-unification gives what the seed and its siblings share; near misses say when that is not enough:
a further test is added that they lack, or an exception that they have.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from cases.evaluation.components import component
from rules.critic.neighbours import Library, Neighbour, firings, holds, places
from rules.critic.phrases import pattern, phrases
from sandbox.knowledge.evidence import Aspect, Evidence
from sandbox.knowledge.retrieval import FAINT
from sandbox.knowledge.rule import PLACES, EvidenceTest

MOST_TESTS = 3  # a trigger with more tests is a description of its case
MOST_UNLESS = 2
SHORTLIST = 12  # anchors that are worth refining
OPTIONS = 10  # exceptions tried at a time
ANYWHERE = "anywhere"


@dataclass(frozen=True)
class Item:
    """Something seen, and the step of the better session that showed it; None where the failed run saw it, too."""

    seen: Evidence
    step: int | None


@dataclass(frozen=True)
class Trigger:
    """``tests[0]`` binds the component; ``at`` says where, from there, the fault is."""

    tests: tuple[EvidenceTest, ...]
    at: str
    unless: tuple[EvidenceTest, ...] = ()
    siblings: int = 0  # of its class, on which it points to the right place
    misplaced: int = 0  # of its class, on which it also points elsewhere
    near_misses: tuple[str, ...] = ()
    harmed: int = 0  # of the near misses, those that an earlier proposal broke
    steps: tuple[int, ...] = ()  # of the better session, that show what it tests
    kinship: int = 0  # words its first test shares with the name of the fault class
    strength: float = 0.0

    @property
    def rank(self) -> tuple:
        """Better first: silent on near misses, right on siblings, then as ``finish``."""
        return (len(self.near_misses), self.misplaced - self.siblings, self.misplaced, *self.finish)

    @property
    def finish(self) -> tuple:
        """Simple before subtle, near the fault before far, in the class's own words, strong, and specific."""
        return (
            len(self.unless),
            len(self.tests),
            -self.kinship,
            PLACES.index(self.at) if self.at in PLACES else len(PLACES),
            -self.strength,
            -len(self.tests[0].pattern.split()),
            tuple((test.aspect, test.pattern, test.kind) for test in (*self.tests, *self.unless)),
        )


def items_of(seen: Iterable[Evidence], shown: Iterable[Evidence]) -> tuple[Item, ...]:
    """All that either session saw: what the failed run has, and what only the better one shows."""
    own = tuple(seen)
    known = {(item.aspect, item.component, item.value) for item in own}
    more = [Item(item, item.step) for item in shown if (item.aspect, item.component, item.value) not in known]
    return (*(Item(item, None) for item in own), *more)


def search(seed: Neighbour, items: Sequence[Item], library: Library) -> tuple[Trigger, ...]:
    """Triggers that hold on what was seen and point to the seed's faulty component, best first.

    A trigger without near misses is preferred to one with more siblings: a rule that abstains costs nothing.
    Where siblings are known, one that holds on none of them is a description of its case, and left out.
    """
    anchors = sorted(_anchors(seed, items, library), key=lambda trigger: trigger.rank)
    refined = [
        refine(anchor, seed, items, library, worth=lambda trigger: trigger.rank)
        for anchor in anchors[:SHORTLIST]
        if anchor.near_misses
    ]
    found = {(trigger.tests, trigger.unless, trigger.at): trigger for trigger in [*anchors, *refined]}
    kept = [trigger for trigger in found.values() if trigger.siblings or not library.siblings]
    return tuple(sorted(kept, key=lambda trigger: trigger.rank))


def measured(trigger: Trigger, seed: Neighbour, library: Library) -> Trigger:
    """The same trigger with its counts over siblings and near misses."""
    right = misplaced = 0
    for sibling in (seed, *library.siblings):
        pointed = set(_pointed(trigger, sibling))
        right += same(sibling.component) in pointed and sibling is not seed
        misplaced += bool(pointed - {same(sibling.component)})
    mask = library.near_misses(trigger.tests[0])
    if len(trigger.tests) > 1 or trigger.unless:
        missed = [other for other in library.of(mask) if any(_all_firings(trigger, other))]
    else:
        missed = library.of(mask)
    return replace(
        trigger,
        siblings=right,
        misplaced=misplaced,
        near_misses=tuple(other.name for other in missed),
        harmed=sum(other.harmed for other in missed),
    )


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
            for longer in (*_longer(current, items, library), *_excepted(current, seed, items, library))
            if (option := measured(longer, seed, library)).siblings >= current.siblings
            and len(option.near_misses) < len(current.near_misses)
        ]
        if not options:
            break
        current = min(options, key=worth)
    return current


def shared_phrases(item: Evidence, alike: Sequence[Sequence[str]], library: Library) -> list[str]:
    """What this value has in common with each number of siblings, most siblings first; words that name no component."""
    options = [phrase for phrase in phrases(item.value) if library.speakable(phrase)]
    shares = {phrase: sum(any(phrase.lower() in value for value in values) for values in alike) for phrase in options}
    # at each level of sharing the longest phrase: the least general generalisation of that many siblings
    chosen = {level: next(phrase for phrase in options if shares[phrase] >= level) for level in set(shares.values())}
    return list(dict.fromkeys(chosen[level] for level in sorted(chosen, reverse=True)))


def kinship(phrase: str, fault_class: str) -> int:
    """How many words of the fault class's own name the evidence uses: plurals and endings aside."""
    spoken = re.findall(r"[a-z]{3,}", phrase.lower())
    return sum(any(_akin(word, other) for other in spoken) for word in re.findall(r"[a-z]{2,}", fault_class.lower()))


def same(name: str) -> str:
    """The form in which two names of one component are equal."""
    return component(name).base if name else ""


def loud(item: Evidence) -> bool:
    """Whether evidence can trigger a rule at all."""
    return item.aspect is not Aspect.NORMAL and item.strength >= FAINT


def _akin(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return len(short) > 2 and (long.startswith(short) or (len(short) > 5 and long[:6] == short[:6]))


def _anchors(seed: Neighbour, items: Sequence[Item], library: Library) -> Iterator[Trigger]:
    """One test each: for every piece of evidence that points to the fault, the phrases its class shares."""
    done: set[tuple] = set()
    for item in items:
        seen = item.seen
        at = next((at for at, name in places(seen).items() if same(name) == same(seed.component)), "")
        key = (seen.aspect, seen.value, seen.kind, at)
        if not at or not loud(seen) or key in done:
            continue
        done.add(key)
        alike = [values for sibling in library.siblings if (values := _values(sibling, seen, at))]
        for phrase in shared_phrases(seen, alike, library):
            test = EvidenceTest(aspect=str(seen.aspect), pattern=pattern(phrase), kind=seen.kind)
            steps = () if item.step is None else (item.step,)
            akin = kinship(phrase, seed.fault_class)
            yield measured(Trigger((test,), at, steps=steps, kinship=akin, strength=seen.strength), seed, library)


def _values(sibling: Neighbour, item: Evidence, at: str) -> list[str]:
    """Values of the same aspect that a sibling showed at its own faulty place."""
    return [
        other.value.lower()
        for other in sibling.everything
        if other.aspect == item.aspect and same(places(other).get(at, "")) == same(sibling.component)
    ]


def _longer(trigger: Trigger, items: Sequence[Item], library: Library) -> Iterator[Trigger]:
    """The trigger with one more test that held when it fired."""
    if len(trigger.tests) >= MOST_TESTS:
        return
    seen = [item.seen for item in items]
    bound = {firing.bound.component for firing in firings(trigger.tests, trigger.unless, seen)}
    done: set[EvidenceTest] = set(trigger.tests)
    for item in items:
        if not loud(item.seen) and item.seen.aspect is not Aspect.NORMAL:
            continue
        binding = "same" if item.seen.component in bound and item.seen.component else ""
        for phrase in _held(item.seen.value, library):
            test = EvidenceTest(str(item.seen.aspect), pattern(phrase), item.seen.kind, component=binding)
            if test not in done:
                done.add(test)
                steps = {*trigger.steps} if item.step is None else {*trigger.steps, item.step}
                yield replace(trigger, tests=(*trigger.tests, test), steps=tuple(sorted(steps)))


def _held(value: str, library: Library) -> tuple[str, ...]:
    """The whole of a value, and the most of it that every sibling shows."""
    options = [phrase for phrase in phrases(value) if library.speakable(phrase)]
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
        bound = {firing.bound.component for firing in _all_firings(trigger, other)}
        offered = set()
        for item in other.everything:
            if item.component in bound and loud(item):
                options = [phrase for phrase in phrases(item.value) if library.speakable(phrase)]
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


def _pointed(trigger: Trigger, neighbour: Neighbour) -> Iterator[str]:
    for firing in _all_firings(trigger, neighbour):
        yield same(neighbour.component) if trigger.at == ANYWHERE else same(places(firing.bound).get(trigger.at, ""))


def _all_firings(trigger: Trigger, neighbour: Neighbour):
    for sighting in neighbour.sightings if trigger.unless else (neighbour.everything,):
        yield from firings(trigger.tests, trigger.unless, sighting)
