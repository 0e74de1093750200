"""Recorded calls as oracles: does a world say what the real tool said? No Django here."""

from __future__ import annotations

import json
import math
import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from cases.calls import canonical
from cases.transcript import ToolSchema
from sandbox.environment.base import Recording
from sandbox.environment.world.base import WorldError, WorldSpec
from sandbox.environment.world.world import World, open_world

TOLERANCE = 1e-3  # of a number, relative
SHOWN = 3  # disagreements kept per tool
_NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w.])")


@dataclass(frozen=True)
class Disagreement:
    arguments: dict[str, Any]
    recorded: str
    answered: str  # or why there is no answer


@dataclass
class Agreement:
    """Of ``asked`` recorded calls of a tool, ``agreeing`` got the recorded answer; ``first`` of those that did not."""

    asked: int = 0
    agreeing: int = 0
    first: list[Disagreement] = field(default_factory=list)

    @property
    def rate(self) -> float | None:
        """None where nothing was asked."""
        return self.agreeing / self.asked if self.asked else None


def agreement(
    spec: WorldSpec,
    recordings: Iterable[Recording],
    tools: Iterable[ToolSchema] = (),
    *,
    folder: Path | None = None,
    now: datetime | None = None,
) -> dict[str, Agreement]:
    """Ask every recorded call of a bound tool again, at ``now`` (when the world's clock starts), per tool.

    A call that is unsupported or not captured disagrees, with the reason; tools without a binding are not in it, nor
    recordings that stand for any arguments. ``folder`` keeps the world's file, else it is made for this and removed.
    """
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="world-") as made:
            return agreement(spec, recordings, tools, folder=Path(made), now=now)
    schemas = {tool.name: tool for tool in tools}
    world = open_world(spec, folder, tools=schemas.values())
    found: dict[str, Agreement] = {tool: Agreement() for tool in sorted(spec.bindings)}
    for recording in recordings:
        if recording.tool in found and recording.match == "exact":
            _ask(world, recording, schemas.get(recording.tool), now or spec.starts, found[recording.tool])
    world.close()
    return found


def _ask(world: World, recording: Recording, schema: ToolSchema | None, now: datetime, tally: Agreement) -> None:
    tally.asked += 1
    try:
        answer = world.answer(canonical(recording.tool, recording.arguments, schema), now=now)
        said, agrees = (answer.output, answer.is_error == recording.is_error) if answer else ("", False)
    except WorldError as error:
        said, agrees = str(error), False
    as_set = world.spec.bindings[recording.tool].as_set
    if agrees and (recording.is_error or same(recording.output, said, as_set=as_set)):
        tally.agreeing += 1
    elif len(tally.first) < SHOWN:
        tally.first.append(Disagreement(recording.arguments, recording.output, said))


def same(recorded: str, answered: str, *, as_set: bool = False) -> bool:
    """Whether two texts say the same: JSON by value, else line by line; numbers within TOLERANCE, blanks as one.

    With ``as_set`` the order of lines, or of the items of JSON lists, does not count.
    """
    try:
        one, two = json.loads(recorded), json.loads(answered)
    except ValueError:
        one, two = (
            [" ".join(line.split()) for line in text.splitlines() if line.strip()] for text in (recorded, answered)
        )
    return _alike(one, two, as_set)


def _alike(one: Any, two: Any, as_set: bool) -> bool:
    if isinstance(one, bool) or isinstance(two, bool):
        return one is two
    if isinstance(one, int | float) and isinstance(two, int | float):
        return math.isclose(one, two, rel_tol=TOLERANCE, abs_tol=1e-9)
    if isinstance(one, str) and isinstance(two, str):
        return _NUMBER.sub("#", one) == _NUMBER.sub("#", two) and all(
            _alike(float(a), float(b), False) for a, b in zip(_NUMBER.findall(one), _NUMBER.findall(two), strict=True)
        )
    if isinstance(one, dict) and isinstance(two, dict):
        return one.keys() == two.keys() and all(_alike(one[name], two[name], as_set) for name in one)
    if isinstance(one, list) and isinstance(two, list):
        if as_set:
            one, two = sorted(one, key=_key), sorted(two, key=_key)
        return len(one) == len(two) and all(_alike(a, b, as_set) for a, b in zip(one, two, strict=True))
    return one is None and two is None


def _key(item: Any) -> tuple[str, list[float]]:
    """An order in which items that are alike meet: by their text without numbers, then by the numbers."""
    text = item if isinstance(item, str) else json.dumps(item, sort_keys=True)
    return _NUMBER.sub("#", text), [float(number) for number in _NUMBER.findall(text)]
