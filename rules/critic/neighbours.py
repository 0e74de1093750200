"""What is known around a failed case: siblings of its class, near misses of others, and what each showed. No Django here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from cases.transcript import Transcript
from rules.critic.phrases import phrases
from sandbox.agents.offline.read import CaseFile
from sandbox.knowledge import retrieval
from sandbox.knowledge.evidence import Aspect, Evidence
from sandbox.knowledge.rule import EvidenceTest

EXPERTS = ("expert", "")


@dataclass(frozen=True)
class Neighbour:
    """A case whose answer is known, with a run of the agent as it is now.

    ``others`` are further sessions of it, experts' above all: they show what the agent does not look at.
    ``component`` is where the fault is; without it a sibling cannot say whether a rule points to the right place.
    ``accepted`` are further components that an answer may name for it.
    """

    name: str
    fault_class: str
    transcript: Transcript | None = None
    passed: bool | None = None
    component: str = ""
    others: tuple[Transcript, ...] = ()
    harmed: bool = False  # an earlier proposal broke it: the next one must not touch it
    accepted: tuple[str, ...] = ()

    @cached_property
    def sightings(self) -> tuple[tuple[Evidence, ...], ...]:
        """The evidence of each of its sessions."""
        known = (self.transcript, *self.others) if self.transcript else self.others
        return tuple(seen_in(transcript) for transcript in known)

    @cached_property
    def everything(self) -> tuple[Evidence, ...]:
        """All that any of its sessions saw: the worst case for a rule that should stay silent."""
        return tuple(dict.fromkeys(item for sighting in self.sightings for item in sighting))

    @cached_property
    def values(self) -> frozenset[str]:
        return frozenset(item.value.lower() for item in self.everything)

    def of_agents(self) -> Neighbour:
        return replace(self, others=tuple(one for one in self.others if one.engine not in EXPERTS))


def seen_in(transcript: Transcript) -> tuple[Evidence, ...]:
    """What a session's returns say, as a rule would be bound to it: with node and namespace filled from its surroundings.

    Read once for each different session.
    """
    key = transcript.digest()
    if key not in _SEEN:
        if len(_SEEN) >= MOST_SEEN:
            _SEEN.clear()
            _EDGES.clear()
        file = CaseFile(transcript.task)
        for step in transcript.steps:
            file.add(step)
        _SEEN[key] = tuple(_placed(item, file) for item in file.evidence)
        _EDGES[key] = frozenset(file.edges)
    return _SEEN[key]


def edges_in(transcript: Transcript) -> frozenset[tuple[str, str]]:
    """Who calls whom, as a session's returns tell it."""
    seen_in(transcript)
    return _EDGES[transcript.digest()]


def _placed(item: Evidence, file: CaseFile) -> Evidence:
    binding = retrieval.Binding(item.component, item.namespace, item.node, item.object, item)
    (namespace,) = retrieval.places("namespace", binding, file)
    return replace(item, node=retrieval.node_of(binding, file), namespace=namespace)


MOST_SEEN = 4000
_SEEN: dict[str, tuple[Evidence, ...]] = {}
_EDGES: dict[str, frozenset[tuple[str, str]]] = {}


@dataclass(frozen=True)
class Firing:
    """Where a trigger fires: the evidence its first test bound."""

    bound: Evidence


def firings(
    tests: Sequence[EvidenceTest], unless: Sequence[EvidenceTest], seen: Sequence[Evidence]
) -> Iterator[Firing]:
    """Each way in which all of ``tests`` hold and none of ``unless``; the first test binds the component."""
    if not tests:
        return
    for bound in seen:
        if not matches(tests[0], bound):
            continue
        if all(holds(test, seen, bound) for test in tests[1:]) and not any(holds(test, seen, bound) for test in unless):
            yield Firing(bound)


