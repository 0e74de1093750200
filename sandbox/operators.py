"""The independent ways in which one branch of an exploration differs from another. No Django here.

Each operator yields candidates, its likeliest first; none knows of the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from cases.transcript import Step, Task, Transcript
from sandbox.agents.base import FAR_FIRST, Profile
from sandbox.agents.offline.hypotheses import scored
from sandbox.agents.offline.read import CaseFile
from sandbox.agents.offline.slots import role_of
from sandbox.archive import ANYWHERE, FAR, Cell, distance_name, family_of
from sandbox.differential import behind
from sandbox.knowledge.evidence import Aspect, Evidence
from sandbox.modalities import ASPECT_MODALITY, modalities_of, words_of

OPEN = 0.1  # what a log-odd of the failed session's own evidence adds to a class
PROFILES = ("thorough", "log_first", "trace_first", "change_first", "fast")
TEMPERATURES = (0.7, 1.0, 1.3)
WINDOWS = ((10, "Zoom in: only the last ten minutes"), (180, "Step back three hours: when did it begin?"))


@dataclass(frozen=True)
class Candidate:
    """One way to differ; ``cell`` is where it looks."""

    operators: dict[str, Any]
    profile: Profile
    why: str
    cell: Cell = ANYWHERE


@dataclass(frozen=True)
class Ground:
    """What the failed session leaves to work with. ``hops``: component -> distance from the alert."""

    transcript: Transcript
    evidence: tuple[Evidence, ...]
    task: Task
    hops: Mapping[str, int] = field(default_factory=dict)
    hints: Sequence[str] = ()

    @property
    def concluded(self) -> tuple[str, ...]:
        diagnosis = self.transcript.diagnosis
        return tuple(cause.fault_class for cause in diagnosis.root_causes) if diagnosis else ()

    @cached_property
    def leaning(self) -> dict[str, float]:
        """Fault class -> log-odds that the failed session's own evidence gives it, where it speaks for it at all."""
        file, best = CaseFile(self.task), {}
        for step in self.transcript.steps:
            file.add(step)
        for one in scored(file, self.task.fault_classes):
            best[one.fault_class] = max(one.score, best.get(one.fault_class, 0.0))
        return best

    @property
    def looked(self) -> Counter[str]:
        """Modality -> how often the failed session looked there."""
        seen = Counter(ASPECT_MODALITY.get(item.aspect, "") for item in self.evidence)
        seen.update(modality for step in self.transcript.steps for modality in modalities_of(step.tool))
        return seen

    @property
    def reachable(self) -> tuple[str, ...]:
        """Modalities that some tool of the case can look at, the least looked at first."""
        able = {modality for tool in self.task.tools for modality in modalities_of(f"{tool.name} {tool.description}")}
        looked = self.looked
        return tuple(sorted(able, key=lambda modality: (looked[modality], modality)))


def _hypotheses(ground: Ground) -> Iterator[Candidate]:
    """Fault classes to test first: what may be behind the signs, and what the evidence speaks for by itself.

    What the failed session concluded is held wrong meanwhile: it would explain the same signs again.
    """
    names = sorted(set(ground.task.fault_classes) - set(ground.concluded))
    worth = behind(ground.evidence, ground.task.prompt, ground.concluded, names)
    looked, reachable = ground.looked, set(ground.reachable)
    for name in sorted(names, key=lambda name: (-worth[name] - OPEN * ground.leaning.get(name, 0.0), name)):
        modality = min(modalities_of(name) & reachable, key=lambda one: (looked[one], one), default="")
        why = f"What if it is {name}? Test that first"
        profile = Profile(hypothesis=name, contrarian=next(iter(ground.concluded), ""))
        yield Candidate({"hypothesis": name}, profile, why, Cell(family_of(name), modality))


def _components(ground: Ground) -> Iterator[Candidate]:
    """Components that look ill but were not blamed."""
    diagnosis = ground.transcript.diagnosis
    blamed = {cause.component for cause in diagnosis.root_causes} if diagnosis else set()
    ill: Counter[str] = Counter()
    for item in ground.evidence:
        if item.component and item.aspect is not Aspect.NORMAL:
            ill[item.component] += 1
    for name in sorted(set(ill) - blamed, key=lambda one: (-ill[one], one)):
        why = f"{name} looks ill too ({ill[name]} findings): start there"
        cell = Cell(distance=distance_name(ground.hops.get(name)))
        yield Candidate({"component": name}, Profile(hypothesis=name), why, cell)


def _contrarian(ground: Ground) -> Iterator[Candidate]:
    for name in dict.fromkeys(ground.concluded):
        yield Candidate({"contrarian": name}, Profile(contrarian=name), f"Hold {name} wrong: what does it not explain?")


def _focus(ground: Ground) -> Iterator[Candidate]:
    for modality in ground.reachable:
        times = ground.looked[modality]
        why = f"Look at {modality} first: the failed session looked there {times} time{'s' * (times != 1)}"
        yield Candidate({"focus": modality}, Profile(focus=modality), why, Cell(modality=modality))


def _forks(ground: Ground) -> Iterator[Candidate]:
    """Keep the first steps, then do something the failed session never did."""
    steps = ground.transcript.steps
    for at in _fork_points(ground):
        kept = tuple((step.tool, dict(step.arguments)) for step in steps[:at])
        for tool, arguments in _untried(ground, steps):
            why = f"{_kept(at)}, then call {tool}, which the failed session never did"
            operators = {"fork": {"step": at, "tool": tool, "arguments": arguments}}
            modality = min(modalities_of(tool), default="")
            profile = Profile(prefix=(*kept, (tool, arguments)))
            yield Candidate(operators, profile, why, Cell(modality=modality))


