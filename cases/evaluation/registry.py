"""One evaluation for recorded, explored, derived and regression sessions alike. No Django here."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cases.diagnosis import Answer
from cases.evaluation import questions
from cases.evaluation.base import CODE_VERSION, Cost, EvidenceSource, Finding, Judge, Result, Score
from cases.evaluation.coherence import Coherence, cohere
from cases.evaluation.efficiency import measure
from cases.evaluation.grounding import Grounding, ground
from cases.evaluation.intent import Intent, intent
from cases.evaluation.objective import Correctness, correctness, first_hypothesis, timing
from cases.evaluation.thresholds import DEFAULT, Thresholds
from cases.evaluation.verdict import UNSCORED, reasons, signature, verdict
from cases.transcript import Transcript


def evaluate(
    transcript: Transcript,
    answer: Answer | None,
    *,
    evidence: EvidenceSource | None = None,
    judge: Judge | None = None,
    retest: bool = False,
    limit: Cost | None = None,
    thresholds: Thresholds = DEFAULT,
) -> Result:
    """Measure a session on both tracks; never raises for what a session holds.

    Code settles what code can. With a judge, the rest is asked of it: entailment, chain and intent without
    the answer, and expected free-text statements apart; its scores stand beside the deterministic ones and
    change none of them. ``retest`` asks it a second time, to see whether it says the same. Without one, the rest is unscored and says so. The guess test needs an agent to conclude
    again, so whoever has one adds its Score. An expert's session never counts as
    low-scoring: it is a reference, not a seed of exploration.
    """
    right = correctness(transcript, answer)
    grounding = ground(transcript, evidence=evidence)
    coherence = cohere(transcript, evidence=evidence)
    understood = intent(transcript, answer)
    efficiency = measure(transcript.task, transcript.steps, thresholds)
    scores = _deterministic(grounding, coherence, understood)
    settled_by, statements = "code" if right.value is not None else "", None
    if judge is not None and transcript.diagnosis is not None:
        material = questions.material(transcript)
        asked = questions.reasoning(transcript)
        first, again = judge.rule(asked, material), judge.rule(asked, material) if retest else None
        scores += questions.scores(first, asked, version=judge.version, again=again)
        if right.open:
            right, statements = _judged(right, judge, material)
            settled_by = "judge" if right.value is not None else ""
    word = verdict(transcript, right.value, grounding, thresholds)
    codes = reasons(
        right.value,
        grounding,
        coherence,
        understood,
        efficiency,
        tokens=transcript.tokens,
        limit=limit,
        thresholds=thresholds,
    )
    findings = (*right.findings, *grounding.findings, *coherence.findings, *understood.findings, *efficiency.findings)
    metrics: dict[str, Any] = {
        "evaluator": CODE_VERSION,
        "completed": transcript.diagnosis is not None,
        "conclusion": str(transcript.diagnosis.conclusion) if transcript.diagnosis else None,
        "stop_reason": transcript.stop_reason,
        "correct_by": settled_by,
        "statements": statements,
        **efficiency.metrics,
        **timing(transcript, evidence),
        "first_hypothesis": first_hypothesis(transcript),
        "supports": [[s.claim, s.value, s.weight] for s in grounding.supports],
        "coherence": coherence.checks,
        "intent": understood.slots,
    }
    return Result(
        verdict=word,
        correct=right.value,
        grounded=grounding.value,
        metrics=metrics,
        findings=findings,
        reasons=codes,
        low_scoring=bool(codes) and word != UNSCORED and transcript.engine != "expert",
        signature=signature(transcript, answer, word, codes, findings),
        scores=scores,
        judge=judge.version if judge else "",
    )


def _deterministic(grounding: Grounding, coherence: Coherence, understood: Intent) -> tuple[Score, ...]:
    supported = sum(support.value == 1 for support in grounding.supports)
    borne_out = f"{supported} of {len(grounding.supports)} claims fully borne out" if grounding.supports else ""
    if borne_out and grounding.proposed:
        borne_out += (
            f"; not counted: {grounding.proposed} proposed {'remedy' if grounding.proposed == 1 else 'remedies'}"
        )
    failed = [name for name, passed in coherence.checks.items() if passed is False]
    return (
        Score("evidence", "deterministic", grounding.value, grounding.reason or borne_out),
        Score("coherence", "deterministic", coherence.value, coherence.reason or ", ".join(failed)),
        Score("intent", "deterministic", understood.value, "" if understood.slots else "no frame to compare with"),
    )


def _judged(right: Correctness, judge: Judge, material: dict[str, str]) -> tuple[Correctness, list[bool | None]]:
    """Every expected statement said: right. One denied: wrong. Else unsettled, and the findings say why."""
    asked = questions.correct(right.open)
    shown = {label: text for label, text in material.items() if label in ("task", "conclusion")}
    rulings = judge.rule(asked, shown)
    by_id = {ruling.question.id: ruling.answer for ruling in rulings.rulings}
    answers = [by_id.get(question.id) for question in asked]
    value = False if False in answers else None if None in answers else True
    why = rulings.unscored or f"A judge finds {answers.count(True)} of {len(answers)} expected statements said"
    return replace(right, value=value, findings=(Finding("judged", why),)), answers