def holds(test: EvidenceTest, seen: Sequence[Evidence], bound: Evidence | None) -> bool:
    found = any(
        matches(test, item) and (test.component != "same" or bound is None or item.component == bound.component)
        for item in seen
    )
    return found != test.negated


def matches(test: EvidenceTest, item: Evidence) -> bool:
    """As retrieval has it: faint evidence triggers nothing, and only a test that says so speaks of what is healthy."""
    if item.aspect is Aspect.NORMAL:
        return test.aspect == Aspect.NORMAL and retrieval.matches(test, item)
    return item.strength >= retrieval.FAINT and retrieval.matches(test, item)


def places(item: Evidence) -> dict[str, str]:
    """Components a rule could point to from this evidence, by Implies.at; the nearest first."""
    found = {"evidence": item.component, "node": item.node, "namespace": item.namespace}
    return {at: name for at, name in found.items() if name}


class Library:
    """Siblings and near misses with an index over the values they showed, so that a phrase is tried on each once.

    ``edges`` are who calls whom, as far as any session of the system tells it.
    """

    def __init__(
        self,
        siblings: Iterable[Neighbour],
        others: Iterable[Neighbour],
        *,
        names: Iterable[str] = (),
        vocabulary: Iterable[str] = (),
        edges: Iterable[tuple[str, str]] = (),
    ):
        self.vocabulary = tuple(vocabulary)
        self.edges = frozenset(edges)
        self._phrases: dict[str, tuple[str, ...]] = {}
        self.siblings = tuple(siblings)
        self.others = tuple(others)
        self._all_names = tuple(names)
        longest_first = sorted(
            {name.lower() for name in self._all_names if len(name) > 2}, key=lambda name: (-len(name), name)
        )
        alternatives = "|".join(map(re.escape, longest_first))
        self._names = re.compile(rf"(?<![\w-])({alternatives})(?![a-z0-9_])", re.IGNORECASE) if alternatives else None
        self._values: dict[tuple[str, str, str], int] = {}
        for number, neighbour in enumerate(self.others):
            for item in neighbour.everything:
                if item.strength < retrieval.FAINT and item.aspect is not Aspect.NORMAL:
                    continue
                key = (str(item.aspect), item.kind, item.value)
                self._values[key] = self._values.get(key, 0) | (1 << number)

    def names(self, text: str) -> bool:
        """Whether a text holds a component's name, be it as the beginning of a longer one."""
        return self._names is not None and self._names.search(text) is not None

    def phrases(self, value: str) -> tuple[str, ...]:
        """The phrases of a value that name no component, the longest first."""
        if value not in self._phrases:
            self._phrases[value] = tuple(phrase for phrase in phrases(value) if not self.names(phrase))
        return self._phrases[value]

    def of_agents(self) -> Library:
        """The same cases as the agent's own runs show them; a case without a run of its own is left out."""
        kept = [[n.of_agents() for n in group] for group in (self.siblings, self.others)]
        silent = [[n for n in group if n.sightings] for group in kept]
        return Library(*silent, names=self._all_names, vocabulary=self.vocabulary, edges=self.edges)

    def near_misses(self, test: EvidenceTest) -> int:
        """The near misses that a single test fires on, as a bit mask over ``others``."""
        compiled = _compiled(test.pattern) if test.pattern else None
        mask = 0
        for (aspect, kind, value), cases in self._values.items():
            if mask | cases == mask or (test.aspect and aspect != test.aspect) or (test.kind and kind != test.kind):
                continue
            if not test.aspect and aspect == Aspect.NORMAL:
                continue
            if compiled is None or compiled.search(value):
                mask |= cases
        return mask

    def named(self, mask: int) -> tuple[str, ...]:
        return tuple(other.name for number, other in enumerate(self.others) if mask >> number & 1)

    def of(self, mask: int) -> tuple[Neighbour, ...]:
        return tuple(other for number, other in enumerate(self.others) if mask >> number & 1)


@lru_cache(maxsize=20_000)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)
