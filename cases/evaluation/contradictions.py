"""Where a diagnosis says one thing and its opposite. No Django here."""

from __future__ import annotations

from cases.diagnosis import Claim, Conclusion, Diagnosis
from cases.evaluation.base import Finding
from cases.evaluation.components import class_mentioned, mentioned, squeezed
from cases.evaluation.grounding import leading
from cases.evaluation.quotes import normal


def contradictions(diagnosis: Diagnosis) -> list[Finding]:
    """A cause without a fault, a conclusion among the rejected, claims opposed on one step."""
    found = []
    if diagnosis.conclusion is Conclusion.NO_FAULT and diagnosis.root_causes:
        found.append(Finding("contradiction", "It concludes that nothing is wrong, and names a root cause"))
    if cause := leading(diagnosis):
        for rejected in diagnosis.rejected:
            low = normal(rejected.hypothesis)
            if class_mentioned(cause.fault_class, low) and mentioned(cause.component, low):
                found.append(
                    Finding("contradiction", f"It rejects what it concludes: {rejected.hypothesis}", claim=cause.claim)
                )
    held: dict[tuple[str, str, int], tuple[object, str]] = {}
    for claim in diagnosis.claims:
        if (asserted := _asserted(claim)) is None:
            continue
        about, key, stance = asserted
        for ref in claim.refs:
            said, by = held.setdefault((about, key, ref.step), (stance, claim.id))
            if said != stance:
                text = f"Claims {by} and {claim.id} contradict each other about {about}"
                found.append(Finding("contradiction", text, ref.step, claim.id))
    return found


def _asserted(claim: Claim) -> tuple[str, str, object] | None:
    """(about what, key, stance) of a predicate that can be opposed: another stance under the same key on one step."""
    if claim.predicate is None:
        return None
    said = {name: normal(str(value)) for name, value in claim.predicate.arguments.items()}
    match claim.predicate.name:
        case "eq":
            return said.get("metric", ""), "number", said.get("value")
        case "contains" | "absent" as name:
            return said.get("pattern", ""), "text", name
        case "state":  # Ready and NotReady oppose each other; Waiting and CrashLoopBackOff are two words for one thing
            value = squeezed(said.get("value", ""))
            stem = value.removeprefix("not").removeprefix("un")
            return said.get("component", ""), f"state {stem}", stem == value
    return None
