"""When a rule should fire: tests on evidence that hold for one class of faults and for no near miss. No Django here.

Anti-unification gives what the seed and its siblings share; near misses say when that is not enough,
and a further test is added that they lack.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from cases.evaluation.components import component
from rules.critic.neighbours import Library, Neighbour, firings, places
from rules.critic.phrases import pattern, phrases, widest
from sandbox.knowledge.evidence import Aspect, Evidence
from sandbox.knowledge.rule import EvidenceTest

MOST_TESTS = 3  # a trigger with more tests is a description of its case
SHORTLIST = 16  # anchors that are worth refining


@dataclass(frozen=True)
class Trigger:
    """``tests[0]`` binds the component; ``at`` says where, from there, the fault is."""

    tests: tuple[EvidenceTest, ...]
    at: str
    unless: tuple[EvidenceTest, ...] = ()
    siblings: int = 0  # of its class, on which it points to the right place
    misplaced: int = 0  # of its class, on which it also points elsewhere
    near_misses: tuple[str, ...] = ()
    steps: tuple[int, ...] = ()  # of the better session, that show what it tests

    @property
    def rank(self) -> tuple:
        """Better first: silent on near misses, then right on siblings, then simple."""
        negated = sum(test.negated for test in self.tests) + len(self.unless)
        return (
            len(self.near_misses),
            -self.siblings,
            self.misplaced,
            negated,
            len(self.tests),
            _strangeness(self.tests[0]),
            tuple((test.aspect, test.pattern, test.kind) for test in self.tests),
        )


def search(seed: Neighbour, better: Sequence[Evidence], library: Library) -> tuple[Trigger, ...]:
    """Triggers that hold on what the better session saw and point to the seed's faulty component, best first.

    A trigger without near misses is preferred to one with more siblings: a rule that abstains costs nothing.
    """
    anchors = sorted(_anchors(seed, better, library), key=lambda trigger: trigger.rank)
    refined = [
        finer
        for anchor in anchors[:SHORTLIST]
        if anchor.near_misses
        for finer in _refine(anchor, seed, better, library)
    ]
    found = {(trigger.tests, trigger.unless, trigger.at): trigger for trigger in [*anchors, *refined]}
    return tuple(sorted(found.values(), key=lambda trigger: trigger.rank))


def measured(trigger: Trigger, seed: Neighbour, library: Library) -> Trigger:
    """The same trigger with its counts over siblings and near misses."""
    right = misplaced = 0
    for sibling in (seed, *library.siblings):
        pointed = set(_pointed(trigger, sibling))
        right += same(sibling.component) in pointed and sibling is not seed
        misplaced += bool(pointed - {same(sibling.component)})
    mask = library.near_misses(trigger.tests[0])
    if len(trigger.tests) > 1 or trigger.unless:
        names = tuple(other.name for other in library.of(mask) if any(_all_firings(trigger, other)))
    else:
        names = library.named(mask)
    return replace(trigger, siblings=right, misplaced=misplaced, near_misses=names)


def same(name: str) -> str:
    """The form in which two names of one component are equal."""
    return component(name).base if name else ""


def _anchors(seed: Neighbour, better: Sequence[Evidence], library: Library) -> Iterator[Trigger]:
    """One test each: for every piece of evidence that points to the fault, the phrases its class shares."""
    done: set[tuple] = set()
    for item in better:
        if item.aspect is Aspect.NORMAL:
            continue
        for at, name in places(item).items():
            if same(name) != same(seed.component) or (key := (item.aspect, item.value, item.kind, at)) in done:
                continue
            done.add(key)
            alike = [values for sibling in library.siblings if (values := _values(sibling, item, at))]
            for phrase, kind in _phrases_for(item, alike, library):
                test = EvidenceTest(aspect=str(item.aspect), pattern=pattern(phrase), kind=kind)
                yield measured(Trigger((test,), at, steps=(item.step,)), seed, library)
            break  # the nearest place is enough


def _phrases_for(item: Evidence, alike: Sequence[Sequence[str]], library: Library) -> list[tuple[str, str]]:
    """The longest phrase of the value that most of the class shares, and the shortest ones inside it."""
    options = [phrase for phrase in phrases(item.value) if library.speakable(phrase)]
    if not options:
        return []
    shares = {phrase: sum(any(phrase.lower() in value for value in values) for values in alike) for phrase in options}
    chosen: dict[str, None] = {options[0]: None}
    for level in sorted(set(shares.values()), reverse=True):
        at_level = [phrase for phrase in options if shares[phrase] >= level]
        chosen[at_level[0]] = None
        for phrase in widest(at_level)[:4]:
            chosen[phrase] = None
    return [(phrase, item.kind) for phrase in chosen]


def _values(sibling: Neighbour, item: Evidence, at: str) -> list[str]:
    """Values of the same aspect that a sibling showed at its own faulty place."""
    return [
        other.value.lower()
        for other in sibling.everything
        if other.aspect == item.aspect and same(places(other).get(at, "")) == same(sibling.component)
    ]


def _refine(anchor: Trigger, seed: Neighbour, better: Sequence[Evidence], library: Library) -> Iterator[Trigger]:
    """Add the test that silences most near misses and loses no sibling, until none is left or it grows too long."""
    current = anchor
    while current.near_misses and len(current.tests) < MOST_TESTS:
        options = [measured(option, seed, library) for option in _longer(current, better, library)]
        options = [option for option in options if option.siblings >= max(1, current.siblings) or not current.siblings]
        if not options:
            return
        best = min(options, key=lambda option: option.rank)
        if len(best.near_misses) >= len(current.near_misses):
            return
        yield best
        current = best


def _longer(trigger: Trigger, better: Sequence[Evidence], library: Library) -> Iterator[Trigger]:
    own = [item for item in better if any(firings(trigger.tests, trigger.unless, (item, *better)))]
    bound = next((item for item in own if item.step in trigger.steps), None)
    if bound is None:
        return
    shown = [
        value for sibling in library.siblings for value in [{v.value.lower() for v in sibling.everything}] if value
    ]
    done: set[tuple[str, str, str]] = set()
    for item in better:
        binding = "same" if item.component and item.component == bound.component else ""
        for phrase in _shared(item.value, shown, library):
            test = EvidenceTest(str(item.aspect), pattern(phrase), item.kind, component=binding)
            if (key := (test.aspect, test.pattern, binding)) not in done and test not in trigger.tests:
                done.add(key)
                steps = tuple(sorted({*trigger.steps, item.step}))
                yield replace(trigger, tests=(*trigger.tests, test), steps=steps)


def _shared(value: str, shown: Sequence[set[str]], library: Library) -> tuple[str, ...]:
    """The whole of a value, and the most of it that every sibling shows."""
    options = [phrase for phrase in phrases(value) if library.speakable(phrase)]
    shared = (p for p in options if all(any(p.lower() in other for other in values) for values in shown))
    return tuple(dict.fromkeys([*options[:1], *([first] if (first := next(shared, "")) else [])]))


def _pointed(trigger: Trigger, neighbour: Neighbour) -> Iterator[str]:
    for firing in _all_firings(trigger, neighbour):
        yield same(places(firing.bound).get(trigger.at, ""))


def _all_firings(trigger: Trigger, neighbour: Neighbour):
    for sighting in (*neighbour.sightings, neighbour.everything) if trigger.unless else (neighbour.everything,):
        yield from firings(trigger.tests, trigger.unless, sighting)


def _strangeness(test: EvidenceTest) -> int:
    """Shorter than a few words is a coincidence, longer a recording: aim between."""
    return abs(len(test.pattern.split()) - 4)
