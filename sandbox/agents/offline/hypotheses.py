"""What could be wrong, where, and how likely that is: log-odds from evidence, topology and rules. No Django here."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from sandbox.agents.offline.lexicon import FAMILIES, KNOWN, UNKNOWN, WEAK, concepts_in, concepts_of_class
from sandbox.agents.offline.read import CaseFile
from sandbox.agents.offline.suspicion import NO_EFFECTS, Effects, by_place, suspicions
from sandbox.knowledge.evidence import Aspect, Evidence

GAIN = 4.0  # log-odds of evidence that speaks of every word of a class
ALONE = 0.7  # how much one piece of evidence that says it all counts, against pieces of it here and there
SUSPICION = 0.9
CLEARED = 2.0  # log-odds that a class loses at a component which a check clears of it
DENIES = re.compile(r"(\w+ has not \w+)$")
NODE_DAEMONS = {"kubelet", "containerd", "proxy"}


@dataclass(frozen=True)
class Hypothesis:
    component: str
    fault_class: str
    score: float
    evidence: tuple[Evidence, ...]  # what speaks for it, strongest first
    ruled: float = 0.0  # of the score, what rules gave


@lru_cache(maxsize=64)
def weights_of(vocabulary: tuple[str, ...]) -> dict[str, tuple[tuple[str, float], ...]]:
    """For each class its concepts and how telling each is: rare in the vocabulary, not a weak word."""
    classes = {name: concepts_of_class(name) for name in vocabulary}
    count: dict[str, int] = {}
    for concepts in classes.values():
        for concept in concepts:
            count[concept] = count.get(concept, 0) + 1
    size = len(classes) + 1
    return {
        name: tuple(
            sorted(
                (one, math.log(1 + size / count[one]) * WEAK.get(one, 1.0 if one in KNOWN else UNKNOWN))
                for one in concepts
            )
        )
        for name, concepts in classes.items()
    }


def scored(file: CaseFile, vocabulary: tuple[str, ...], effects: Effects = NO_EFFECTS) -> list[Hypothesis]:
    """Every (component, fault class) that anything speaks for, most likely first; equal ones by name."""
    vocabulary = vocabulary or FAMILIES
    places = by_place(file, effects)
    suspicion = suspicions(places, file)
    cleared = _cleared(file, vocabulary)
    found: dict[tuple[str, str], tuple[float, list[tuple[float, Evidence]]]] = {}
    for component, weighed in places.items():
        spoken = [(worth, one, concepts_in(f"{one.aspect} {one.kind} {one.value}")) for worth, one in weighed]
        carried: dict[str, float] = {}
        for worth, _, concepts in spoken:
            for concept in concepts:
                carried[concept] = max(carried.get(concept, 0.0), worth)
        for fault_class, weights in weights_of(vocabulary).items():
            total = sum(weight for _, weight in weights)
            together = sum(weight * carried.get(concept, 0.0) for concept, weight in weights) / total
            if together < 0.12:
                continue
            alone, speaking = 0.0, []
            for worth, one, concepts in spoken:
                said = worth * sum(weight for concept, weight in weights if concept in concepts) / total
                alone = max(alone, said)
                if said > 0.15:
                    speaking.append((said, one))
            matched = ALONE * alone + (1 - ALONE) * together
            place = _place(component, fault_class, weighed, file)
            score = GAIN * matched + SUSPICION * suspicion.get(component, 0.0) - 1.0
            score -= CLEARED * (fault_class in cleared and component in cleared[fault_class])
            known = found.get((place, fault_class))
            if known is None or known[0] < score:
                found[place, fault_class] = (score, (speaking or weighed) + (known[1] if known else []))
    hypotheses = [_hypothesis(place, name, score, weighed) for (place, name), (score, weighed) in found.items()]
    return _ruled(hypotheses, effects)


def _cleared(file: CaseFile, vocabulary: tuple[str, ...]) -> dict[str, set[str]]:
    """Class -> components of which a check says that just this is not so: a certificate that has not expired."""
    denied = [(concepts_in(found[1]), one.component) for one in file.evidence if (found := _denial(one))]
    return {
        name: {component for concepts, component in denied if concepts_of_class(name) <= concepts}
        for name in (vocabulary if denied else ())
    }


def _denial(one: Evidence) -> re.Match[str] | None:
    return DENIES.match(one.value) if one.aspect is Aspect.NORMAL else None


def _place(component: str, fault_class: str, weighed: Sequence[tuple[float, Evidence]], file: CaseFile) -> str:
    """A fault of a namespace or of a node's daemon is there, wherever it shows."""
    concepts = concepts_of_class(fault_class)
    if "namespace" in concepts:
        return next((one.namespace for _, one in weighed if one.namespace), component)
    if "scheduler" in concepts:
        return file.control[0] if file.control else component
    if concepts & NODE_DAEMONS:
        ranked = sorted(weighed, key=lambda pair: (-pair[0], pair[1].value))
        return next((one.node for _, one in ranked if one.node), component)
    return component


def _hypothesis(place: str, name: str, score: float, weighed: list[tuple[float, Evidence]]) -> Hypothesis:
    ranked = sorted(weighed, key=lambda pair: (-pair[0], pair[1].step, pair[1].value))
    return Hypothesis(place, name, round(score, 6), tuple(dict.fromkeys(one for _, one in ranked))[:6])


def _ruled(hypotheses: list[Hypothesis], effects: Effects) -> list[Hypothesis]:
    known = {(one.component, one.fault_class): one for one in hypotheses}
    for component, fault_class, weight, evidence in effects.implied:
        one = known.get((component, fault_class)) or Hypothesis(component, fault_class, 0.0, ())
        support = (evidence, *one.evidence) if evidence is not None else one.evidence
        known[component, fault_class] = Hypothesis(
            component, fault_class, one.score + weight, tuple(dict.fromkeys(support))[:6], one.ruled + weight
        )
    for fault_class, weight in effects.symptoms:
        for place, one in list(known.items()):
            if one.fault_class == fault_class:
                known[place] = Hypothesis(
                    one.component, fault_class, one.score - weight, one.evidence, one.ruled - weight
                )
    return sorted(known.values(), key=lambda one: (-one.score, one.component, one.fault_class))


def chances(hypotheses: Sequence[Hypothesis], most: int = 12) -> list[tuple[Hypothesis, float]]:
    """The likeliest hypotheses with their probabilities, beside "something else" at log-odds 1.5."""
    best = list(hypotheses[:most])
    total = math.exp(1.5) + sum(math.exp(min(one.score, 30.0)) for one in best)
    return [(one, math.exp(min(one.score, 30.0)) / total) for one in best]
