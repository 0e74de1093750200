"""When a rule should fire: evidence that points to the fault on a failure and on its siblings. No Django here.

Anti-unification gives what the seed and its siblings share; how many near misses share it, too, is counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from cases.evaluation.components import component
from rules.critic.neighbours import Firing, Library, Neighbour, firings, places
from rules.critic.phrases import pattern
from sandbox.knowledge.evidence import Aspect, Evidence
from sandbox.knowledge.retrieval import FAINT
from sandbox.knowledge.rule import PLACES, EvidenceTest

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
    kinship: int = 0  # words that a test of it shares with the name of the class, beyond those shared with another
    strength: float = 0.0

    @property
    def rank(self) -> tuple:
        """Better first: silent on near misses, right on siblings, then as ``finish``."""
        foreign = self.kinship <= 0  # its words are as much another class's
        return (len(self.near_misses), self.misplaced - self.siblings, self.misplaced, foreign, *self.finish)

    @property
    def finish(self) -> tuple:
        """Simple before subtle, near the fault before far, in the class's own words, strong, and specific."""
        return (
            len(self.unless),
            len(self.tests),
            sum(test.aspect == Aspect.NORMAL for test in self.tests),  # what is well is told of many a case
            -self.kinship,
            PLACES.index(self.at) if self.at in PLACES else len(PLACES),
            -self.strength,
            -sum(len(test.pattern.split()) for test in (self.tests[0], *self.unless)),
            tuple((test.aspect, test.pattern, test.kind) for test in (*self.tests, *self.unless)),
        )


def items_of(seen: Iterable[Evidence], shown: Iterable[Evidence]) -> tuple[Item, ...]:
    """All that either session saw: what the failed run has, and what only the better one shows."""
    own = tuple(seen)
    known = {(item.aspect, item.component, item.value) for item in own}
    more = [Item(item, item.step) for item in shown if (item.aspect, item.component, item.value) not in known]
    return (*(Item(item, None) for item in own), *more)


def measured(trigger: Trigger, seed: Neighbour, library: Library) -> Trigger:
    """The same trigger with its counts over siblings and near misses."""
    right = misplaced = 0
    for sibling in (seed, *library.siblings):
        pointed = set(_pointed(trigger, sibling))
        right += bool(pointed & faulty(sibling)) and sibling is not seed
        misplaced += bool(pointed - faulty(sibling))
    mask = library.near_misses(trigger.tests[0])
    if len(trigger.tests) > 1 or trigger.unless:
        missed = [other for other in library.of(mask) if any(all_firings(trigger, other))]
    else:
        missed = library.of(mask)
    return replace(
        trigger,
        siblings=right,
        misplaced=misplaced,
        near_misses=tuple(other.name for other in missed),
        harmed=sum(other.harmed for other in missed),
    )


def shared_phrases(item: Evidence, alike: Sequence[Sequence[str]], library: Library) -> list[str]:
    """What this value has in common with each number of siblings, most siblings first; words that name no component."""
    options = library.phrases(item.value)
    shares = {phrase: sum(any(phrase.lower() in value for value in values) for values in alike) for phrase in options}
    # at each level of sharing the longest phrase: the least general generalisation of that many siblings
    chosen = {level: next(phrase for phrase in options if shares[phrase] >= level) for level in set(shares.values())}
    return list(dict.fromkeys(chosen[level] for level in sorted(chosen, reverse=True)))


def kinship(phrase: str, fault_class: str, vocabulary: Iterable[str] = ()) -> int:
    """How many words of the class's own name the evidence uses, less those of the nearest other class of the vocabulary.

    Evidence that speaks as much of another class, seen or not, is a poor sign of this one.
    """
    spoken = frozenset(re.findall(r"[a-z]{3,}", phrase.lower()))
    rivals = [_shared_words(spoken, other) for other in vocabulary if other != fault_class]
    return _shared_words(spoken, fault_class) - max(rivals, default=0)


def same(name: str) -> str:
    """The form in which two names of one component are equal."""
    return component(name).base if name else ""


def faulty(neighbour: Neighbour) -> frozenset[str]:
    """The components at which the fault of a case may be said to be."""
    return frozenset(same(name) for name in (neighbour.component, *neighbour.accepted))


def loud(item: Evidence) -> bool:
    """Whether evidence can trigger a rule at all."""
    return item.aspect is not Aspect.NORMAL and item.strength >= FAINT


@lru_cache(maxsize=50_000)
def _shared_words(spoken: frozenset[str], fault_class: str) -> int:
    return sum(any(_akin(word, other) for other in spoken) for word in re.findall(r"[a-z]{2,}", fault_class.lower()))


def _akin(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return len(short) > 2 and (long.startswith(short) or (len(short) > 5 and long[:6] == short[:6]))


def anchors(seed: Neighbour, items: Sequence[Item], library: Library) -> Iterator[Trigger]:
    """One test each: for every piece of evidence that points to the fault, the phrases its class shares."""
    done: set[tuple] = set()
    for item in items:
        seen = item.seen
        at = next((at for at, name in places(seen).items() if same(name) in faulty(seed)), "")
        key = (seen.aspect, seen.value, seen.kind, at)
        if not at or not loud(seen) or key in done:
            continue
        done.add(key)
        alike = [values for sibling in library.siblings if (values := _values(sibling, seen, at))]
        for phrase in shared_phrases(seen, alike, library):
            test = EvidenceTest(aspect=str(seen.aspect), pattern=pattern(phrase), kind=seen.kind)
            steps = () if item.step is None else (item.step,)
            akin = kinship(phrase, seed.fault_class, library.vocabulary)
            yield measured(Trigger((test,), at, steps=steps, kinship=akin, strength=seen.strength), seed, library)


def _values(sibling: Neighbour, item: Evidence, at: str) -> list[str]:
    """Values of the same aspect that a sibling showed at its own faulty place."""
    return [
        other.value.lower()
        for other in sibling.everything
        if other.aspect == item.aspect and same(places(other).get(at, "")) in faulty(sibling)
    ]


def _pointed(trigger: Trigger, neighbour: Neighbour) -> Iterator[str]:
    for firing in all_firings(trigger, neighbour):
        yield same(neighbour.component) if trigger.at == ANYWHERE else same(places(firing.bound).get(trigger.at, ""))


def all_firings(trigger: Trigger, neighbour: Neighbour) -> Iterator[Firing]:
    """Where a trigger fires in any session of a case; an exception must hold in the same session."""
    for sighting in neighbour.sightings if trigger.unless else (neighbour.everything,):
        yield from firings(trigger.tests, trigger.unless, sighting)
