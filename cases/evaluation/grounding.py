"""Evidence completeness: is every claim borne out by what was seen before it was made. No Django here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from cases.diagnosis import Claim, ClaimKind, Conclusion, Diagnosis, Ref, RootCause
from cases.evaluation.base import EvidenceSource, Finding
from cases.evaluation.components import mentioned
from cases.evaluation.predicates import holds
from cases.evaluation.quotes import bears_out, normal, printed, stands_in, stated
from cases.transcript import Level, Step, Transcript

UNSUPPORTED_CAP = 0.4  # no more than this where the root cause itself is unsupported
CHAIN_WEIGHT = 3.0
SHORTEST_QUOTE = 2  # characters; a single one stands everywhere and says nothing
_DENIED = re.compile(
    r"\b(?:no|not|none|never|nothing|without|neither|below|under|above|over|less|fewer|more|most|least|within|up to)\b",
    re.I,
)
NO_EVIDENCE = frozenset({Level.MISS, Level.REFUSED})


@dataclass(frozen=True)
class Support:
    """How far one claim is borne out: 1, .5 or 0, with its weight in the whole."""

    claim: str
    value: float
    weight: float


@dataclass(frozen=True)
class Grounding:
    """``value`` 0..1, or None where there is nothing to check; ``reason`` says which."""

    value: float | None
    supports: tuple[Support, ...] = ()
    findings: tuple[Finding, ...] = ()
    reason: str = ""
    tainted: tuple[int, ...] = ()  # steps that are cited and were misses
    proposed: int = 0  # claims left out: remedies that cite nothing


class Returns:
    """What the steps of a transcript returned, brought to normal form once."""

    def __init__(self, transcript: Transcript):
        self.steps = transcript.steps
        self._normal: dict[int, str] = {}
        self._asked = f"{transcript.task.prompt} {transcript.task.context}"

    def text(self, index: int) -> str:
        return self.steps[index].observation.output

    def normal(self, index: int) -> str:
        if index not in self._normal:
            self._normal[index] = normal(self.text(index))
        return self._normal[index]

    @cached_property
    def asked(self) -> str:
        return normal(self._asked)

    def hold(self, ref: Ref) -> bool:
        text = self.text(ref.step)
        return (
            stands_in(ref.quote, text) if ref.quote in text else stands_in(ref.quote, text, hay=self.normal(ref.step))
        )

    def speaks_of(self, name: str) -> bool:
        """Whether the component was named anywhere: in the task, in a call, or in a return that is evidence."""
        if mentioned(name, self.asked):
            return True
        return any(
            mentioned(name, str(step.arguments).lower())
            or (step.observation.level not in NO_EVIDENCE and mentioned(name, self.normal(index)))
            for index, step in enumerate(self.steps)
        )

    def bear_on(self, claim: Claim, name: str) -> bool:
        """Whether what the claim cites, or asked for, names the component or shares a word with the claim.

        The head of a return counts for the name: it says what a table is about. True of a claim that cites nothing.
        """
        cited = [(ref, self.steps[ref.step]) for ref in claim.refs if ref.step < len(self.steps)]
        words = _words(claim.text)
        return not cited or any(
            words & _words(f"{ref.quote} {step.arguments}")
            or mentioned(name, normal(f"{ref.quote} {step.arguments} {self._head(ref.step)}"))
            for ref, step in cited
        )

    def _head(self, index: int) -> str:
        return self.text(index).lstrip().partition("\n")[0]


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]{5,}", text.lower()))


def leading(diagnosis: Diagnosis) -> RootCause | None:
    """The root cause a diagnosis stands for: the most confident, the first named where none is ahead."""
    return max(diagnosis.root_causes, key=lambda cause: cause.confidence or 0.0, default=None)


def carrier(diagnosis: Diagnosis) -> Claim | None:
    """The claim that carries the leading root cause: the one it names, else the first that speaks of its component."""
    cause = leading(diagnosis)
    if cause is None:
        return None
    if cause.claim:
        return next((claim for claim in diagnosis.claims if claim.id == cause.claim), None)
    candidates = [claim for claim in diagnosis.claims if claim.kind in (ClaimKind.INFERENCE, ClaimKind.OBSERVATION)]
    return next((claim for claim in candidates if mentioned(cause.component, claim.text.lower())), None)


def ground(transcript: Transcript, *, evidence: EvidenceSource | None = None) -> Grounding:
    """Check every claim of the diagnosis against the raw returns.

    Score = sum(w s) / sum(w), w = 3 for the root cause and the links of the chain; a root cause without
    support caps it (engine section 2). Mitigations propose, they assert nothing, and are left out unless they
    cite. An agent's conclusion without any claim is worth 0; where a form for claims was never asked for (an
    expert's reference path, an imported run) there is nothing to score: None.
    """
    diagnosis = transcript.diagnosis
    if diagnosis is None:
        return Grounding(None, reason="no conclusion, so no claims")
    tainted = _missed(diagnosis, transcript.steps)
    misses = tuple(
        Finding("miss_cited", f"The conclusion rests on step {step + 1}, which is a miss", step) for step in tainted
    )
    weighed = [claim for claim in diagnosis.claims if claim.kind is not ClaimKind.MITIGATION or claim.refs]
    if not weighed:
        if transcript.engine in ("expert", "imported"):
            return Grounding(None, findings=misses, reason="recorded without claims", tainted=tainted)
        if diagnosis.conclusion is Conclusion.INCONCLUSIVE:
            return Grounding(None, findings=misses, reason="claims nothing", tainted=tainted)
        nothing = Finding("no_claims", "The conclusion cites nothing that was seen")
        return Grounding(0.0, findings=(nothing, *misses), reason=nothing.text, tainted=tainted)
    root = carrier(diagnosis)
    linked = {end for link in diagnosis.chain for end in (link.cause, link.effect)} | ({root.id} if root else set())
    returns, findings, supports = Returns(transcript), list(misses), []
    for claim in weighed:
        value, found = _support(claim, returns, evidence)
        supports.append(Support(claim.id, value, CHAIN_WEIGHT if claim.id in linked else 1.0))
        findings += found
    cause = leading(diagnosis)
    if cause is not None and root is None:
        text = f"No claim carries the root cause {cause.fault_class} of {cause.component}"
        findings.append(Finding("root_cause_without_claim", text))
    elif cause is not None and root is not None and not returns.speaks_of(cause.component):
        text = f"{cause.component} is blamed, and nothing that was seen names it"
        findings.append(Finding("component_never_seen", text, claim=root.id))
        supports = _halved(supports, root)
    elif cause is not None and root is not None and not returns.bear_on(root, cause.component):
        text = f"Claim {root.id} blames {cause.component} on what does not speak of it"
        findings.append(Finding("evidence_of_another", text, root.refs[0].step, root.id))
        supports = _halved(supports, root)
    value = sum(s.weight * s.value for s in supports) / sum(s.weight for s in supports)
    if cause is not None and not any(root and s.claim == root.id and s.value > 0 for s in supports):
        value = min(value, UNSUPPORTED_CAP)
    proposed = len(diagnosis.claims) - len(weighed)
    return Grounding(round(value, 4), tuple(supports), tuple(findings), tainted=tainted, proposed=proposed)


def _halved(supports: Sequence[Support], root: Claim) -> list[Support]:
    return [replace(s, value=min(s.value, 0.5)) if s.claim == root.id else s for s in supports]


def _missed(diagnosis: Diagnosis, steps: Sequence[Step]) -> tuple[int, ...]:
    cited = {ref.step for holder in (*diagnosis.claims, *diagnosis.rejected) for ref in holder.refs}
    return tuple(sorted(step for step in cited if step < len(steps) and steps[step].observation.level is Level.MISS))


def _support(claim: Claim, returns: Returns, evidence: EvidenceSource | None) -> tuple[float, list[Finding]]:
    if not claim.refs:
        return 0.0, [Finding("unsupported", f"Claim {claim.id} cites nothing: {claim.text}", claim=claim.id)]
    findings, worths, seen = [], [], []
    for ref in claim.refs:
        worth, finding = _worth(claim, ref, returns)
        worths.append(worth)
        findings += [finding] if finding else []
        if worth:
            seen.append(ref)
    value = 1.0 if min(worths) == 1.0 else 0.5 if max(worths) > 0 else 0.0
    if not seen:
        return 0.0, findings
    texts = [returns.text(ref.step) for ref in seen]
    if claim.predicate is not None and holds(claim.predicate, texts, [ref.quote for ref in seen], evidence) is False:
        findings.append(
            Finding(
                "predicate_false",
                f"Claim {claim.id}: what it cites does not show {_said(claim)}",
                seen[0].step,
                claim.id,
            )
        )
        return 0.0, findings
    if strange := _strange_numbers(claim, texts):
        text = f"Claim {claim.id} says {', '.join(strange)}, which is not in what it cites"
        findings.append(Finding("number_not_seen", text, seen[0].step, claim.id))
        value = min(value, 0.5)
    return value, findings


def _worth(claim: Claim, ref: Ref, returns: Returns) -> tuple[float, Finding | None]:
    """1 for a quote that stands in a return seen before the claim, .5 for such a return without a quote, else 0."""

    def broken(code: str, why: str) -> tuple[float, Finding]:
        return 0.0, Finding(code, f"Claim {claim.id} cites step {ref.step + 1}, {why}", ref.step, claim.id)

    if ref.step >= len(returns.steps):
        return broken("no_such_step", f"but there are {len(returns.steps)} steps")
    if claim.made_at_step is not None and ref.step >= claim.made_at_step:
        return broken("hindsight", f"which came after the claim was made, at {claim.made_at_step} steps")
    if returns.steps[ref.step].observation.level in NO_EVIDENCE:
        return broken("not_evidence", f"which was a {returns.steps[ref.step].observation.level}: nothing was seen")
    if len(ref.quote.strip()) < SHORTEST_QUOTE:
        finding = Finding(
            "no_quote", f"Claim {claim.id} cites step {ref.step + 1} without saying where", ref.step, claim.id
        )
        return 0.5, finding
    if returns.hold(ref):
        return 1.0, None
    return broken("quote_not_found", f"whose return does not hold: {ref.quote[:120]}")


def _said(claim: Claim) -> str:
    arguments = ", ".join(f"{name}={value}" for name, value in claim.predicate.arguments.items())
    return f"{claim.predicate.name}({arguments})"


def _strange_numbers(claim: Claim, texts: Sequence[str]) -> list[str]:
    """Numbers an observation or an exclusion states that no cited return prints.

    Those below ten without a unit are left alone: people count rows that nobody prints. So is what an exclusion
    says was not there: "no reply took more than 500 ms" cites no 500.
    """
    if claim.kind not in (ClaimKind.OBSERVATION, ClaimKind.EXCLUSION):
        return []
    if claim.kind is ClaimKind.EXCLUSION and _DENIED.search(claim.text):
        return []
    said = [one for one in stated(claim.text) if len(one.number) > 1 or one.unit]
    if not said:
        return []
    numbers = set().union(*map(printed, texts))
    return [f"{one.number}{one.unit}" for one in said if not bears_out(one, numbers)]
