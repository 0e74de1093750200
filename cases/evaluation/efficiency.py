"""What the calls of a session were worth: repeated, subsumed, invalid, going round in circles. No Django here."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cases.calls import CanonicalCall, canonical
from cases.evaluation.base import Finding
from cases.transcript import Level, Step, Task, ToolSchema, canonical_json

SAME_CALL = 3  # the same canonical call so many times is a loop
LONGEST_PERIOD = 4
ROUNDS = 3
BARREN = 5  # steps without new evidence


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
    """The longest run of steps of which none returned anything not seen before; misses are passed over."""
    seen: set[str] = set()
    longest = streak = 0
    for step in steps:
        if step.observation.level is Level.MISS:
            continue  # what the snapshot lacks is not the agent's fault
        new = step.observation.level is not Level.REFUSED and step.observation.output not in seen
        seen.add(step.observation.output)
        streak = 0 if new else streak + 1
        longest = max(longest, streak)
    return longest


def measure(task: Task, steps: Sequence[Step]) -> Efficiency:
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
    loops = _loops(keys, counts, steps)
    findings = [
        *(
            Finding("repeated_call", f"Step {later} asks again what step {earlier} asked", later)
            for earlier, later in repeated
        ),
        *(
            Finding("subsumed_call", f"Step {later} asks for a part of what step {earlier} returned", later)
            for earlier, later in subsumed
        ),
        *(Finding("invalid_call", f"Step {at}: {why}", at) for at, why in invalid),
        *loops,
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


def _loops(keys: list[str], counts: Counter[str], steps: Sequence[Step]) -> list[Finding]:
    found = [
        Finding(
            "loop",
            f"{steps[keys.index(key)].tool} was asked the same {count} times",
            len(keys) - 1 - keys[::-1].index(key),
        )
        for key, count in counts.items()
        if count >= SAME_CALL
    ]
    turns = [(at, period) for at in range(1, len(keys) + 1) if (period := going_round(keys[:at])) > 1]
    if turns:
        at, period = turns[0]
        found.append(Finding("loop", f"The same {period} calls in {ROUNDS} rounds", at - 1))
    if (streak := barren_streak(steps)) >= BARREN:
        found.append(Finding("loop", f"{streak} steps in a row brought nothing new"))
    return found
