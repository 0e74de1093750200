"""What can be said of a case before anybody confirms it: secrets, leaks of the answer, a trivial guess. No Django here."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from cases.diagnosis import Answer, Cause
from cases.evaluation.components import class_mentioned, mentioned, same_class
from cases.redaction import Own, redact_value
from cases.transcript import Task

HOLDS, FAILS, OPEN = "satisfied", "unsatisfied", "waiting"  # states of a requirement, as pages draw them
_MARK = re.compile(r"\[REDACTED ([a-z ]{1,40})\]")


@dataclass(frozen=True)
class Check:
    """One line: ``state`` HOLDS, FAILS, or OPEN where nothing can be said yet; ``words`` say what was found."""

    name: str
    state: str
    words: str


def checks_of(task: Task, answer: Answer | None, *, classes: Mapping[str, int], own: Own = ()) -> tuple[Check, ...]:
    """``classes``: how often each fault class is the answer of the system's other cases; ``own``: redaction of this installation."""
    return secrets(task, own), leak(task, answer), guess(task, answer, classes)


def secrets(task: Task, own: Own = ()) -> Check:
    """What was taken out when the case came in, and what the patterns of today find besides."""
    left = redact_value({"prompt": task.prompt, "context": task.context}, own).redactions
    if left:
        found = ", ".join(f"{one.count} × {one.kind}" for one in left)
        return Check("No secrets", FAILS, f"{found} still in it, known as such only now: save the answer again")
    taken = Counter(_MARK.findall(_text(task)))
    told = ", ".join(f"{count} × {kind}" for kind, count in sorted(taken.items()))
    return Check("No secrets", HOLDS, f"Prompt and context: {told} taken out" if told else "Prompt and context: none")


def leak(task: Task, answer: Answer | None) -> Check:
    """Whether what an agent is told says the answer. What the alert says is a symptom: anybody would have seen it."""
    name = "Answer not told"
    if answer is None:
        return Check(name, OPEN, "Nobody has said yet what the answer is")
    alert = _lower(task.context.get("alert", ""))
    told = _text(task).lower()
    for statement in filter(None, (answer.title, *answer.expected)):
        if len(statement.split()) > 2 and statement.lower() in told and statement.lower() not in alert:
            return Check(name, FAILS, f"The agent is told an expected statement word for word: {statement[:120]}")
    beyond = [task.prompt.lower(), _lower({key: one for key, one in task.context.items() if key != "alert"})]
    for cause in _causes(answer):
        named = any(class_mentioned(cause.fault_class, text) for text in beyond)
        if named and not class_mentioned(cause.fault_class, alert):
            where = f" and {cause.component}" if cause.component and mentioned(cause.component, told) else ""
            return Check(name, FAILS, f"The agent is told {cause.fault_class}{where} before it has looked")
    return Check(name, HOLDS, "Neither prompt nor context says the fault class or an expected statement")


def guess(task: Task, answer: Answer | None, classes: Mapping[str, int]) -> Check:
    """Whether somebody who looks at nothing would be right: by the class the alert names, or the most frequent one."""
    name = "No trivial guess"
    causes = _causes(answer) if answer else []
    if not causes:
        return Check(name, OPEN, "The answer names no fault class to guess")
    told, n = _text(task).lower(), sum(classes.values())
    usual = max(classes, key=lambda one: (classes[one], one)) if classes else ""
    for cause in causes:
        if cause.component and not mentioned(cause.component, told):
            continue  # nothing names the component: a guess has to find it
        if class_mentioned(cause.fault_class, told):
            return Check(name, FAILS, f"What the agent is told names {_named(cause)}: right without looking")
        if usual and same_class(cause.fault_class, usual):
            often = f"the most frequent class of the system's other cases ({classes[usual]} of {n})"
            return Check(name, FAILS, f"{usual} is {often}, and the component is named: right without looking")
    if not n:
        return Check(name, HOLDS, "The alert does not give it away; no other case of the system to guess from (n = 0)")
    return Check(
        name, HOLDS, f"Neither the alert nor the most frequent class ({usual}, {classes[usual]} of {n}) is right"
    )


def _causes(answer: Answer) -> list[Cause]:
    return [cause for cause in answer.causes if cause.fault_class]


def _named(cause: Cause) -> str:
    return f"{cause.fault_class} and {cause.component}" if cause.component else cause.fault_class


def _text(task: Task) -> str:
    return f"{task.prompt}\n{json.dumps(task.context, ensure_ascii=False)}"


def _lower(value) -> str:
    return json.dumps(value, ensure_ascii=False).lower()
