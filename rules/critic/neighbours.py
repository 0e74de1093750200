"""What is known around a failed case: siblings of its class, near misses of others, and what each showed. No Django here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from sandbox.agents.offline.read import evidence_of

from cases.transcript import Transcript
from sandbox.knowledge.evidence import Aspect, Evidence
from sandbox.knowledge.rule import EvidenceTest


@dataclass(frozen=True)
class Neighbour:
    """A case whose answer is known, with a run of the agent as it is now.

    ``others`` are further sessions of it, experts' above all: they show what the agent does not look at.
    ``component`` is where the fault is; without it a sibling cannot say whether a rule points to the right place.
    """

    name: str
    fault_class: str
    transcript: Transcript | None = None
    passed: bool | None = None
    component: str = ""
    others: tuple[Transcript, ...] = ()

    @cached_property
    def sightings(self) -> tuple[tuple[Evidence, ...], ...]:
        """The evidence of each of its sessions."""
        known = (self.transcript, *self.others) if self.transcript else self.others
        return tuple(seen_in(transcript) for transcript in known)

    @cached_property
    def everything(self) -> tuple[Evidence, ...]:
        """All that any of its sessions saw: the worst case for a rule that should stay silent."""
        return tuple(dict.fromkeys(item for sighting in self.sightings for item in sighting))


def seen_in(transcript: Transcript) -> tuple[Evidence, ...]:
    """What a session's returns say, read once for each different session."""
    key = transcript.digest()
    if key not in _SEEN:
        if len(_SEEN) >= 4000:
            _SEEN.clear()
        _SEEN[key] = evidence_of(transcript.task, transcript.steps)
    return _SEEN[key]


_SEEN: dict[str, tuple[Evidence, ...]] = {}


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
    """Whether one evidence has every field the test gives."""
    if test.aspect:
        if item.aspect != test.aspect:
            return False
    elif item.aspect is Aspect.NORMAL:
        return False
    if (test.kind and item.kind != test.kind) or (test.tool and item.tool != test.tool):
        return False
    return not test.pattern or bool(_compiled(test.pattern).search(item.value))


def places(item: Evidence) -> dict[str, str]:
    """Components a rule could point to from this evidence, by Implies.at; the nearest first."""
    found = {"evidence": item.component, "node": item.node, "namespace": item.namespace}
    return {at: name for at, name in found.items() if name}


class Library:
    """Siblings and near misses with an index over the values they showed, so that a phrase is tried on each once."""

    def __init__(self, siblings: Iterable[Neighbour], others: Iterable[Neighbour], *, names: Iterable[str] = ()):
        self.siblings = tuple(siblings)
        self.others = tuple(others)
        longest_first = sorted({name.lower() for name in names if len(name) > 2}, key=lambda name: (-len(name), name))
        alternatives = "|".join(map(re.escape, longest_first))
        self._names = re.compile(rf"(?<![\w-])({alternatives})(?![\w-])", re.IGNORECASE) if alternatives else None
        self._values: dict[tuple[str, str, str], int] = {}
        for number, neighbour in enumerate(self.others):
            for item in neighbour.everything:
                key = (str(item.aspect), item.kind, item.value)
                self._values[key] = self._values.get(key, 0) | (1 << number)

    def speakable(self, phrase: str) -> bool:
        """Whether a phrase is free of component names."""
        return self._names is None or not self._names.search(phrase)

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
