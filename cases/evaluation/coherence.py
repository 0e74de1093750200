"""Logical coherence: does the causal chain hold from the root cause to the alerted symptom. No Django here.

Each check passes, fails or cannot be settled; a failed one is a break, named in words.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from cases.diagnosis import Claim, Conclusion, Diagnosis, Relation
from cases.evaluation.base import EvidenceSource, Finding
from cases.evaluation.components import mentioned, same
from cases.evaluation.contradictions import contradictions
from cases.evaluation.grounding import carrier
from cases.evaluation.intent import families
from cases.evaluation.quotes import normal
from cases.evaluation.rivals import told_apart
from cases.evaluation.timeline import alerted, time_order
from cases.transcript import Transcript

DEMAND = frozenset({"traffic", "saturation"})  # symptoms that a caller can put on what it calls
SUFFERED = frozenset({"latency", "errors", "unavailable", "restart", "pending"})  # those that it has from there
RESTATED = 0.6  # share of a claim's words that stand in the alert, from which on it restates it

Graph = Mapping[str, list[str]]


@dataclass(frozen=True)
class Coherence:
    """``value``: share of settled checks that pass; None where there is no conclusion to check, or none in this form."""

    value: float | None
    checks: dict[str, bool | None]
    findings: tuple[Finding, ...] = ()
    reason: str = ""

    @property
    def broken(self) -> bool:
        return any(passed is False for name, passed in self.checks.items() if name != "rival")


def cohere(transcript: Transcript, *, evidence: EvidenceSource | None = None) -> Coherence:
    """Check the chain of a diagnosis that names a cause; of the others, only that they do not contradict themselves."""
    diagnosis = transcript.diagnosis
    if diagnosis is None:
        return Coherence(None, {}, reason="no conclusion, so no chain")
    if not diagnosis.claims and transcript.engine in ("expert", "imported"):
        return Coherence(None, {}, reason="recorded without claims")
    opposed = contradictions(diagnosis)
    checks: dict[str, bool | None] = {"consistent": not opposed}
    findings = [*opposed]
    if diagnosis.conclusion is Conclusion.ROOT_CAUSE:
        for name, found in _chain(transcript, diagnosis, evidence).items():
            checks[name] = None if found is None else not found
            findings += found or []
        checks["rival"], untold = told_apart(transcript, diagnosis)
        findings += untold
    settled = [passed for passed in checks.values() if passed is not None]
    return Coherence(round(sum(settled) / len(settled), 4), checks, tuple(findings))


def _chain(
    transcript: Transcript, diagnosis: Diagnosis, evidence: EvidenceSource | None
) -> dict[str, list[Finding] | None]:
    """Check name -> breaks; None = cannot be settled."""
    root = carrier(diagnosis)
    if not diagnosis.chain:
        return {"connected": [Finding("no_chain", "Nothing says how the root cause leads to the symptom")]}
    effects: dict[str, list[str]] = defaultdict(list)
    causes: dict[str, list[str]] = defaultdict(list)
    for link in diagnosis.chain:
        if link.relation is not Relation.MASKS:  # what hides a symptom does not bring it about
            effects[link.cause].append(link.effect)
        if link.relation is Relation.CAUSES:
            causes[link.effect].append(link.cause)
    claims = {claim.id: claim for claim in diagnosis.claims}
    return {
        "acyclic": _cycles(effects),
        "connected": _connection(transcript, diagnosis, root, claims, effects),
        "root_first": _root_first(root, causes),
        "time_order": time_order(
            diagnosis,
            claims,
            effects=_reached(root.id, effects) if root else (),
            alerted=evidence.alerted_at if evidence else alerted(transcript),
        ),
        "topology": _direction(diagnosis, claims, evidence),
    }


def _reached(start: str, effects: Graph) -> set[str]:
    reached, waiting = {start}, [start]
    while waiting:
        for effect in effects.get(waiting.pop(), ()):
            if effect not in reached:
                reached.add(effect)
                waiting.append(effect)
    return reached


def _cycles(effects: Graph) -> list[Finding]:
    try:
        TopologicalSorter(effects).prepare()
    except CycleError as error:
        start = error.args[1][0]
        return [Finding("cycle", f"Claim {start} is, in the end, its own cause", claim=start)]
    return []


def _connection(
    transcript: Transcript, diagnosis: Diagnosis, root: Claim | None, claims: Mapping[str, Claim], effects: Graph
) -> list[Finding]:
    if root is None:
        return [Finding("chain_without_root", "The chain does not begin at a claim of the root cause")]
    starts = {root.id} | {cause.claim for cause in diagnosis.root_causes if cause.claim}
    reached = set().union(*(_reached(start, effects) for start in starts))
    if reached <= starts:
        return [Finding("chain_without_root", f"No link leads on from the root cause, claim {root.id}", claim=root.id)]
    gaps = [
        Finding("gap", f"Link {at}: nothing connects {link.cause} to the root cause", claim=link.cause)
        for at, link in enumerate(diagnosis.chain, 1)
        if link.cause not in reached and link.relation is Relation.CAUSES
    ]
    linked = {end for link in diagnosis.chain for end in (link.cause, link.effect)}
    symptoms = _symptoms(transcript, claims, linked)
    if not gaps and symptoms and not symptoms & reached:
        gaps = [Finding("symptom_not_reached", "The chain does not lead to what was alerted", claim=root.id)]
    return gaps


def _symptoms(transcript: Transcript, claims: Mapping[str, Claim], linked: set[str]) -> set[str]:
    """The claim that restates the alert, in the chain or not; else those in the chain that speak of its kind."""
    task = transcript.task
    alerted, words = families(task.prompt), _words(f"{task.prompt} {task.context.get('alert', '')}")
    alike = {name for name, claim in claims.items() if alerted & families(claim.text)}
    shares = {name: _share(_words(claim.text), words) for name, claim in claims.items()}
    most = max(shares.values(), default=0.0)
    return {name for name, share in shares.items() if share == most} if most >= RESTATED else alike & linked


def _words(text: str) -> set[str]:
    return {word for word in re.split(r"[^a-z0-9_]+", normal(text)) if len(word) > 3}


def _share(part: set[str], whole: set[str]) -> float:
    return len(part & whole) / len(part) if len(part) > 1 else 0.0


def _root_first(root: Claim | None, causes: Graph) -> list[Finding] | None:
    if root is None:
        return None
    return [
        Finding(
            "root_is_effect",
            f"Claim {root.id} is called the root cause, but the chain has {cause} cause it",
            claim=root.id,
        )
        for cause in causes.get(root.id, ())
        if cause != root.id
    ]


def _direction(
    diagnosis: Diagnosis, claims: Mapping[str, Claim], evidence: EvidenceSource | None
) -> list[Finding] | None:
    """An effect must depend on its cause: failure and waiting travel from a callee to its callers.

    Demand travels the other way, and two callers of one thing disturb each other through it: such links stay open.
    """
    if evidence is None:
        return None
    settled, breaks = False, []
    for at, link in enumerate(diagnosis.chain, 1):
        one, other = claims[link.cause], claims[link.effect]
        cause, effect = (_component_of(claim, diagnosis, evidence) for claim in (one, other))
        if link.relation is Relation.MASKS or not cause or not effect or same(cause, effect):
            continue
        along, against = evidence.depends(effect, cause), evidence.depends(cause, effect)
        if along is None or (along is False and against is None):
            continue
        if along is False and (_demands(one, other) if against else _share_one(cause, effect, evidence)):
            continue
        settled = True
        if along is False:
            code, why = (
                ("reversed_edge", f"it is {cause} that depends on {effect}")
                if against
                else ("missing_edge", f"{effect} does not depend on {cause}")
            )
            breaks.append(Finding(code, f"Link {at}: {why}", claim=link.effect))
    return breaks if settled else None


def _demands(cause: Claim, effect: Claim) -> bool:
    """Whether a caller may have put load on its callee: the effect is load, and the cause more than a symptom of it."""
    suffers, felt = families(cause.text), families(effect.text)
    return bool(felt & DEMAND) and ("traffic" in suffers or not suffers & SUFFERED)


def _share_one(cause: str, effect: str, evidence: EvidenceSource) -> bool:
    return any(evidence.depends(cause, shared) and evidence.depends(effect, shared) for shared in evidence.components)


def _component_of(claim: Claim, diagnosis: Diagnosis, evidence: EvidenceSource) -> str:
    """The one component a claim is about; "" where it speaks of none or of several."""
    if claim.predicate and isinstance(name := claim.predicate.arguments.get("component"), str):
        return name
    if carried := [cause.component for cause in diagnosis.root_causes if cause.claim == claim.id]:
        return carried[0]
    low = claim.text.lower()
    named = [name for name in evidence.components if mentioned(name, low)]
    longest = [name for name in named if not any(name != other and name in other for other in named)]
    return longest[0] if len(longest) == 1 else ""
