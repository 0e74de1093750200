"""Which components look ill, and how much, whatever the class of their fault. No Django here."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.agents.offline.read import CaseFile
from sandbox.agents.offline.readers.tables import HOG
from sandbox.knowledge.evidence import Aspect, Evidence

WEIGHT = {
    Aspect.STATE: 1.0, Aspect.READINESS: 1.0, Aspect.RESTART: 0.8, Aspect.EVENT: 0.9, Aspect.LOG: 0.45, Aspect.CONFIG: 1.0,
    Aspect.SATURATION: 0.9, Aspect.LATENCY: 0.6, Aspect.ERRORS: 0.5, Aspect.TRAFFIC: 0.35, Aspect.GROWTH: 0.7,
    Aspect.FLATLINE: 0.5, Aspect.CONNECTIVITY: 0.8, Aspect.QUOTA: 0.7, Aspect.CHANGE: 0.5, Aspect.QUERY: 0.9,
    Aspect.LOCK: 0.9, Aspect.TRACE: 0.6, Aspect.CERTIFICATE: 1.0, Aspect.ABSENCE: 0.9, Aspect.NORMAL: 0.0,
}  # fmt: skip
DEEP = {Aspect.QUERY, Aspect.LOCK}
SHALLOW = {Aspect.SATURATION, Aspect.LATENCY, Aspect.ERRORS, Aspect.LOG, Aspect.TRACE}
OWN = {Aspect.TRACE, Aspect.LOG, Aspect.SATURATION, Aspect.RESTART, Aspect.STATE}  # a component's own, not its callee's
HARMLESS = {Aspect.TRAFFIC, Aspect.CHANGE}  # what may be seen of a component that is well
HISTORY = {Aspect.EVENT, Aspect.STATE}  # of an object that is well by now: counts little
LOUD = 1.5
ALIKE = 0.5  # of the most suspicious one's share: ill as well
MANY = 4  # so many ill at once point beneath them: at their nodes, at the network
EXPLAINED = 0.4  # of its suspicion that a caller keeps whose callee is ill as well
SHARED = 0.6  # of its caller's suspicion that a callee gets of which nothing is known
SERVES = 0.4  # what using far more than all others says of one that they call: it may well need that much
APART = 0.85  # that a node gets where several are ill and none of them explains the others
LEAST = 0.4  # the most suspicious one looks ill from here on


@dataclass(frozen=True)
class Effects:
    """What rules say of hypotheses: added log-odds at (component, class), taken ones by class, and noise."""

    implied: tuple[tuple[str, str, float, Evidence | None], ...] = ()
    symptoms: tuple[tuple[str, float], ...] = ()
    noise: frozenset[tuple[Aspect, str, str]] = frozenset()

    def hides(self, one: Evidence) -> bool:
        return (one.aspect, one.component, one.value) in self.noise


NO_EFFECTS = Effects()
Weighed = list[tuple[float, Evidence]]


@dataclass(frozen=True)
class Suspects:
    """Whom to look at next. ``shares`` are of the most suspicious one's suspicion, ``loud`` those with trouble of their own."""

    shares: dict[str, float] = field(default_factory=dict)
    loud: dict[str, float] = field(default_factory=dict)
    beneath: bool = False  # many are ill at once
    unmapped: bool = False  # several are ill, and nothing tells which of them calls which


def suspects(file: CaseFile, effects: Effects = NO_EFFECTS) -> Suspects:
    """Whom what was seen so far points to.

    A caller is explained by a callee that is ill as well; a callee of which nothing is known shares its caller's
    suspicion; where many are ill, so do the nodes beneath them.
    """
    places = by_place(file, effects)
    troubles = {name: [one for one in weighed if one[1].aspect not in HARMLESS] for name, weighed in places.items()}
    own = {name: worth for name, worth in _worths(troubles).items() if name and worth > 0}
    beneath = sum(worth >= ALIKE * max(own.values()) for worth in own.values()) >= MANY
    shares = _shares(own, file, _doubt_of_nodes(own, file) if beneath else 0.0)
    ill = {name for name, share in shares.items() if share >= ALIKE}
    mapped = any(caller in ill and callee in ill for caller, callee in file.edges)
    return Suspects(shares, _loud(places, file), beneath, len(ill) > 2 and not mapped)


