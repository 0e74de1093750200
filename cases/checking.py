"""What of a diagnosis nothing bears out, said while it is written: the checks of its evaluation. No Django here."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cases.diagnosis import ClaimKind
from cases.evaluation.base import Finding
from cases.evaluation.coherence import cohere
from cases.evaluation.grounding import ground
from cases.transcript import Transcript

_CLAIM = re.compile(r"\b(Claim |claim )?c(\d+)\b")
ADVICE = frozenset({"no_rival_tested", "no_quote", "symptom_not_reached"})  # better with it; nothing is wrong without

CHAIN = frozenset({"no_chain", "chain_without_root"})  # nor with a single claim, which has nothing to lead on to


@dataclass(frozen=True)
class Check:
    """One thing that does not hold. ``claim`` is its number from 1; None where it is about the whole."""

    code: str
    text: str
    claim: int | None = None
    is_advice: bool = False


def checks_of(transcript: Transcript) -> tuple[Check, ...]:
    """Claims without evidence, quotes and numbers that were not seen, a component nobody named, a chain with gaps.

    Those that must be settled come before advice; nothing of the expected answer is looked at. A transcript without
    a diagnosis has nothing to check.
    """
    diagnosis = transcript.diagnosis
    if diagnosis is None:
        return ()
    grounding, coherence = ground(transcript), cohere(transcript)
    found = [*grounding.findings, *coherence.findings]
    worth = {support.claim: support.value for support in grounding.supports}
    texts = {claim.id: claim for claim in diagnosis.claims}
    for at, link in enumerate(diagnosis.chain, 1):
        for end in (link.cause, link.effect):
            if worth.get(end) == 0 and texts[end].kind is not ClaimKind.MITIGATION:
                found.append(
                    Finding(
                        "link_unsupported",
                        f"Link {at} stands on claim {end}, which nothing bears out",
                        claim=link.effect,
                    )
                )
    advice = ADVICE if len(diagnosis.claims) > 1 else ADVICE | CHAIN
    seen = dict.fromkeys(_check(one, one.code in advice) for one in found)
    return tuple(sorted(seen, key=lambda check: check.is_advice))


def _check(finding: Finding, is_advice: bool) -> Check:
    """In the words of the form, which counts claims from 1."""
    text = finding.text
    if finding.code == "unsupported":
        text = text.replace("cites nothing", "rests on nothing", 1)
    text = _CLAIM.sub(lambda match: f"{match[1] or 'claim '}{match[2]}", text, count=2)
    return Check(finding.code, text, int(finding.claim[1:]) if finding.claim[1:].isdigit() else None, is_advice)
