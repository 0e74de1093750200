"""Which recording answers a call, and which come nearest where none does. No Django here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from cases.calls import CanonicalCall, canonical
from cases.transcript import Level, ToolSchema
from sandbox.environment.base import Recording
from sandbox.environment.derivation import Derived, Form, derive

MATCHES = ("exact", "subset", "any")
NEAREST = 3


@dataclass(frozen=True, eq=False, slots=True)
class Take:
    """Recordings of one and the same call, in the order in which it was asked. Its identity is what replay counts by."""

    recordings: tuple[Recording, ...]
    call: CanonicalCall


@dataclass(frozen=True)
class Match:
    take: Take
    level: Level
    rule: str = ""  # how a recording that stands for more than one call was chosen


def verbatim(tool: str, arguments: Mapping[str, Any]) -> str:
    """The call as it was written, up to the order of its arguments."""
    return f"{tool} {json.dumps(arguments, sort_keys=True, default=str)}"


class Index:
    """An immutable index over recordings: verbatim, canonical, by subset of arguments, by tool alone."""

    def __init__(self, recordings: Iterable[Recording], tools: Mapping[str, ToolSchema]):
        self.tools = tools
        self._verbatim: dict[str, Take] = {}
        self._canonical: dict[str, Take] = {}
        self._subset: dict[str, list[Take]] = {}
        self._any: dict[str, Take] = {}
        self._asked: dict[str, list[CanonicalCall]] = {}
        self._forms: dict[str, tuple[Form, dict[str, list[Take]]]] = {}
        self._fill(sorted(recordings, key=lambda recording: recording.order))

    def recorded(self, call: CanonicalCall, written: dict[str, Any]) -> Match | None:
        """The recording of this very call: as it was ``written`` (R0), or canonically equal (R1)."""
        take = self._verbatim.get(verbatim(call.tool, written))
        if take:
            return Match(take, Level.R0)
        take = self._canonical.get(call.key)
        return Match(take, Level.R1) if take else None

    def by_rule(self, call: CanonicalCall) -> Match | None:
        """A recording that stands for more than one call: the most specific subset, else the one for any arguments."""
        for take in self._subset.get(call.tool, []):
            recorded = take.call.arguments
            if all(name in call.arguments and call.arguments[name] == value for name, value in recorded.items()):
                extra = ", ".join(sorted(call.arguments.keys() - recorded.keys()))
                return Match(take, Level.R1, f"recorded whatever {extra} is")
        take = self._any.get(call.tool)
        return Match(take, Level.R1, "recorded for any arguments") if take else None

    def derived(self, call: CanonicalCall) -> Derived | None:
        """The answer taken out of a recorded superset, the smallest that contains it; None where none provably does."""
        schema = self.tools.get(call.tool)
        if schema is None or call.tool not in self._asked:
            return None
        form, frames = self._framed(schema)
        takes = {id(take): take for frame in form.frames(call.arguments) for take in frames.get(frame, ())}
        smallest = sorted(takes.values(), key=lambda take: (len(take.recordings[0].output), take.call.key))
        return derive(call, ((take.call, take.recordings[0]) for take in smallest), form)

    def _framed(self, schema: ToolSchema) -> tuple[Form, dict[str, list[Take]]]:
        """A tool's recordings by what a superset must share with a call; made when the first such call is asked."""
        if schema.name not in self._forms:
            form, frames = Form.of(schema), {}
            for call in self._asked[schema.name]:
                frames.setdefault(form.frame(call.arguments), []).append(self._canonical[call.key])
            self._forms[schema.name] = form, frames
        return self._forms[schema.name]

    def nearest(self, call: CanonicalCall) -> list[CanonicalCall]:
        """The recorded calls of the same tool that share most with ``call``; the calls only, never a return.

        Not of other tools: which those were would tell an agent what somebody found worth asking.
        """
        asked = self._asked.get(call.tool, [])
        return sorted(asked, key=lambda near: (-_alikeness(call.arguments, near.arguments), near.key))[:NEAREST]

    def _fill(self, recordings: list[Recording]) -> None:
        written: dict[str, list[Recording]] = {}
        alike: dict[str, list[Recording]] = {}
        calls: dict[str, CanonicalCall] = {}
        for recording in recordings:
            if recording.match not in MATCHES:
                raise ValueError(f"{recording.tool}: match is {recording.match!r}; it must be one of {MATCHES}")
            call = canonical(recording.tool, recording.arguments, self.tools.get(recording.tool))
            asked = verbatim(recording.tool, recording.arguments)
            calls[asked] = calls[call.key] = call
            written.setdefault(asked, []).append(recording)
            alike.setdefault(call.key, []).append(recording)
        for key, group in alike.items():
            self._place(Take(tuple(group), calls[key]))
        for asked, group in written.items():
            whole = self._canonical[calls[asked].key]
            self._verbatim[asked] = whole if len(whole.recordings) == len(group) else Take(tuple(group), whole.call)
        for takes in self._subset.values():
            takes.sort(key=lambda take: -len(take.call.arguments))

    def _place(self, take: Take) -> None:
        self._canonical[take.call.key] = take
        self._asked.setdefault(take.call.tool, []).append(take.call)
        if take.recordings[0].match == "subset":
            self._subset.setdefault(take.call.tool, []).append(take)
        elif take.recordings[0].match == "any":
            self._any.setdefault(take.call.tool, take)


def _alikeness(asked: dict[str, Any], recorded: dict[str, Any]) -> float:
    score = 0.0
    for name in asked.keys() | recorded.keys():
        if name not in asked or name not in recorded:
            score -= 0.5
        elif asked[name] == recorded[name]:
            score += 2
        else:
            score += SequenceMatcher(None, str(asked[name])[:120], str(recorded[name])[:120]).quick_ratio()
    return score
