"""Intent understanding: did the session look into what was asked. No Django here.

A frame says scope, symptom, window, ask, constraints and ambiguity. The expert's (the answer's) is compared slot
by slot with the agent's own; where one is not stated, what the task and the calls show is taken instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cases.diagnosis import Answer
from cases.evaluation.base import Finding
from cases.evaluation.components import same
from cases.evaluation.quotes import normal
from cases.transcript import Transcript

SLOTS = ("scope", "symptom", "window", "ask", "constraints", "ambiguity")
_ALIKE, _APART = 0.5, 0.1  # share of the expected words found: at least, at most
_NAMESPACE = re.compile(r"\bnamespace[:=]?\s+[\"'`]?([a-z0-9][a-z0-9-]*)", re.I)
_SPREAD = frozenset({"", "*", "all", "any", "all-namespaces"})
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SYMPTOMS = {  # they overlap: a pod that never starts is both pending and unavailable
    "latency": r"laten|slow|respon\w* time|timeout|timed out|p9[0-9]|delay",
    "errors": r"error|5\d\d\b|\bfail|exception",
    "unavailable": r"unavailab|unreachab|outage|down\b|not ready|refus|no endpoints|crash|restart|pending|absent",
    "restart": r"restart|crash",
    "pending": r"pending|unschedul|stuck|waiting to start",
    "saturation": r"saturat|exhaust|at (?:its |the )?limit|near (?:its |the )?limit|full\b|pressure|oom|memory|cpu|disk",
    "traffic": r"traffic|load\b|throughput|requests? per|usual requests|more requests|retries|\blag\b|backlog|queue",
    "data": r"corrupt|inconsisten|stale|lost (?:data|orders?|messages?|records?)|missing (?:data|records?)|wrong results?",
}


@dataclass(frozen=True)
class Intent:
    """``value``: share of settled slots that agree; None where no slot can be compared."""

    value: float | None
    slots: dict[str, bool | None]
    findings: tuple[Finding, ...] = ()


def intent(transcript: Transcript, answer: Answer | None) -> Intent:
    """Compare slot by slot. A wrong scope is flagged by itself, however good the rest is."""
    expected = _expected(transcript, answer)
    stated = transcript.diagnosis.frame if transcript.diagnosis else {}
    slots = {
        slot: _agree(slot, expected[slot], stated[slot]) for slot in SLOTS if expected.get(slot) and stated.get(slot)
    }
    findings = [
        Finding("intent_slot", f"{slot}: it took the question to mean {stated[slot]!r}")
        for slot, agrees in slots.items()
        if agrees is False
    ]
    asked = set(_namespaces(expected.get("scope", ""))) or set(_asked_namespaces(transcript))
    looked = {name for step in transcript.steps for name in _values(step.arguments, "namespace")} - _SPREAD
    if asked and looked:
        within = bool(asked & looked)
        slots["scope"] = within if slots.get("scope") is None else slots["scope"] and within
        if not within:
            findings.append(Finding("wrong_scope", f"It looked into {', '.join(sorted(looked))}, which was not asked"))
    elif slots.get("scope") is False:
        findings.append(Finding("wrong_scope", f"It took the scope to be {stated['scope']!r}, which was not asked"))
    settled = [agrees for agrees in slots.values() if agrees is not None]
    value = round(sum(settled) / len(settled), 4) if settled else None
    return Intent(value, slots, tuple(findings))


def _expected(transcript: Transcript, answer: Answer | None) -> dict[str, str]:
    frame = dict(answer.frame) if answer else {}
    if "symptom" not in frame:
        frame["symptom"] = " ".join(sorted(families(transcript.task.prompt)))
    return frame


def families(text: str) -> set[str]:
    """The symptom families that a text speaks of."""
    low = normal(_CAMEL.sub(" ", text))
    return {family for family, pattern in _SYMPTOMS.items() if re.search(pattern, low) or family in low.split()}


def _agree(slot: str, expected: str, stated: str) -> bool | None:
    if slot == "symptom" and (wanted := families(expected)):
        found = families(stated)
        return bool(wanted & found) if found else None
    if slot == "scope" and any(same(one, other) for one in _names(expected) for other in _names(stated)):
        return True
    wanted, found = set(_names(expected)), set(_names(stated))
    if not wanted or not found:
        return None
    share = len(wanted & found) / len(wanted)
    return True if share >= _ALIKE else False if share <= _APART else None


def _names(text: str) -> list[str]:
    return [word for word in re.split(r"[\s,;]+", normal(text)) if len(word) > 2]


def _namespaces(text: str) -> list[str]:
    return [name.lower() for name in _NAMESPACE.findall(text)]


def _asked_namespaces(transcript: Transcript) -> Iterator[str]:
    yield from _namespaces(transcript.task.prompt)
    yield from _values(transcript.task.context, "namespace")


def _values(data: Any, key: str) -> Iterator[str]:
    """Every text under ``key``, however deep."""
    waiting = [data]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Mapping):
            if isinstance(named := item.get(key), str):
                yield named.lower()
            waiting += item.values()
        elif isinstance(item, list | tuple):
            waiting += item
