"""Where a diagnosis says one thing and its opposite. No Django here."""

from __future__ import annotations

from cases.diagnosis import Claim, Conclusion, Diagnosis
from cases.evaluation.base import Finding
from cases.evaluation.components import mentioned, squeezed
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
            if squeezed(cause.fault_class) in squeezed(low) and mentioned(cause.component, low):
                found.append(
                    Finding("contradiction", f"It rejects what it concludes: {rejected.hypothesis}", claim=cause.claim)
                )
    held: dict[tuple[str, str, int], tuple[bool, str, str]] = {}
    for claim in diagnosis.claims:
        for thing, value, positive in _held(claim):
            for ref in claim.refs:
                said, of, by = held.setdefault(
                    (thing, value if thing.startswith(("state", "text")) else "", ref.step), (positive, value, claim.id)
                )
                if (said, of) != (positive, value):
                    text = f"Claims {by} and {claim.id} contradict each other about {thing.partition(' ')[2]}"
                    found.append(Finding("contradiction", text, ref.step, claim.id))
    return found


def _held(claim: Claim) -> list[tuple[str, str, bool]]:
    """(thing, value, whether it is held to be so): what a predicate asserts, in a form that can be opposed."""
    if claim.predicate is None:
        return []
    said = {name: normal(str(value)) for name, value in claim.predicate.arguments.items()}
    name = claim.predicate.name
    if name == "eq":
        return [(f"number {said.get('metric')}", said.get("value", ""), True)]
    if name == "state":
        value = squeezed(said.get("value", ""))
        return [
            (
                f"state {said.get('component')}",
                value.removeprefix("not").removeprefix("un"),
                not value.startswith(("not", "un")),
            )
        ]
    if name in ("contains", "absent"):
        return [(f"text {said.get('pattern')}", "", name == "contains")]
    return []