def _kept(steps: int) -> str:
    return {0: "Keep no step", 1: "Keep the first step"}.get(steps, f"Keep the first {steps} steps")


def _fork_points(ground: Ground) -> tuple[int, ...]:
    """Where the run began to lean on its conclusion: after the first step it cites; then the middle, then the start."""
    diagnosis, count = ground.transcript.diagnosis, len(ground.transcript.steps)
    cited = sorted({ref.step for claim in diagnosis.claims for ref in claim.refs}) if diagnosis else []
    points = [cited[0] + 1] if cited else []
    return tuple(dict.fromkeys(point for point in [*points, count // 2, 0] if point <= count))


def _untried(ground: Ground, steps: Sequence[Step]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Calls of tools that were never used, with arguments the session already used under the same name."""
    used = {step.tool for step in steps}
    values: dict[str, Any] = {}
    for step in steps:
        values.update(step.arguments)
    blamed = [item.component for item in ground.evidence if item.component and item.aspect is not Aspect.NORMAL]
    for tool in sorted(ground.task.tools, key=lambda one: one.name):
        properties = tool.parameters.get("properties", {})
        required = tool.parameters.get("required", ())
        known = {name: values[name] for name in required if name in values}
        for name in required:
            if name not in known and blamed and properties.get(name, {}).get("type") == "string" and _names_one(name):
                known[name] = blamed[0]
        if tool.name not in used and not tool.effectful and len(known) == len(required):
            yield tool.name, known


def _masks(ground: Ground) -> Iterator[Candidate]:
    """Without the tool the conclusion leans on, another way must be found."""
    diagnosis, steps = ground.transcript.diagnosis, ground.transcript.steps
    cited = [ref.step for claim in diagnosis.claims for ref in claim.refs] if diagnosis else []
    leaned = Counter(steps[index].tool for index in cited if index < len(steps)) or Counter(s.tool for s in steps)
    if len(ground.task.tools) < 2:
        return
    for tool, times in sorted(leaned.items(), key=lambda pair: (-pair[1], pair[0])):
        why = f"Without {tool}, which the conclusion leans on {times} time{'s' * (times != 1)}"
        yield Candidate({"mask": tool}, Profile(masked_tools=(tool,)), why)


def _dropouts(ground: Ground) -> Iterator[Candidate]:
    """Without a rule that took part: it may have led astray."""
    uses = [use for step in ground.transcript.steps for use in step.rules] + list(ground.transcript.concluding_rules)
    weight = Counter({use.rule: 0 for use in uses})
    weight.update(use.rule for use in uses if use.how == "fired")
    for rule, fired in sorted(weight.items(), key=lambda pair: (-pair[1], pair[0])):
        why = f"Without rule {rule}, which fired {fired} time{'s' * (fired != 1)}"
        yield Candidate({"dropout": rule}, Profile(dropped_rules=(rule,)), why)


def _profiles(ground: Ground) -> Iterator[Candidate]:
    own = ground.transcript.parameters.get("profile", {})
    used = own.get("name", "balanced") if isinstance(own, dict) else "balanced"
    for name in PROFILES:
        if name != used:
            why = f"The same agent with another temperament: {name.replace('_', ' ')}"
            yield Candidate({"profile": name}, Profile(name=name), why)


def _windows(ground: Ground) -> Iterator[Candidate]:
    """Another stretch of time, where some tool takes one."""
    timed = any(role_of(name) == "time" for tool in ground.task.tools for name in tool.parameters.get("properties", {}))
    if timed:
        for minutes, why in WINDOWS:
            yield Candidate({"window": f"{minutes} minutes"}, Profile(window=minutes), why)


def _orders(ground: Ground) -> Iterator[Candidate]:
    """Begin at the other end: what is far from the alert is where cascades start."""
    yield Candidate(
        {"order": "far first"},
        Profile(order=FAR_FIRST),
        "Begin with what is two or more calls away from the alert",
        Cell(distance=FAR),
    )


def _hints(ground: Ground) -> Iterator[Candidate]:
    """What an expert noted on the failed session."""
    for words in dict.fromkeys(hint.strip() for hint in ground.hints if hint.strip()):
        yield Candidate({"hint": words[:200]}, Profile(hint=words), f"An expert noted: {words[:120]}")


def _temperatures(_: Ground) -> Iterator[Candidate]:
    number = 0
    while True:
        value = TEMPERATURES[number % len(TEMPERATURES)]
        operators = {"temperature": value} if number < len(TEMPERATURES) else {"temperature": value, "sample": number}
        yield Candidate(operators, Profile(temperature=value), f"Chance: temperature {value}")
        number += 1


OPERATORS: dict[str, Callable[[Ground], Iterator[Candidate]]] = {
    "hypothesis": _hypotheses,
    "component": _components,
    "contrarian": _contrarian,
    "focus": _focus,
    "fork": _forks,
    "mask": _masks,
    "dropout": _dropouts,
    "profile": _profiles,
    "window": _windows,
    "order": _orders,
    "hint": _hints,
    "temperature": _temperatures,
}


def _names_one(parameter: str) -> bool:
    return bool({"service", "app", "component", "name", "pod"} & set(words_of(parameter)))
