"""What could be wrong, where, and how likely that is: log-odds from evidence, topology and rules. No Django here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from sandbox.agents.offline.lexicon import FAMILIES, KNOWN, UNKNOWN, WEAK, concepts_in, concepts_of_class
from sandbox.agents.offline.read import CaseFile
from sandbox.knowledge.evidence import Aspect, Evidence

GAIN = 4.0  # log-odds of evidence that speaks of every word of a class
ALONE = 0.7  # how much one piece of evidence that says it all counts, against pieces of it here and there
SUSPICION = 0.9
NODE_DAEMONS = {"kubelet", "containerd", "proxy"}
WEIGHT = {
    Aspect.STATE: 1.0, Aspect.READINESS: 1.0, Aspect.RESTART: 0.8, Aspect.EVENT: 0.9, Aspect.LOG: 0.45, Aspect.CONFIG: 1.0,
    Aspect.SATURATION: 0.9, Aspect.LATENCY: 0.6, Aspect.ERRORS: 0.5, Aspect.TRAFFIC: 0.35, Aspect.GROWTH: 0.7,
    Aspect.FLATLINE: 0.5, Aspect.CONNECTIVITY: 0.8, Aspect.QUOTA: 0.7, Aspect.CHANGE: 0.5, Aspect.QUERY: 0.9,
    Aspect.LOCK: 0.9, Aspect.TRACE: 0.6, Aspect.CERTIFICATE: 1.0, Aspect.ABSENCE: 0.9, Aspect.NORMAL: 0.0,
}  # fmt: skip
DEEP = {Aspect.QUERY, Aspect.LOCK}
SHALLOW = {Aspect.SATURATION, Aspect.LATENCY, Aspect.ERRORS, Aspect.LOG, Aspect.TRACE}
OWN = {Aspect.TRACE, Aspect.LOG, Aspect.SATURATION, Aspect.RESTART, Aspect.STATE}  # a component's own, not its callee's
LOUD = 1.5
HISTORY = {Aspect.EVENT, Aspect.STATE}  # of an object that is well by now: counts little


@dataclass(frozen=True)
class Hypothesis:
    component: str
    fault_class: str
    score: float
    evidence: tuple[Evidence, ...]  # what speaks for it, strongest first
    ruled: float = 0.0  # of the score, what rules gave


@dataclass(frozen=True)
class Effects:
    """What rules say of hypotheses: added log-odds at (component, class), taken ones by class, and noise."""

    implied: tuple[tuple[str, str, float, Evidence | None], ...] = ()
    symptoms: tuple[tuple[str, float], ...] = ()
    noise: frozenset[tuple[Aspect, str, str]] = frozenset()

    def hides(self, one: Evidence) -> bool:
        return (one.aspect, one.component, one.value) in self.noise


NO_EFFECTS = Effects()


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


def worth_of(one: Evidence, file: CaseFile) -> float:
    """How much a piece of evidence says, from 0 to 1."""
    worth = WEIGHT[one.aspect] * min(1.0, one.strength / 2)
    settled = one.object in file.healthy or (one.kind != "pod" and one.component in file.healthy)
    ill = one.object in file.ailing or one.component in file.ailing
    if one.aspect is Aspect.LOG and ill:
        worth *= 1.5
    if one.aspect in HISTORY and settled and not ill:
        worth *= 0.15
    return worth


def scored(file: CaseFile, vocabulary: tuple[str, ...], effects: Effects = NO_EFFECTS) -> list[Hypothesis]:
    """Every (component, fault class) that anything speaks for, most likely first; equal ones by name."""
    vocabulary = vocabulary or FAMILIES
    by_place = _by_place(file, effects)
    suspicion = _suspicions(by_place, file)
    found: dict[tuple[str, str], tuple[float, list[tuple[float, Evidence]]]] = {}
    for component, weighed in by_place.items():
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
            known = found.get((place, fault_class))
            if known is None or known[0] < score:
                found[place, fault_class] = (score, (speaking or weighed) + (known[1] if known else []))
    hypotheses = [_hypothesis(place, name, score, weighed) for (place, name), (score, weighed) in found.items()]
    return _ruled(hypotheses, effects)


def looks_ill(file: CaseFile, effects: Effects = NO_EFFECTS) -> dict[str, float]:
    """Component with loud trouble of its own -> how ill it looks, as a share of the most suspicious one's."""
    by_place = _by_place(file, effects)
    told = {name: worth for name, worth in _suspicions(by_place, file).items() if name and _own(by_place[name])}
    most = max(told.values(), default=0.0)
    return {name: worth / most for name, worth in told.items()} if most > 0 else {}


def _by_place(file: CaseFile, effects: Effects) -> dict[str, list[tuple[float, Evidence]]]:
    """What speaks against each component, each piece with its worth."""
    by_place: dict[str, list[tuple[float, Evidence]]] = {}
    for one in file.evidence:
        if one.aspect is Aspect.NORMAL or effects.hides(one):
            continue
        by_place.setdefault(one.component, []).append((worth_of(one, file), one))
    for weighed in by_place.values():
        weighed[:] = _explained(weighed)
    return by_place


def _own(weighed: list[tuple[float, Evidence]]) -> bool:
    return any(one.aspect in OWN and one.strength >= LOUD for _, one in weighed)


def _explained(weighed: list[tuple[float, Evidence]]) -> list[tuple[float, Evidence]]:
    """What a component waits for explains that it is full, slow or failing: those then say less by themselves."""
    deep = max((worth for worth, one in weighed if one.aspect in DEEP), default=0.0)
    return [(worth * (1 - 0.45 * deep) if one.aspect in SHALLOW else worth, one) for worth, one in weighed]


def _suspicions(by_place: dict[str, list[tuple[float, Evidence]]], file: CaseFile) -> dict[str, float]:
    own = {}
    for component, weighed in by_place.items():
        best = sorted({(worth, one.aspect) for worth, one in weighed}, reverse=True)[:4]
        own[component] = sum(worth / (1 + rank) for rank, (worth, _) in enumerate(best))
    told = dict(own)
    for caller, callee in sorted(file.edges):
        if caller in told and own.get(callee, 0.0) > own[caller] * 0.9:
            told[caller] = min(told[caller], own[caller] * 0.5)
    if "" in told:
        told[""] *= 0.3
    return told


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
