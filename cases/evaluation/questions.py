"""What code cannot settle, as binary questions to a judge, and the scores its rulings make. No Django here.

The material holds task, calls, returns and conclusion. Which engine, model, knowledge or arm it was, and whether
it was right, is in none of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from cases.diagnosis import ClaimKind, Conclusion, Diagnosis
from cases.evaluation.base import Question, Ruling, Rulings, Score
from cases.transcript import Transcript

MOST_CLAIMS = 12
RETURN_LENGTH = 4_000  # characters of one return that a judge sees
MATERIAL_LENGTH = 60_000
WORDS = {True: "yes", False: "no", None: "insufficient"}


def reasoning(transcript: Transcript) -> tuple[Question, ...]:
    """Entailment claim by claim, then chain and intent as a whole."""
    diagnosis = transcript.diagnosis
    if diagnosis is None:
        return ()
    claims = [claim for claim in diagnosis.claims if claim.refs and claim.kind is not ClaimKind.MITIGATION]
    asked = [
        Question(
            f"evidence-{claim.id}",
            "evidence",
            f"Do the steps that claim {claim.id} cites ({', '.join(str(ref.step) for ref in claim.refs)}) show what it says?",
        )
        for claim in claims[:MOST_CLAIMS]
    ]
    if diagnosis.conclusion is Conclusion.ROOT_CAUSE:
        asked += [
            Question(
                "coherence-chain",
                "coherence",
                "Does each link of the chain follow, from the root cause to the reported symptom?",
            ),
            Question(
                "coherence-rival",
                "coherence",
                "Was the likeliest other explanation tested with a step that could have told them apart?",
            ),
        ]
    asked.append(
        Question(
            "intent-asked",
            "intent",
            "Does the conclusion answer what the task asks, for the scope and time it asks about?",
        )
    )
    return tuple(asked)


def criterion(question: str, text: str) -> str:
    """What a question asks of any session: the claims of all are one criterion, whatever they are called."""
    return "Do the steps that a claim cites show what it says?" if question.startswith("evidence-") else text


def correct(statements: Sequence[str]) -> tuple[Question, ...]:
    """One question for each expected statement. Put apart from the reasoning, which is judged without the answer."""
    return tuple(
        Question(f"correct-{at}", "correct", f"Does the conclusion say this, in whatever words: {statement}")
        for at, statement in enumerate(statements, 1)
    )


def material(transcript: Transcript) -> dict[str, str]:
    """Label -> text, returns cut evenly where they are too long, and saying so."""
    room = max(400, min(RETURN_LENGTH, MATERIAL_LENGTH // max(1, len(transcript.steps))))
    parts = {"task": transcript.task.prompt}
    for at, step in enumerate(transcript.steps):
        output = step.observation.output
        cut = "" if len(output) <= room else f"\n({len(output) - room} more characters not shown)"
        parts[f"step {at}"] = f"{step.tool} {step.arguments}\n{output[:room]}{cut}"
    if transcript.diagnosis:
        parts["conclusion"] = spelled(transcript.diagnosis)
    return parts


def spelled(diagnosis: Diagnosis) -> str:
    """A diagnosis in plain lines."""
    lines = [f"Conclusion: {diagnosis.conclusion}", diagnosis.summary]
    lines += [
        f"Root cause: {cause.fault_class} of {cause.component}. {cause.mechanism}" for cause in diagnosis.root_causes
    ]
    for claim in diagnosis.claims:
        cited = "; ".join(f'step {ref.step}: "{ref.quote}"' for ref in claim.refs)
        lines.append(f"Claim {claim.id} ({claim.kind}): {claim.text} [{cited or 'cites nothing'}]")
    lines += [f"Link: {link.cause} {link.relation} {link.effect}" for link in diagnosis.chain]
    lines += [f"Rejected: {rejected.hypothesis}. {rejected.reason}" for rejected in diagnosis.rejected]
    lines += [f"Mitigation ({mitigation.kind}): {mitigation.action}" for mitigation in diagnosis.mitigations]
    lines += [f"Missing: {missing}" for missing in diagnosis.missing]
    return "\n".join(line for line in lines if line.strip())


def scores(
    rulings: Rulings, questions: Sequence[Question], *, version: str, again: Rulings | None = None
) -> tuple[Score, ...]:
    """Share of yes among the answered questions of each dimension; none answered is unscored.

    ``again`` is the same judge's second word on the same questions. It changes no score: it is kept to say how far
    a first word can be relied on.
    """
    found = []
    for dimension in dict.fromkeys(question.dimension for question in questions):
        of = [ruling for ruling in rulings.rulings if ruling.question.dimension == dimension]
        answered = [ruling.answer for ruling in of if ruling.answer is not None]
        value = round(sum(answered) / len(answered), 4) if answered else None
        reason = "" if answered else rulings.unscored or "no question could be answered"
        details = {"judge": version, "reply": rulings.reply_digest, "questions": [_row(ruling) for ruling in of]}
        if again is not None and not again.unscored and not rulings.unscored:
            of_again = [ruling for ruling in again.rulings if ruling.question.dimension == dimension]
            details["again"] = {ruling.question.id: WORDS[ruling.answer] for ruling in of_again}
        found.append(Score(dimension, "judge", value, reason, details))
    return tuple(found)


def _row(ruling: Ruling) -> dict[str, object]:
    return {
        "id": ruling.question.id,
        "question": ruling.question.text,
        "answer": WORDS[ruling.answer],
        "quote": ruling.quote,
        "reason": ruling.reason,
    }
