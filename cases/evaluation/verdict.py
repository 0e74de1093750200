"""What both tracks together say: verdict, reason codes, and the signature that failures alike share. No Django here."""

from __future__ import annotations

from collections.abc import Sequence

from cases.diagnosis import Answer, Conclusion, Diagnosis, MitigationKind
from cases.evaluation.base import Cost, Finding
from cases.evaluation.coherence import Coherence
from cases.evaluation.components import squeezed
from cases.evaluation.efficiency import Efficiency
from cases.evaluation.grounding import Grounding, leading
from cases.evaluation.intent import Intent
from cases.evaluation.thresholds import DEFAULT, Thresholds
from cases.transcript import Level, Transcript, digest_of

SUCCESS, LUCKY, SYMPTOM_ONLY = "success", "lucky", "symptom_only"
INCONCLUSIVE, WRONG, TAINTED, UNSCORED = "inconclusive", "wrong", "tainted", "unscored"

WRONG_REASON, UNGROUNDED, COHERENCE_BREAK = "wrong", "ungrounded", "coherence_break"
INTENT_MISMATCH, LOOP, COSTLY = "intent_mismatch", "loop", "costly"


def verdict(
    transcript: Transcript, correct: bool | None, grounding: Grounding, thresholds: Thresholds = DEFAULT
) -> str:
    """The one word for a session.

    Tainted comes first: what rests on a miss says nothing. Right and grounded is a success, right and not is
    lucky. An expert's session is the reference that agents are measured against, and reference paths come
    without claims: there missing claims are evidence not recorded, not a guess, and a right one is a success. The
    same gap in an imported run leaves it unscored, since nothing vouches for it.
    """
    diagnosis = transcript.diagnosis
    if grounding.tainted:
        return TAINTED
    if diagnosis is None:
        return UNSCORED if correct is None else INCONCLUSIVE
    if correct:
        if grounding.value is None:
            return (
                SUCCESS
                if transcript.engine == "expert" or diagnosis.conclusion is Conclusion.INCONCLUSIVE
                else UNSCORED
            )
        return SUCCESS if grounding.value >= thresholds.grounded else LUCKY
    if diagnosis.conclusion is Conclusion.INCONCLUSIVE and (diagnosis.missing or not diagnosis.mitigations):
        return INCONCLUSIVE
    if correct is None:
        return UNSCORED
    return SYMPTOM_ONLY if mitigates_only(diagnosis) else WRONG


def mitigates_only(diagnosis: Diagnosis) -> bool:
    """Whether everything proposed treats a symptom: said so, or addressing a claim to which the chain gives a cause."""
    effects = {link.effect for link in diagnosis.chain}
    return bool(diagnosis.mitigations) and all(
        mitigation.kind is MitigationKind.SYMPTOMATIC or mitigation.addresses in effects
        for mitigation in diagnosis.mitigations
    )


def reasons(
    correct: bool | None,
    grounding: Grounding,
    coherence: Coherence,
    intent: Intent,
    efficiency: Efficiency,
    *,
    tokens: int | None = None,
    limit: Cost | None = None,
    thresholds: Thresholds = DEFAULT,
) -> tuple[str, ...]:
    """Why a session scores low, as codes; cost counts over the 95th percentile of comparable sessions."""
    wrong_scope = any(finding.code == "wrong_scope" for finding in intent.findings)
    limit = limit or Cost()
    dear = (limit.calls is not None and efficiency.metrics["calls"] > limit.calls) or (
        limit.tokens is not None and tokens is not None and tokens > limit.tokens
    )
    found = {
        WRONG_REASON: correct is False,
        UNGROUNDED: grounding.value is not None and grounding.value < thresholds.grounded,
        COHERENCE_BREAK: coherence.broken or (coherence.value is not None and coherence.value < thresholds.coherence),
        INTENT_MISMATCH: wrong_scope or (intent.value is not None and intent.value < thresholds.intent),
        LOOP: efficiency.looping,
        COSTLY: dear,
    }
    return tuple(code for code, holds in found.items() if holds)


def signature(
    transcript: Transcript, answer: Answer | None, word: str, codes: Sequence[str], findings: Sequence[Finding]
) -> str:
    """Equal for failures alike: class of the case, first wrong claim, missing evidence. "" where nothing scores low.

    Names, ids and times stay out, so the same mistake on two components of one class is one failure. A case
    that nobody classed stands for itself.
    """
    if word == UNSCORED or not codes:
        return ""
    classes = sorted({squeezed(cause.fault_class) for cause in answer.causes if cause.fault_class}) if answer else []
    case_class = classes or [answer.category if answer and answer.category else digest_of(transcript.task.prompt)]
    diagnosis = transcript.diagnosis
    cause = leading(diagnosis) if diagnosis else None
    concluded = (
        squeezed(cause.fault_class) if cause else str(diagnosis.conclusion) if diagnosis else transcript.stop_reason
    )
    first_wrong = next((finding.code for finding in findings if finding.claim or finding.code == "wrong_cause"), "")
    missed = sorted({step.tool for step in transcript.steps if step.observation.level is Level.MISS})
    return digest_of([transcript.task.system, case_class, word, concluded, first_wrong, missed])
