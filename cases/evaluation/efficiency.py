"""What the calls of a session were worth: repeated, subsumed, invalid, going round in circles. No Django here."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cases.calls import CanonicalCall, canonical
from cases.evaluation.base import Finding
from cases.evaluation.thresholds import DEFAULT, Thresholds
from cases.transcript import Level, Step, Task, ToolSchema, canonical_json

LONGEST_PERIOD = 4
ROUNDS = 3


@dataclass(frozen=True)
class Efficiency:
    metrics: dict[str, Any]
    findings: tuple[Finding, ...]
    looping: bool


def calls_of(task: Task, steps: Sequence[Step]) -> list[CanonicalCall]:
    """Every step's call in canonical form."""
    schemas = {tool.name: tool for tool in task.tools}
    return [canonical(step.tool, step.arguments, schemas.get(step.tool)) for step in steps]


def going_round(keys: Sequence[str], *, period_most: int = LONGEST_PERIOD, rounds: int = ROUNDS) -> int:
    """The period p <= 4 in which the last calls repeat for the third time; 0 where they do not."""
    for period in range(1, period_most + 1):
        tail = keys[-period * rounds :]
        if len(tail) == period * rounds and all(key == tail[at % period] for at, key in enumerate(tail)):
            return period
    return 0


def barren_streak(steps: Sequence[Step]) -> int:
    """How many steps in a row, at most, returned nothing not seen before; misses are passed over."""
    return len(_barren(steps))


def _barren(steps: Sequence[Step]) -> list[int]:
    """Where they are."""
    seen: set[str] = set()
    longest: list[int] = []
    streak: list[int] = []
    for at, step in enumerate(steps):
        if step.observation.level is Level.MISS:
            continue  # what the snapshot lacks is not the agent's fault
        new = step.observation.level is not Level.REFUSED and step.observation.output not in seen
        seen.add(step.observation.output)
        streak = [] if new else [*streak, at]
        longest = max(longest, streak, key=len)
    return longest


def measure(task: Task, steps: Sequence[Step], thresholds: Thresholds = DEFAULT) -> Efficiency:
    """Count over canonical calls: redundancy = sum(n_i - 1) / N, subsumed and invalid calls, loops, answers by level."""
    calls = calls_of(task, steps)
    keys = [call.key for call in calls]
    counts, first = Counter(keys), {}
    repeated = [(first[key], at) for at, key in enumerate(keys) if first.setdefault(key, at) != at]
    subsumed = _subsumed(calls, steps, {at for _, at in repeated})
    invalid = _invalid(task, calls, steps)
    errors = [
        at
        for at, step in enumerate(steps)
        if step.observation.is_error and step.observation.level not in (Level.MISS, Level.REFUSED)
    ]
    loops = _loops(keys, counts, steps, thresholds)
    findings = [
        *(
            Finding("repeated_call", f"Step {later + 1} asks again what step {earlier + 1} asked", later)
            for earlier, later in repeated
        ),
        *(
            Finding("subsumed_call", f"Step {later + 1} asks for a part of what step {earlier + 1} returned", later)
            for earlier, later in subsumed
        ),
        *(Finding("invalid_call", f"Step {at + 1}: {why}", at) for at, why in invalid),
        *(Finding("loop", text, last) for _, last, text in loops),
    ]
    levels = Counter(str(step.observation.level) for step in steps)
    metrics = {
        "calls": len(steps),
        "redundancy": round(len(repeated) / len(steps), 4) if steps else None,
        "repeated": [list(pair) for pair in repeated],
        "subsumed": [list(pair) for pair in subsumed],
        "invalid": [at for at, _ in invalid],
        "tool_errors": errors,
        "loops": len(loops),
        "looped": [[first, last] for first, last, _ in loops],
        "levels": dict(sorted(levels.items())),
        "misses": levels.get(Level.MISS, 0),
    }
    return Efficiency(metrics, tuple(findings), bool(loops))


def _subsumed(calls: list[CanonicalCall], steps: Sequence[Step], repeated: set[int]) -> list[tuple[int, int]]:
    """(earlier, later): the later call only narrows the earlier one, and returned nothing that the earlier had not."""
    pairs: list[tuple[int, int]] = []
    lines: dict[int, set[str]] = {}
    wider: dict[str, list[tuple[int, frozenset[str]]]] = defaultdict(list)  # tool -> earlier calls, each once
    for later, call in enumerate(calls):
        if later in repeated or not _answered(steps[later]):
            continue
        asked = frozenset(canonical_json(argument) for argument in call.arguments.items())
        for earlier, before in wider[call.tool]:
            if before < asked and _lines(lines, steps, later) and lines[later] <= _lines(lines, steps, earlier):
                pairs.append((earlier, later))
                break
        wider[call.tool].append((later, asked))
    return pairs


def _lines(known: dict[int, set[str]], steps: Sequence[Step], at: int) -> set[str]:
    if at not in known:
        known[at] = {line.strip() for line in steps[at].observation.output.splitlines() if line.strip()}
    return known[at]


def _answered(step: Step) -> bool:
    return not step.observation.is_error and step.observation.level not in (Level.MISS, Level.REFUSED)


def _invalid(task: Task, calls: list[CanonicalCall], steps: Sequence[Step]) -> list[tuple[int, str]]:
    """Calls against their schema. A miss is not the agent's fault and is none of them."""
    schemas: dict[str, ToolSchema] = {tool.name: tool for tool in task.tools}
    checked: dict[str, str] = {}
    found = []
    for at, (call, step) in enumerate(zip(calls, steps, strict=True)):
        if call.key not in checked:
            checked[call.key] = _violation(call, schemas)
        if why := checked[call.key]:
            found.append((at, why))
        elif step.observation.level is Level.REFUSED:
            found.append((at, step.observation.output[:200] or "refused"))
    return found


def _violation(call: CanonicalCall, schemas: dict[str, ToolSchema]) -> str:
    from jsonschema import Draft202012Validator, SchemaError  # heavy, and many processes never evaluate

    if not schemas:
        return ""
    schema = schemas.get(call.tool)
    if schema is None:
        return f"there is no tool {call.tool}"
    try:
        problem = next(Draft202012Validator(schema.parameters).iter_errors(call.arguments), None)
    except (SchemaError, TypeError, AttributeError, ValueError):
        return ""  # the schema itself is broken: nothing can be held against the call
    return f"{problem.json_path}: {problem.message[:160]}" if problem else ""


def _loops(
    keys: list[str], counts: Counter[str], steps: Sequence[Step], thresholds: Thresholds
) -> list[tuple[int, int, str]]:
    """(where it began, where it was last seen, what it is)."""
    found = []
    for key, count in counts.items():
        if count >= thresholds.same_call:
            first, last = keys.index(key), len(keys) - 1 - keys[::-1].index(key)
            found.append((first, last, f"{steps[first].tool} was asked the same {count} times"))
    turns = [(at, period) for at in range(1, len(keys) + 1) if (period := going_round(keys[:at])) > 1]
    if turns:
        at, period = turns[0]
        found.append((at - period * ROUNDS, at - 1, f"The same {period} calls in {ROUNDS} rounds"))
    barren = _barren(steps)
    if len(barren) >= thresholds.barren:
        found.append((barren[0], barren[-1], f"{len(barren)} steps in a row brought nothing new"))
    return found
