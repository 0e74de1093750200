"""Recorded returns, byte for byte, as the answers to an agent's calls; a typed Miss where there is none. No Django here."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError

from cases.calls import CanonicalCall, canonical
from cases.transcript import Level, Observation, ToolSchema
from sandbox.environment.base import Inventory, Recording, World
from sandbox.environment.clock import Clock
from sandbox.environment.matching import Index, Match, Take
from sandbox.environment.world.base import NotCaptured, WorldError

NOT_CAPTURED = "NOT_CAPTURED"
SHOWN = 200  # characters of an argument in a miss


class ReplaySource:
    """The recordings of a snapshot under an index, built once and shared by every run."""

    def __init__(
        self,
        tools: Iterable[ToolSchema],
        recordings: Iterable[Recording],
        *,
        inventory: Inventory | None = None,
        world: World | None = None,
    ):
        self.world = world
        self.tools = tuple(tools)
        self.by_name = {tool.name: tool for tool in self.tools}
        self.index = Index(recordings, self.by_name)
        self.inventory = inventory or Inventory()
        self._validators: dict[str, Draft202012Validator] = {}

    def open(self) -> Replay:
        """One run's environment: the order of its repeated calls starts afresh."""
        return Replay(self)

    def canonical(self, tool: str, arguments: dict[str, Any]) -> CanonicalCall:
        return canonical(tool, arguments, self.by_name.get(tool))

    def barred(self, tool: str, arguments: Any) -> str:
        """Why a call can never be answered here, in words for whoever made it; "" where it may be."""
        schema = self.by_name.get(tool)
        if schema is None:
            return f"There is no tool {tool!r}. The tools are: {', '.join(self.by_name) or 'none'}."
        if schema.effectful and not (self.world and tool in self.world.spec.actions):
            return f"{tool} would change the system; a snapshot only answers questions about it."
        if not isinstance(arguments, dict):
            return f"The arguments of {tool} must be an object, not {type(arguments).__name__}."
        return ""

    def violation(self, call: CanonicalCall, written: dict[str, Any]) -> str:
        """What of the tool's schema a call violates, as written and in canonical form both; "" where nothing."""
        schema = self.by_name[call.tool]
        validator = self._validator(schema)
        given = {name: value for name, value in written.items() if value is not None and value != ""}
        wrong = sorted(validator.iter_errors(given), key=lambda error: [str(at) for at in error.path])
        if not wrong or validator.is_valid({**given, **call.arguments}):
            return ""
        return f"{call.tool}: {'; '.join(_in_words(error) for error in wrong[:3])}. It takes: {_parameters(schema)}."

    def _validator(self, schema: ToolSchema) -> Draft202012Validator:
        if schema.name not in self._validators:
            try:
                Draft202012Validator.check_schema(schema.parameters)
                parameters = schema.parameters
            except SchemaError:  # a source's broken schema refuses nobody
                parameters = {"type": "object"}
            self._validators[schema.name] = Draft202012Validator(parameters)
        return self._validators[schema.name]


