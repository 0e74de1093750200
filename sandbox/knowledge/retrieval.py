"""Which rules apply in a situation, to what, and which runs a change of rules can touch. No Django here."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from cases.transcript import Transcript
from sandbox.knowledge.evidence import Aspect, Evidence
from sandbox.knowledge.rule import ConclusionTest, EvidenceTest, Knowledge, Rule, SymptomTest, Test, ToolTest

FAINT = 0.4  # evidence below this is history or hearsay: it triggers no rule
ANY_CONCLUSION = object()  # holds every ConclusionTest true: for proofs that a rule cannot have been retrieved


@dataclass(frozen=True)
class Binding:
    """What a trigger was about: fills $component, $namespace, $node and $object."""

    component: str = ""
    namespace: str = ""
    node: str = ""
    object: str = ""
    evidence: Evidence | None = None


@dataclass(frozen=True)
class Situation:
    """All that a trigger may ask of. ``conclusion`` is a fault class about to be concluded, None or ANY_CONCLUSION."""

    evidence: Sequence[Evidence] = ()
    families: Collection[str] = ()  # symptom families of the alert
    tools: Collection[str] = ()
    symptom_components: Collection[str] = ()
    conclusion: object = None


class Facts(Protocol):
    """What the readers know of the surroundings: a ``CaseFile``."""

    nodes: dict[str, str]
    edges: set[tuple[str, str]]
    control: list[str]

    def home(self, component: str) -> str: ...


def triggered(rule: Rule, situation: Situation) -> tuple[Binding, ...]:
    """One binding for each component that the rule's trigger matches, strongest evidence first; empty = not triggered."""
    if not all(_holds(test, situation) for test in rule.when if not _binds(test)):
        return ()
    binding = [test for test in rule.when if _binds(test)]
    bindings = _bindings(binding, situation) if binding else (Binding(component=_symptom(situation)),)
    return tuple(
        found for found in bindings if not any(_holds(test, situation, found.component) for test in rule.unless)
    )


def places(at: str, binding: Binding, facts: Facts) -> list[str]:
    """The components at which an Implies with this ``at`` points, for one binding. A pod without a node is the control plane's."""
    match at:
        case "node":
            return [node_of(binding, facts) or binding.component]
        case "namespace":
            return [binding.namespace or facts.home(binding.component) or binding.component]
        case "callee":
            return beside(at, binding.component, facts)[:3] or [binding.component]
        case "caller":
            return beside(at, binding.component, facts)[:3] or [binding.component]
    return [binding.component]


def beside(way: str, component: str, facts: Facts) -> list[str]:
    """What a component calls ("callee"), or what calls it ("caller"), by name, as far as that is known."""
    if way == "callee":
        return sorted({callee for caller, callee in facts.edges if caller == component})
    return sorted({caller for caller, callee in facts.edges if callee == component})


def node_of(binding: Binding, facts: Facts) -> str:
    """The node that a binding is on, else the first of the control plane; "" where none is known."""
    return binding.node or facts.nodes.get(binding.component, "") or (facts.control[0] if facts.control else "")


def affected(transcript: Transcript, base: Knowledge, candidate: Knowledge) -> int | None:
    """Index of the first decision of this base run at which a rule that differs could have been retrieved.

    None is a proof, by induction over the decisions, that the offline agent under ``candidate`` makes the
    very same run: it sees rules only when they trigger, and no rule that differs triggers on any prefix of
    it, whatever the agent was about to conclude. For another engine nothing is claimed: the answer is 0.
    An index equal to the number of steps means: only the conclusion can differ.
    """
    different = differing(base, candidate)
    if not different:
        return None
    if transcript.engine != "offline":
        return 0
    from sandbox.agents.offline.read import CaseFile

    profile = transcript.parameters.get("profile") or {}
    dropped, masked = profile.get("dropped_rules") or (), profile.get("masked_tools") or ()
    different = [rule for rule in different if rule.name not in dropped]
    tools = {tool.name for tool in transcript.task.tools} - set(masked)
    file = CaseFile(transcript.task)
    for number in range(len(transcript.steps) + 1):
        if number:
            file.add(transcript.steps[number - 1])
        situation = Situation(
            file.evidence, file.alert.families, tools, file.symptom_components(), conclusion=ANY_CONCLUSION
        )
        if any(triggered(rule, situation) for rule in different):
            return number
    return None


def differing(base: Knowledge, candidate: Knowledge) -> list[Rule]:
    """The rules that the two do not share, by name; one that changed stands as it was and as it is."""
    old, new = ({rule.name: rule for rule in knowledge.rules} for knowledge in (base, candidate))
    changed = [name for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name)]
    return [rule for name in changed for rule in (old.get(name), new.get(name)) if rule is not None]


def _binds(test: Test) -> bool:
    return isinstance(test, EvidenceTest) and not test.negated


def _symptom(situation: Situation) -> str:
    return min(situation.symptom_components, default="")


def matches(test: EvidenceTest, evidence: Evidence) -> bool:
    """Whether one piece of evidence has every field the test gives, ``component`` aside; faint evidence matches nothing."""
    return (
        (evidence.strength >= FAINT or evidence.aspect is Aspect.NORMAL)
        and (not test.aspect or evidence.aspect == test.aspect)
        and (not test.tool or evidence.tool == test.tool)
        and (not test.kind or evidence.kind == test.kind)
        and (not test.pattern or _found(test.pattern, evidence.value))
    )


@lru_cache(maxsize=50_000)
def _found(pattern: str, value: str) -> bool:
    return re.search(pattern, value, re.IGNORECASE) is not None


def _evidence_for(test: EvidenceTest, situation: Situation, component: str | None) -> list[Evidence]:
    return [
        one
        for one in situation.evidence
        if (test.aspect == Aspect.NORMAL or one.aspect is not Aspect.NORMAL or not test.aspect)
        and matches(test, one)
        and (test.component != "symptom" or one.component in situation.symptom_components)
        and (test.component != "same" or component is None or one.component == component)
    ]


def _holds(test: Test, situation: Situation, component: str | None = None) -> bool:
    match test:
        case EvidenceTest():
            return bool(_evidence_for(test, situation, component)) != test.negated
        case SymptomTest():
            return any(family in situation.families for family in test.families)
        case ToolTest():
            return test.name in situation.tools
        case ConclusionTest():
            if situation.conclusion is ANY_CONCLUSION:
                return True
            return isinstance(situation.conclusion, str) and _found(test.pattern, situation.conclusion)
    raise TypeError(f"no such test: {test!r}")


def _bindings(tests: list[EvidenceTest], situation: Situation) -> tuple[Binding, ...]:
    """The first test binds the component; a "same" test must hold for it, any other for some evidence."""
    first, rest = tests[0], tests[1:]
    found: dict[str, Evidence] = {}
    for one in _evidence_for(first, situation, None):
        if one.component not in found or one.strength > found[one.component].strength:
            found[one.component] = one
    kept = [one for component, one in found.items() if all(_evidence_for(test, situation, component) for test in rest)]
    kept.sort(key=lambda one: (-one.strength, one.component))
    return tuple(Binding(one.component, one.namespace, one.node, one.object or one.component, one) for one in kept)
