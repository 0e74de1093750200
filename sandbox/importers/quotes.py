"""Whether an expert's own returns say what the expert's label says: a line of theirs, found by code. No Django here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from cases.diagnosis import Claim, ClaimKind, Diagnosis, Ref
from cases.transcript import Level, Step

LONGEST = 400
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_EMPTY_WORDS = {
    "a",
    "an",
    "the",
    "of",
    "on",
    "in",
    "to",
    "not",
    "no",
    "is",
    "fault",
    "error",
    "failure",
    "incorrect",
    "missing",
}


def with_quote(diagnosis: Diagnosis, steps: Sequence[Step]) -> Diagnosis:
    """The diagnosis with one claim that quotes the session, where a line of it names component and fault alike.

    Half of the fault's words or more must stand in the line, and the component in it or in the call. A line that
    is only a key says nothing.
    Where no line does, the diagnosis comes back as it is: it claims nothing it cannot show.
    """
    if not diagnosis.root_causes or diagnosis.claims:
        return diagnosis
    cause = diagnosis.root_causes[0]
    ref = _best(cause.component, _words(cause.fault_class), steps)
    if ref is None:
        return diagnosis
    claim = Claim("c1", ClaimKind.OBSERVATION, diagnosis.summary or cause.fault_class, refs=(ref,))
    return replace(diagnosis, root_causes=(replace(cause, claim="c1"), *diagnosis.root_causes[1:]), claims=(claim,))


def _best(component: str, wanted: frozenset[str], steps: Sequence[Step]) -> Ref | None:
    best, most = None, 0.0
    if not wanted:
        return None
    for step in reversed(steps):
        if step.observation.level in (Level.MISS, Level.REFUSED):
            continue
        asked = component in str(sorted(step.arguments.items(), key=str))
        for line in step.observation.output.splitlines():
            says_something = not line.rstrip().endswith(":") and len(line) <= LONGEST  # a bare key shows nothing
            if says_something and (asked or component in line):
                share = len(wanted & _words(line)) / len(wanted)
                if share >= 0.5 and share > most:
                    best, most = Ref(step.index, line.strip()), share
    return best


def _words(text: str) -> frozenset[str]:
    words = (word.lower().rstrip("s") for word in _WORD.findall(text))
    return frozenset(word for word in words if len(word) > 1 and word not in _EMPTY_WORDS)
