"""The objective track: did the session conclude, is it right, how long did it take. Code only. No Django here.

Nothing here repeats words of the answer: results are read by people who may not see it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cases.diagnosis import Answer, Cause, ClaimKind, Conclusion, Diagnosis, RootCause
from cases.evaluation.base import EvidenceSource, Finding
from cases.evaluation.components import same, same_class
from cases.evaluation.grounding import carrier, leading
from cases.evaluation.quotes import normal
from cases.transcript import Level, Transcript

# an agent that used up what it was given, was asked to conclude, and did not
GAVE_NOTHING = frozenset({"max_steps", "tokens", "loop"})
_DENIED = re.compile(
    r"\b(?:not|no|never|neither|nor|without|cannot|isn't|wasn't|ruled out|rather than|instead of|exclud\w+)\b"
)


@dataclass(frozen=True)
class Correctness:
    """``value`` None: nothing to measure against, or code cannot settle it; ``open`` are then the statements for a judge."""

    value: bool | None
    findings: tuple[Finding, ...] = ()
    open: tuple[str, ...] = ()


def correctness(transcript: Transcript, answer: Answer | None) -> Correctness:
    """Hold the conclusion against the answer.

    The leading root cause must match one accepted alternative in component and fault class; naming further
    causes gains nothing. What the answer says must (not) be mentioned is looked for in the diagnosis' own
    words. Free-text statements count only where no cause is structured, and are settled here only if the
    diagnosis says the very sentence; else they stay open. No conclusion is wrong where the agent had its
    chance, and unsettled where time, an error or a person stopped it.
    """
    diagnosis = transcript.diagnosis
    if answer is None or not _says_something(answer):
        return Correctness(None, (Finding("no_answer", "Nobody has said yet what is right"),))
    if diagnosis is None:
        gave_nothing = transcript.stop_reason in GAVE_NOTHING
        text = f"No conclusion ({transcript.stop_reason or 'the recording has none'})"
        return Correctness(False if gave_nothing else None, (Finding("no_conclusion", text),))
    causes = [cause for cause in answer.causes if cause.component or cause.fault_class]
    structured = bool(causes) or answer.conclusion is not Conclusion.ROOT_CAUSE
    if structured and diagnosis.conclusion is not answer.conclusion:
        return Correctness(
            False, (Finding("wrong_conclusion", f"It concludes {diagnosis.conclusion}, the answer does not"),)
        )
    if causes and answer.conclusion is Conclusion.ROOT_CAUSE and (wrong := _wrong_cause(diagnosis, causes, answer)):
        return Correctness(False, (wrong,))
    text = words_of(diagnosis)
    mentions = _mentions(text, answer)
    if mentions.value is False or structured:
        return mentions
    open_ = tuple(statement for statement in answer.expected if not _says(text, statement))
    if open_ or mentions.value is None:
        findings = (*mentions.findings, Finding("left_to_judge", f"{len(open_)} expected statements need a judge"))
        return Correctness(None, findings if open_ else mentions.findings, open_)
    return mentions


def _says_something(answer: Answer) -> bool:
    return bool(
        answer.conclusion is not Conclusion.ROOT_CAUSE
        or answer.expected
        or answer.must_mention
        or answer.must_not_mention
        or any(cause.component or cause.fault_class for cause in answer.causes)
    )


def _wrong_cause(diagnosis: Diagnosis, causes: list[Cause], answer: Answer) -> Finding | None:
    found = leading(diagnosis)
    if found is None or any(_component(found, c, answer) and _class(found, c, answer) for c in causes):
        return None if found else Finding("wrong_cause", "It names no root cause")
    wrong = "component" if any(_class(found, cause, answer) for cause in causes) else "fault class"
    if wrong == "fault class" and not any(_component(found, cause, answer) for cause in causes):
        wrong = "component and fault class"
    return Finding(
        "wrong_cause", f"{found.fault_class} of {found.component}: {wrong} not as in the answer", claim=found.claim
    )


def _component(found: RootCause, cause: Cause, answer: Answer) -> bool:
    return not cause.component or same(found.component, cause.component, answer.aliases)


def _class(found: RootCause, cause: Cause, answer: Answer) -> bool:
    return not cause.fault_class or same_class(found.fault_class, cause.fault_class, answer.aliases)


def words_of(diagnosis: Diagnosis) -> str:
    """What a diagnosis asserts, in its own words: no quotes, and nothing it excludes or rejects."""
    said = [diagnosis.summary, *diagnosis.missing]
    for cause in diagnosis.root_causes:
        said += [cause.component, cause.fault_class, cause.mechanism]
    said += [claim.text for claim in diagnosis.claims if claim.kind is not ClaimKind.EXCLUSION]
    said += [mitigation.action for mitigation in diagnosis.mitigations]
    return normal(". ".join(part for part in said if part))


def _at(text: str, phrase: str) -> list[int]:
    """Where the phrase begins a word; underscores and spaces are one."""
    wanted = re.escape(normal(phrase).replace("_", " "))
    return [match.start() for match in re.finditer(rf"(?<![a-z0-9]){wanted}", text.replace("_", " "))] if wanted else []


def _denied(text: str, at: int) -> bool:
    sentence = re.split(r"[.;!?]\s", text[:at])[-1]
    return _DENIED.search(sentence) is not None


def _says(text: str, statement: str) -> bool:
    wanted = normal(statement).rstrip(".")
    return any(not _denied(text, at) for at in _at(text, wanted))


def _mentions(text: str, answer: Answer) -> Correctness:
    lacking = [phrase for phrase in answer.must_mention if not _at(text, phrase)]
    if lacking:
        return Correctness(
            False, (Finding("not_mentioned", f"{len(lacking)} of the things it must mention are missing"),)
        )
    for phrase in answer.must_not_mention:
        places = _at(text, phrase)
        if any(not _denied(text, at) for at in places):
            return Correctness(False, (Finding("forbidden", "It mentions what a right diagnosis does not"),))
        if places:
            unsettled = Finding("left_to_judge", "It mentions a forbidden thing, perhaps only to deny it")
            return Correctness(None, (unsettled,))
    return Correctness(True)


def timing(transcript: Transcript, evidence: EvidenceSource | None = None) -> dict[str, Any]:
    """Seconds from alert to conclusion, and on whose clock.

    "wall": a live session on an alert that says when it began. "tools": the summed latency of the calls, since a
    replay's steps are stamped by another day's clock. Else not captured.
    """
    steps, live = transcript.steps, all(step.observation.level is Level.LIVE for step in transcript.steps)
    alerted = _alerted(transcript) or (evidence.alerted_at if evidence and live else None)
    seconds, clock = (_between(alerted, steps[-1].at) if steps else None), "wall"
    if seconds is None:
        latencies = [step.observation.latency_ms for step in steps]
        known = [latency for latency in latencies if latency is not None]
        complete = bool(steps) and len(known) == len(latencies)
        seconds, clock = (sum(known) / 1000, "tools") if complete else (None, "not captured")
    return {"seconds": seconds, "clock": clock, "wall_ms": transcript.wall_ms, "tokens": transcript.tokens}


def _alerted(transcript: Transcript) -> datetime | None:
    """When the alert began, if every step was live: a replay runs on another day."""
    alert = transcript.task.context.get("alert")
    began = alert.get("startsAt") if isinstance(alert, dict) else None
    if not isinstance(began, str) or any(step.observation.level is not Level.LIVE for step in transcript.steps):
        return None
    try:
        return datetime.fromisoformat(began)
    except ValueError:
        return None


def _between(start: datetime | None, end: datetime | None) -> float | None:
    if start is None or end is None or (start.tzinfo is None) != (end.tzinfo is None) or end < start:
        return None
    return (end - start).total_seconds()


def first_hypothesis(transcript: Transcript) -> int | None:
    """Steps taken when the claim that carries the root cause was made; None where that was not recorded."""
    claim = carrier(transcript.diagnosis) if transcript.diagnosis else None
    return claim.made_at_step if claim else None