def _doubt_of_nodes(own: dict[str, float], file: CaseFile) -> float:
    """More where the ill ones do not all end at one of them: no path of calls explains that."""
    ill = {name for name, worth in own.items() if worth >= ALIKE * max(own.values())}
    ends = ill - _explained_callers(own, file)
    return APART if file.edges and len(ends) > 1 else SHARED


def _explained_callers(own: dict[str, float], file: CaseFile) -> set[str]:
    return {caller for caller, callee in file.edges if caller in own and own.get(callee, 0.0) >= ALIKE * own[caller]}


def _shares(own: dict[str, float], file: CaseFile, nodes: float) -> dict[str, float]:
    explained = _explained_callers(own, file)
    told = {name: worth * (EXPLAINED if name in explained else 1.0) for name, worth in own.items()}
    most = max(LEAST, *told.values()) if told else LEAST
    found = {name: worth / most for name, worth in told.items()}
    seen = {*told, *(one.component for one in file.evidence if one.aspect is Aspect.NORMAL)}
    for caller, callee in sorted(file.edges):
        if caller in told and callee not in seen:
            found[callee] = max(found.get(callee, 0.0), SHARED * told[caller] / most)
    for node in file.names.get("nodes", ()) if nodes else ():
        if node not in seen:
            found[node] = nodes
    return found


def _loud(places: dict[str, Weighed], file: CaseFile) -> dict[str, float]:
    told = {name: worth for name, worth in suspicions(places, file).items() if name and _has_own(places[name])}
    most = max(told.values(), default=0.0)
    return {name: worth / most for name, worth in told.items()} if most > 0 else {}


def by_place(file: CaseFile, effects: Effects) -> dict[str, Weighed]:
    """What speaks against each component, each piece with its worth."""
    found: dict[str, Weighed] = {}
    for one in file.evidence:
        if one.aspect is Aspect.NORMAL or effects.hides(one):
            continue
        found.setdefault(one.component, []).append((worth_of(one, file), one))
    for weighed in found.values():
        weighed[:] = _explained(weighed)
    return found


def suspicions(places: dict[str, Weighed], file: CaseFile) -> dict[str, float]:
    """How much speaks against each component; of a caller half of it where its callee is as suspicious."""
    own = _worths(places)
    told = dict(own)
    for caller, callee in sorted(file.edges):
        if caller in told and own.get(callee, 0.0) > own[caller] * 0.9:
            told[caller] = min(told[caller], own[caller] * 0.5)
    if "" in told:
        told[""] *= 0.3
    return told


def worth_of(one: Evidence, file: CaseFile) -> float:
    """How much a piece of evidence says, from 0 to 1."""
    worth = WEIGHT[one.aspect] * min(1.0, one.strength / 2)
    settled = one.object in file.healthy or (one.kind != "pod" and one.component in file.healthy)
    ill = one.object in file.ailing or one.component in file.ailing
    if one.aspect is Aspect.LOG and ill:
        worth *= 1.5
    if one.aspect in HISTORY and one.kind != "metric" and settled and not ill:
        worth *= 0.15
    if HOG in one.value and any(callee == one.component for _, callee in file.edges):
        worth *= SERVES
    return worth


def _worths(places: dict[str, Weighed]) -> dict[str, float]:
    """The strongest pieces against each component, the next ones counting less and less."""
    found = {}
    for component, weighed in places.items():
        best = sorted({(worth, one.aspect) for worth, one in weighed}, reverse=True)[:4]
        found[component] = sum(worth / (1 + rank) for rank, (worth, _) in enumerate(best))
    return found


def _has_own(weighed: Weighed) -> bool:
    return any(one.aspect in OWN and one.strength >= LOUD for _, one in weighed)


def _explained(weighed: Weighed) -> Weighed:
    """What a component waits for explains that it is full, slow or failing: those then say less by themselves."""
    deep = max((worth for worth, one in weighed if one.aspect in DEEP), default=0.0)
    return [(worth * (1 - 0.45 * deep) if one.aspect in SHALLOW else worth, one) for worth, one in weighed]