class Replay:
    """An Environment over a ReplaySource. Repeated calls get the recorded returns in order, then the last again."""

    def __init__(
        self,
        source: ReplaySource | Iterable[ToolSchema],
        recordings: Iterable[Recording] = (),
        *,
        inventory: Inventory | None = None,
        world: World | None = None,
    ):
        if not isinstance(source, ReplaySource):
            source = ReplaySource(source, recordings, inventory=inventory, world=world)
        self.source = source
        self.tools = source.tools
        self.clock = Clock(source.world.spec.starts, source.world.spec.end) if source.world else None
        self.world = source.world  # as this run has left it
        self._asked: Counter[Take] = Counter()

    def call(self, tool: str, arguments: dict[str, Any]) -> Observation:
        """Answer one call by the first rung that can, and let the world's clock move on by it.

        REFUSED for an unknown tool, one that changes the system and has no declared action, or arguments against its
        schema; MISS for what neither recordings nor world hold.
        """
        seen = self._answered(tool, arguments)
        if self.clock:
            self.clock.advance(seen.latency_ms)
        return seen

    def inventory(self) -> Inventory:
        return self.source.inventory

    def _answered(self, tool: str, arguments: dict[str, Any]) -> Observation:
        barred = self.source.barred(tool, arguments)
        if barred:
            return Observation(_whole(barred), is_error=True, level=Level.REFUSED)
        call, effectful = self.source.canonical(tool, arguments), self.source.by_name[tool].effectful
        match = None if effectful else self.source.index.recorded(call, arguments)
        violation = "" if match else self.source.violation(call, arguments)
        if violation:
            return Observation(_whole(violation), is_error=True, level=Level.REFUSED)
        if effectful:
            return self._acted(call)
        return self._since(call, self._frozen(call, match))

    def _frozen(self, call: CanonicalCall, match: Match | None) -> Observation:
        """What the snapshot says, as if nothing had been done to it."""
        match = match or self.source.index.by_rule(call)
        if match:
            return self._recorded(match)
        return self._derived(call) or self._evaluated(call, self.source.world) or _missed(self.source.index, call)

    def _acted(self, call: CanonicalCall) -> Observation:
        """R4: an effectful tool does what its action declares, to the world of this run alone."""
        try:
            self.world, answer = self.world.act(call, now=self.clock.now)
        except NotCaptured:
            return _missed(self.source.index, call)
        return Observation(_whole(answer.output), answer.is_error, Level.R4, derivation=answer.derivation)

    def _since(self, call: CanonicalCall, seen: Observation) -> Observation:
        """An answer after what this run did: R4 where that changes it, a Miss where nothing says whether it does."""
        if self.world is self.source.world:
            return seen
        before, after = (self._evaluated(call, world) for world in (self.source.world, self.world))
        if after is None:
            if call.tool in self.world.leaves or is_miss(seen):
                return seen
            return _missed(self.source.index, call, f"it was recorded before {'; '.join(self.world.acts)}")
        if before and (after.output, after.is_error) == (before.output, before.is_error):
            return seen
        return replace(after, level=Level.R4, derivation=f"{after.derivation}; after {'; '.join(self.world.acts)}")

    def _recorded(self, match: Match) -> Observation:
        """R0, R1 (an alias: R2): the recorded bytes; a repeated call gets the next of its recordings, at last the last again."""
        take = match.take
        recording = take.recordings[min(self._asked[take], len(take.recordings) - 1)]
        self._asked[take] += 1
        level, rule = (Level.R2, recording.note) if recording.note else (match.level, match.rule)
        return Observation(recording.output, recording.is_error, level, recording.latency_ms, rule)

    def _derived(self, call: CanonicalCall) -> Observation | None:
        """R2: a recorded return with less in it."""
        derived = self.source.index.derived(call)
        if derived is None:
            return None
        latency = derived.recording.latency_ms
        return Observation(derived.output, level=Level.R2, latency_ms=latency, derivation=derived.words)

    def _evaluated(self, call: CanonicalCall, world: World | None) -> Observation | None:
        """R3: the world's tables; a query outside what its engine supports is an error of its own, and no Miss."""
        if world is None:
            return None
        try:
            answer = world.answer(call, now=self.clock.now)
        except NotCaptured:
            return None
        except WorldError as error:
            return Observation(_whole(str(error)), is_error=True, level=Level.R3, derivation="the query was not run")
        return answer and Observation(answer.output, answer.is_error, Level.R3, derivation=answer.derivation)


def is_miss(observation: Observation) -> bool:
    """Whether the snapshot could not answer: not the same as an answer that is empty, nor the agent's fault."""
    return observation.level is Level.MISS


def _missed(index: Index, call: CanonicalCall, reason: str = "") -> Observation:
    body = {
        "status": NOT_CAPTURED,
        "call": {"tool": call.tool, "arguments": call.arguments},
        **({"reason": reason} if reason else {}),
        "nearest": [{"tool": near.tool, "arguments": _shortened(near.arguments)} for near in index.nearest(call)],
    }
    text = _whole(json.dumps(body, ensure_ascii=False, default=str))
    return Observation(text, is_error=True, level=Level.MISS)


def _shortened(arguments: dict[str, Any]) -> dict[str, Any]:
    """Arguments to recognise a call by: of a script or a long query the beginning is enough."""
    cut = {
        name: f"{value[:SHOWN]}…" for name, value in arguments.items() if isinstance(value, str) and len(value) > SHOWN
    }
    return arguments | cut


def _whole(text: str) -> str:
    """What a call said, repeated to it, without what no text may hold."""
    return text.replace("\x00", "").encode(errors="replace").decode()


def _in_words(error: ValidationError) -> str:
    where = ".".join(str(at) for at in error.path)
    return f"{where}: {error.message}" if where else error.message


def _parameters(schema: ToolSchema) -> str:
    required = schema.parameters.get("required") or []
    properties = schema.parameters.get("properties") or {}
    said = []
    for name, wanted in properties.items():
        kind = wanted.get("type", "any") if isinstance(wanted, dict) else "any"
        said.append(f"{name} ({kind}{', required' if name in required else ''})")
    return ", ".join(said) or "nothing"
