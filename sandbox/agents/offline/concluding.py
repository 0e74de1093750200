"""From hypotheses to a structured diagnosis: claims with quotes, a chain, rivals, mitigations. No Django here."""

from __future__ import annotations

from collections.abc import Sequence

from cases.diagnosis import (
    Claim,
    ClaimKind,
    Conclusion,
    Diagnosis,
    Link,
    Mitigation,
    MitigationKind,
    Ref,
    Rejected,
    RootCause,
)
from sandbox.agents.offline.hypotheses import Hypothesis
from sandbox.agents.offline.lexicon import concepts_of_class
from sandbox.agents.offline.names import MARK
from sandbox.agents.offline.read import CaseFile
from sandbox.knowledge.evidence import Aspect, Evidence

SYMPTOMS = (
    Aspect.LATENCY,
    Aspect.ERRORS,
    Aspect.READINESS,
    Aspect.LOG,
    Aspect.CONNECTIVITY,
    Aspect.RESTART,
    Aspect.TRAFFIC,
    Aspect.STATE,
)
EXHAUSTED = {"pool", "exhaustion", "capacity", "overload", "quota", "oom", "full"}


def no_fault(file: CaseFile) -> Diagnosis:
    """Looked at, and nothing is wrong."""
    seen = [one for one in file.evidence if one.aspect is Aspect.NORMAL]
    claims = tuple(
        Claim(f"o{number}", ClaimKind.OBSERVATION, _said(one), (_ref(one),)) for number, one in enumerate(seen[:6], 1)
    )
    return Diagnosis(
        Conclusion.NO_FAULT,
        claims=claims,
        summary="Nothing anomalous was found in a sweep of what the tools show.",
        frame=_frame(file),
    )


def inconclusive(file: CaseFile, hypotheses: Sequence[Hypothesis], missing: Sequence[str]) -> Diagnosis:
    """What is suspected, and what would settle it."""
    seen = [one for hypothesis in hypotheses[:3] for one in hypothesis.evidence[:1]]
    claims = tuple(
        Claim(f"o{number}", ClaimKind.OBSERVATION, _said(one), (_ref(one),))
        for number, one in enumerate(dict.fromkeys(seen), 1)
    )
    suspected = ", ".join(f"{one.fault_class} at {one.component or 'an unnamed component'}" for one in hypotheses[:3])
    return Diagnosis(
        Conclusion.INCONCLUSIVE,
        claims=claims,
        summary=f"Not settled. Suspected: {suspected}." if suspected else "Not settled.",
        frame=_frame(file),
        missing=tuple(missing) or ("evidence that tells the suspected causes apart",),
    )


def root_cause(file: CaseFile, hypotheses: Sequence[Hypothesis], confidence: float) -> Diagnosis:
    """The leading hypothesis as a grounded diagnosis."""
    best = hypotheses[0]
    support = list(best.evidence[:4])
    cause = Claim(
        "cause",
        ClaimKind.INFERENCE,
        f"{best.fault_class.replace('_', ' ')} at {best.component or 'the system'}: {_said(support[0]) if support else 'by rule'}",
        tuple(_ref(one) for one in support[:3]),
    )
    claims, links = [cause], []
    effect = _symptom(file, best, support)
    for number, one in enumerate([*support[1:3], *([effect] if effect else [])], 1):
        claims.append(Claim(f"o{number}", ClaimKind.OBSERVATION, _said(one), (_ref(one),)))
    previous = "cause"
    if effect is not None:
        links.append(Link(previous, claims[-1].id))
        previous = claims[-1].id
    if len(support) > 1:
        links.append(Link("cause", "o1"))
    links = list(dict.fromkeys(links))
    mitigation, kind = _mitigation(best)
    claims.append(Claim("fix", ClaimKind.MITIGATION, mitigation))
    return Diagnosis(
        Conclusion.ROOT_CAUSE,
        root_causes=(
            RootCause(
                component=best.component or "unknown",
                fault_class=best.fault_class,
                mechanism=_said(support[0]) if support else "",
                confidence=round(min(0.99, max(0.01, confidence)), 4),
                claim="cause",
            ),
        ),
        chain=tuple(links),
        claims=tuple(claims),
        rejected=tuple(_rejected(best, hypotheses)),
        mitigations=(Mitigation(mitigation, "cause", kind),),
        summary=f"{best.fault_class.replace('_', ' ')} at {best.component or 'the system'}.",
        frame=_frame(file),
    )


def _symptom(file: CaseFile, best: Hypothesis, support: Sequence[Evidence]) -> Evidence | None:
    """What the alert complains of, as it was seen: rather elsewhere than at the cause, rather where the alert points."""
    named = file.symptom_components()
    seen = [one for one in file.evidence if one.aspect in SYMPTOMS and one not in support[:1]]
    seen.sort(
        key=lambda one: (
            one.component not in named,
            one.component == best.component,
            SYMPTOMS.index(one.aspect),
            -one.strength,
            one.step,
            one.value,
        )
    )
    return seen[0] if seen else None


def _rejected(best: Hypothesis, hypotheses: Sequence[Hypothesis]) -> list[Rejected]:
    rivals = [one for one in hypotheses[1:] if one.evidence][:2]
    return [
        Rejected(
            f"{one.fault_class} at {one.component or 'the system'}",
            tuple(_ref(said) for said in one.evidence[:1]),
            f"weaker by {best.score - one.score:.1f} in log-odds",
        )
        for one in rivals
    ]


def _mitigation(best: Hypothesis) -> tuple[str, MitigationKind]:
    """What would help. Room for more of an exhausted resource treats a symptom: it says nothing of why it is used up."""
    concepts = concepts_of_class(best.fault_class)
    what, where = best.fault_class.replace("_", " "), best.component or "the system"
    if concepts & EXHAUSTED and concepts & {"pool", "connection"}:
        return f"Raise the limit at {where}", MitigationKind.SYMPTOMATIC
    return f"Remove the {what} at {where}", MitigationKind.CAUSAL


def _frame(file: CaseFile) -> dict[str, str]:
    named = sorted(file.symptom_components())
    return {
        "scope": ", ".join(named or file.namespaces[:1]),
        "symptom": file.alert.family,
        "window": str(file.task.context.get("snapshot_time", "")) if file.task.context else "",
        "ask": "find the root cause",
        "constraints": "",
        "ambiguity": "" if named else "the alert names no component",
    }


def _said(one: Evidence) -> str:
    """What was read, for a person: the marks of what was generalised away say nothing, the quote beside it has it all."""
    value = MARK.sub("…", one.value)
    return f"{one.component}: {value}" if one.component else value


def _ref(one: Evidence) -> Ref:
    return Ref(one.step, one.quote, one.locator)
