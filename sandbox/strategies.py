"""The portfolio of an exploration: which branches to run, each different in one named way. No Django here.

An operator names one way to be different. Likeliest and emptiest cells come first, temperature
last: it is the one operator that adds no idea. The plan is made before anything runs, so a
person can see, prune or add to it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from cases.transcript import Step, Task, Transcript, canonical_json
from sandbox.agents.base import Profile
from sandbox.knowledge.evidence import Aspect, Evidence
from sandbox.modalities import ASPECT_MODALITY, modalities_of, words_of

PROFILES = ("thorough", "log_first", "trace_first", "change_first", "fast")
TEMPERATURES = (0.7, 1.0, 1.3)
# the order in which operators take their turn; hypotheses take more turns because they find most
TURNS = (
    "hypothesis",
    "contrarian",
    "focus",
    "hypothesis",
    "fork",
    "mask",
    "hypothesis",
    "profile",
    "component",
    "hypothesis",
    "dropout",
    "focus",
    "hypothesis",
)


@dataclass(frozen=True)
class BranchPlan:
    """One branch: ``operators`` name how it differs, ``profile`` makes an agent do it, ``why`` says it in words."""

    operators: dict[str, Any]
    profile: Profile
    seed: int
    why: str
    cell: tuple[str, ...] = field(default=())  # (fault class or component, modality) it explores


def plan(
    transcript: Transcript, *, evidence: Sequence[Evidence], task: Task, runs: int, seed: int = 0
) -> tuple[BranchPlan, ...]:
    """At most ``runs`` branches on a failed session, all different, best first; the same inputs give the same plan.

    ``evidence`` is what the failed session's steps show. Operators without a candidate (no rule to
    drop, nothing concluded to doubt) leave their turn to the next; temperature fills what is left.
    """
    ground = _Ground(transcript, tuple(evidence), task)
    queues: dict[str, Iterator[_Candidate]] = {name: make(ground) for name, make in OPERATORS.items()}
    chosen: list[BranchPlan] = []
    seen: set[str] = set()

    def take(name: str) -> bool:
        for candidate in queues[name]:
            key = canonical_json(candidate.operators)
            if key not in seen:
                seen.add(key)
                chosen.append(candidate.branch(seed + len(chosen)))
                return True
        return False

    while len(chosen) < runs:
        if not sum(take(name) for name in TURNS if len(chosen) < runs):
            break
    while len(chosen) < runs and take("temperature"):
        pass
    return tuple(chosen)


@dataclass(frozen=True)
class _Candidate:
    operators: dict[str, Any]
    profile: Profile
    why: str
    cell: tuple[str, ...] = ()

    def branch(self, seed: int) -> BranchPlan:
        return BranchPlan(self.operators, self.profile, seed, self.why, self.cell)


@dataclass(frozen=True)
class _Ground:
    """What the failed session leaves to work with."""

    transcript: Transcript
    evidence: tuple[Evidence, ...]
    task: Task

    @property
    def concluded(self) -> tuple[str, ...]:
        diagnosis = self.transcript.diagnosis
        return tuple(cause.fault_class for cause in diagnosis.root_causes) if diagnosis else ()

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


def _hypotheses(ground: _Ground) -> Iterator[_Candidate]:
    """Fault classes to test first: what the evidence speaks for, then what nobody has looked at."""
    words = Counter(word for item in ground.evidence for word in words_of(f"{item.aspect} {item.value}"))
    looked, reachable = ground.looked, set(ground.reachable)

    def worth(name: str) -> tuple[float, str]:
        own = words_of(name)
        likely = sum(1 for word in own if words[word]) / max(1, len(own))
        modalities = modalities_of(name) & reachable
        empty = any(not looked[modality] for modality in modalities)
        return (-(likely + (0.5 if empty else 0.0)), name)

    for name in sorted(set(ground.task.fault_classes) - set(ground.concluded), key=worth):
        modality = min(modalities_of(name) & reachable, key=lambda one: (looked[one], one), default="")
        why = f"What if it is {name}? Test that first"
        yield _Candidate({"hypothesis": name}, Profile(hypothesis=name), why, (name, modality))


def _components(ground: _Ground) -> Iterator[_Candidate]:
    """Components that look ill but were not blamed."""
    diagnosis = ground.transcript.diagnosis
    blamed = {cause.component for cause in diagnosis.root_causes} if diagnosis else set()
    ill: Counter[str] = Counter()
    for item in ground.evidence:
        if item.component and item.aspect is not Aspect.NORMAL:
            ill[item.component] += 1
    for name in sorted(set(ill) - blamed, key=lambda one: (-ill[one], one)):
        why = f"{name} looks ill too ({ill[name]} findings): start there"
        yield _Candidate({"component": name}, Profile(hypothesis=name), why, (name, ""))


def _contrarian(ground: _Ground) -> Iterator[_Candidate]:
    for name in dict.fromkeys(ground.concluded):
        why = f"Hold {name} wrong: what does it not explain?"
        yield _Candidate({"contrarian": name}, Profile(contrarian=name), why, (f"not {name}", ""))


def _focus(ground: _Ground) -> Iterator[_Candidate]:
    for modality in ground.reachable:
        times = ground.looked[modality]
        why = f"Look at {modality} first: the failed session looked there {times} times"
        yield _Candidate({"focus": modality}, Profile(focus=modality), why, ("", modality))


def _forks(ground: _Ground) -> Iterator[_Candidate]:
    """Keep the first steps, then do something the failed session never did."""
    steps = ground.transcript.steps
    for at in _fork_points(ground):
        kept = tuple((step.tool, dict(step.arguments)) for step in steps[:at])
        for tool, arguments in _untried(ground, steps):
            why = f"Keep the first {at} steps, then call {tool}, which the failed session never did"
            operators = {"fork": {"step": at, "tool": tool, "arguments": arguments}}
            yield _Candidate(operators, Profile(prefix=(*kept, (tool, arguments))), why, ("", f"{tool}@{at}"))


def _fork_points(ground: _Ground) -> tuple[int, ...]:
    """Where the run began to lean on its conclusion: after the first step it cites; then the middle, then the start."""
    diagnosis, count = ground.transcript.diagnosis, len(ground.transcript.steps)
    cited = sorted({ref.step for claim in diagnosis.claims for ref in claim.refs}) if diagnosis else []
    points = [cited[0] + 1] if cited else []
    return tuple(dict.fromkeys(point for point in [*points, count // 2, 0] if point <= count))


def _untried(ground: _Ground, steps: Sequence[Step]) -> Iterator[tuple[str, dict[str, Any]]]:
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


def _masks(ground: _Ground) -> Iterator[_Candidate]:
    """Without the tool the conclusion leans on, another way must be found."""
    diagnosis, steps = ground.transcript.diagnosis, ground.transcript.steps
    cited = [ref.step for claim in diagnosis.claims for ref in claim.refs] if diagnosis else []
    leaned = Counter(steps[index].tool for index in cited if index < len(steps)) or Counter(s.tool for s in steps)
    if len(ground.task.tools) < 2:
        return
    for tool, times in sorted(leaned.items(), key=lambda pair: (-pair[1], pair[0])):
        why = f"Without {tool}, which the conclusion leans on {times} times"
        yield _Candidate({"mask": tool}, Profile(masked_tools=(tool,)), why, ("", f"without {tool}"))


def _dropouts(ground: _Ground) -> Iterator[_Candidate]:
    """Without a rule that took part: it may have led astray."""
    uses = [use for step in ground.transcript.steps for use in step.rules] + list(ground.transcript.concluding_rules)
    weight = Counter({use.rule: 0 for use in uses})
    weight.update(use.rule for use in uses if use.how == "fired")
    for rule, fired in sorted(weight.items(), key=lambda pair: (-pair[1], pair[0])):
        why = f"Without rule {rule}, which fired {fired} times"
        yield _Candidate({"dropout": rule}, Profile(dropped_rules=(rule,)), why, (f"without {rule}", ""))


def _profiles(ground: _Ground) -> Iterator[_Candidate]:
    own = ground.transcript.parameters.get("profile", {})
    used = own.get("name", "balanced") if isinstance(own, dict) else "balanced"
    for name in PROFILES:
        if name != used:
            why = f"The same agent with another temperament: {name.replace('_', ' ')}"
            yield _Candidate({"profile": name}, Profile(name=name), why, ("", name))


def _temperatures(_: _Ground) -> Iterator[_Candidate]:
    number = 0
    while True:
        value = TEMPERATURES[number % len(TEMPERATURES)]
        operators = {"temperature": value} if number < len(TEMPERATURES) else {"temperature": value, "sample": number}
        yield _Candidate(operators, Profile(temperature=value), f"Chance: temperature {value}", ("", f"t{value}"))
        number += 1


OPERATORS: dict[str, Callable[[_Ground], Iterator[_Candidate]]] = {
    "hypothesis": _hypotheses,
    "component": _components,
    "contrarian": _contrarian,
    "focus": _focus,
    "fork": _forks,
    "mask": _masks,
    "dropout": _dropouts,
    "profile": _profiles,
    "temperature": _temperatures,
}


def _names_one(parameter: str) -> bool:
    return bool({"service", "app", "component", "name", "pod"} & set(words_of(parameter)))
