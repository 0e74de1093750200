"""The offline agent: no model, no key, no knowledge of any case; deterministic for a seed. No Django here."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from cases.calls import canonical
from cases.diagnosis import Diagnosis
from cases.transcript import Level, RuleUse, Step, Task
from sandbox.agents.base import FAR_FIRST, Call, Conclude, Decision, Profile
from sandbox.agents.offline import concluding
from sandbox.agents.offline.calls import Candidate, Memory, candidates
from sandbox.agents.offline.capabilities import WORTH, capabilities_of, capability_for
from sandbox.agents.offline.hypotheses import NO_EFFECTS, Hypothesis, chances, looks_ill, scored
from sandbox.agents.offline.lexicon import concepts_in, concepts_of_class
from sandbox.agents.offline.names import words_of
from sandbox.agents.offline.profiles import FOCUS, temper_named
from sandbox.agents.offline.read import CaseFile, question_of
from sandbox.agents.offline.teaching import Teacher, Teaching, Wanted
from sandbox.archive import distances
from sandbox.environment.base import Inventory
from sandbox.knowledge.rule import Knowledge

REQUIRED = 2.0  # what a rule's requirement adds to a call's worth
LED = 2.5  # what a branch's hypothesis adds, and how many calls it gets before any conclusion
LED_CALLS = 3
AFAR = 2.0  # what a far-first branch adds for two calls from the alert, and takes at the alert
FILLERS = {"the", "a", "of", "and", "to", "is", "in", "at", "for", "look", "get", "check"}
LATELY = 0.8  # what the changes of the components that look most ill add: what is new comes before what is odd
ILLEST = 0.8  # of the most suspicious one's share
NAMED = 0.9  # suspicion of what the alert names, before anything is seen


@dataclass(frozen=True)
class OfflineAgent:
    engine: str = "offline"

    def start(
        self, task: Task, *, knowledge: Knowledge, inventory: Inventory, seed: int = 0, profile: Profile = Profile()
    ) -> OfflineMind:
        return OfflineMind(task, knowledge, inventory, seed, profile)


@dataclass
class OfflineMind:
    task: Task
    knowledge: Knowledge
    inventory: Inventory
    seed: int
    profile: Profile
    tokens: int = 0
    asked: set[str] = field(default_factory=set)
    misses: dict[str, int] = field(default_factory=dict)
    answers: dict[str, int] = field(default_factory=dict)
    unanswered: dict[str, int] = field(default_factory=dict)  # component -> calls about it that came to nothing
    memory: Memory = field(default_factory=dict)
    looked: set[tuple[str, str]] = field(default_factory=set)  # (capability, component) seen already
    ill: dict[str, float] = field(default_factory=dict)  # components with trouble of their own, as shares of the worst

    def __post_init__(self) -> None:
        self.file = CaseFile(self.task)
        self.teacher = Teacher(self.knowledge, self.task, self.task.fault_classes)
        self.temper = temper_named(self.profile.name)
        self.led = concepts_of_class(self.profile.hypothesis) if self.profile.hypothesis else frozenset()
        self.hinted = frozenset(words_of(self.profile.hint))
        for kind, names in sorted(self.inventory.names.items()):
            self.file.names.setdefault(kind, []).extend(names)

    def decide(self, steps: tuple[Step, ...], *, steps_left: int) -> Decision:
        """See the newest observations, weigh, and either ask or conclude."""
        plain, teaching, hypotheses = self._think(steps)
        uses = list(self.teacher.newly(teaching.triggered))
        if steps_left <= 0:
            return self._conclude(hypotheses, plain, teaching, uses, ended=True)
        taught = self._ranked(hypotheses, teaching)
        if self._settled(hypotheses, steps, taught):
            required = self._unmet(teaching)
            if not required:
                return self._conclude(hypotheses, plain, teaching, uses)
            wanted = required[0]
            uses.append(RuleUse(wanted.rule, "fired", "require", f"conclude {_name(hypotheses)}"))
            return Call(
                wanted.tool, wanted.arguments, f"rule {wanted.rule} asks for this before concluding", tuple(uses)
            )
        if not taught:
            return self._conclude(hypotheses, plain, teaching, uses, ended=True)
        chosen = taught[0][1]
        uses += self._displaced(chosen, plain, teaching)
        return Call(chosen.tool, chosen.arguments, self._thought(chosen, hypotheses), tuple(uses))

    def proposals(self, steps: tuple[Step, ...], n: int = 3) -> tuple[Call, ...]:
        """The calls it would make next after these steps, best first; it decides nothing."""
        _plain, teaching, hypotheses = self._think(steps)
        return tuple(Call(one.tool, one.arguments) for _, one in self._ranked(hypotheses, teaching)[:n])

    def hypotheses(self, steps: tuple[Step, ...], n: int = 3) -> tuple[Hypothesis, ...]:
        """Its leading explanations after these steps, likeliest first; it decides nothing."""
        return tuple(self._think(steps)[2][:n])

    def _think(self, steps: tuple[Step, ...]) -> tuple[list[Hypothesis], Teaching, list[Hypothesis]]:
        """See the newest observations and weigh: without rules, what rules say, and with them."""
        for step in steps[self.file.read_steps :]:
            self._see(step)
        plain = self._weigh(self.teacher.teach(self.file, None), taught=False)
        teaching = self.teacher.teach(self.file, self._about_to_conclude(plain))
        return plain, teaching, self._weigh(teaching, taught=True)

    def _see(self, step: Step) -> None:
        self.file.add(step)
        self.asked.add(canonical(step.tool, step.arguments, self.task.tool(step.tool)).key)
        about, told = question_of(step.tool, step.arguments), self.task.tool(step.tool)
        if told is not None and about.component and (able := capabilities_of(told)):
            self.looked.add((able[0][0], about.about))
        lost = step.observation.level in (Level.MISS, Level.REFUSED) or step.observation.is_error
        if lost and about.component:
            name = about.about
            self.unanswered[name] = self.unanswered.get(name, 0) + 1
        counter = self.misses if lost else self.answers
        counter[step.tool] = counter.get(step.tool, 0) + 1

    # weighing
    def _weigh(self, teaching: Teaching, *, taught: bool) -> list[Hypothesis]:
        hypotheses = scored(self.file, self.task.fault_classes, teaching.effects if taught else NO_EFFECTS)
        if self.profile.contrarian:
            hypotheses = [one for one in hypotheses if one.fault_class != self.profile.contrarian]
        if self.led or self.hinted:
            hypotheses = sorted(
                (self._leaning(one) for one in hypotheses), key=lambda one: (-one.score, one.component, one.fault_class)
            )
        return hypotheses

    def _leaning(self, one: Hypothesis) -> Hypothesis:
        extra = 1.0 if self.profile.hypothesis in (one.fault_class, one.component) else 0.0
        if self.hinted and set(words_of(one.fault_class)) <= self.hinted:
            extra += 0.7
        return Hypothesis(one.component, one.fault_class, one.score + extra, one.evidence, one.ruled) if extra else one

    def _about_to_conclude(self, hypotheses: list[Hypothesis]) -> str | None:
        return hypotheses[0].fault_class if hypotheses and hypotheses[0].score >= self.temper.threshold else None

    def _settled(self, hypotheses: list[Hypothesis], steps: tuple[Step, ...], ranked: list[Any]) -> bool:
        own = len(steps) - len(self.profile.prefix)
        if own < self.temper.least_calls or (self.led and own < LED_CALLS):
            return False
        if own >= self.temper.most_calls or not ranked or ranked[0][0] < self.temper.floor:
            return True
        if not hypotheses or hypotheses[0].score < self.temper.threshold:
            return False
        return hypotheses[0].score - _rival(hypotheses) >= self.temper.margin

    def _unmet(self, teaching: Teaching) -> list[Wanted]:
        return [wanted for wanted in teaching.wanted if wanted.weight is None and wanted.key not in self.asked]

    # choosing the next call
    def _ranked(self, hypotheses: list[Hypothesis], teaching: Teaching) -> list[tuple[float, Candidate]]:
        likely = chances(hypotheses)
        suspects = list(dict.fromkeys([one.component for one, _ in likely if one.component]))
        suspected: dict[str, float] = {}
        for one, chance in likely:
            suspected[one.component] = suspected.get(one.component, 0.0) + chance
        self.ill = looks_ill(self.file, teaching.effects)
        open_classes = [
            (concepts, chance * (1 - chance))
            for one, chance in likely
            if (concepts := concepts_of_class(one.fault_class))
        ]

        @cache  # hundreds of calls speak of a few things
        def telling(about: frozenset[str]) -> float:
            return sum(doubt * len(about & concepts) / len(concepts) for concepts, doubt in open_classes)

        wanted: dict[str, float] = {}
        for want in teaching.wanted:
            wanted[want.key] = wanted.get(want.key, 0.0) + (REQUIRED if want.weight is None else want.weight)
        found = {
            one.key: one
            for one in candidates(self.task.tools, self.file, suspects, self.memory, window=self.profile.window)
        }
        for want in teaching.wanted:
            if want.key not in found and (tool := self.task.tool(want.tool)) is not None:
                told = capabilities_of(tool)
                found[want.key] = Candidate(
                    want.tool,
                    want.arguments,
                    want.key,
                    told[0][0] if told else "",
                    0.5,
                    concepts=concepts_in(want.tool),
                )
        ranked = []
        for key, one in found.items():
            if key in self.asked:
                continue
            worth = self._worth(one, suspected, telling) + wanted.get(key, 0.0)
            ranked.append((worth + self._noise(key), one))
        ranked.sort(key=lambda pair: (-pair[0], pair[1].tool, pair[1].written))
        return ranked

    def _worth(self, one: Candidate, suspected: dict[str, float], telling: Callable[[frozenset[str]], float]) -> float:
        worth = (WORTH.get(one.capability, 0.3) + self.temper.taste.get(one.capability, 0.0)) * one.aptness
        if self.profile.focus and one.capability in FOCUS.get(self.profile.focus, ()):
            worth += 2.5
        if one.component:
            told = one.component in self.file.alert.hinted
            doubt = max(suspected.get(one.component, 0.0), 0.0 if not told else 0.35 if suspected else NAMED)
            entry = one.component in self.file.entries[:3] and one.capability in ("logs", "topology")
            worth += 2.2 * doubt if doubt > 0.02 else 0.6 if entry else -1.1
        worth += 3.0 * telling(one.concepts)
        if self.led:
            worth += 1.5 * LED * (one.capability == capability_for(self.profile.hypothesis))
            worth += LED * len(one.concepts & self.led) / max(1, len(self.led)) + (
                LED if one.component == self.profile.hypothesis else 0.0
            )
        if one.capability == "changes" and self.ill.get(one.component, 0.0) >= ILLEST:
            worth += LATELY
        if self.profile.order == FAR_FIRST:
            worth += self._farness(one)
        if self.hinted:
            told = (one.words & self.hinted) - FILLERS
            worth += 0.9 * min(5, len(told) + len(told & set(words_of(one.tool))))
        worth -= 0.9 * ((one.capability, one.component) in self.looked and bool(one.component))
        worth -= 0.7 * max(0, self.unanswered.get(one.component, 0) - 1)
        lost, answered = self.misses.get(one.tool, 0), self.answers.get(one.tool, 0)
        repeated = answered * (
            0.12 if one.capability in ("describe", "logs", "configuration", "connectivity", "host") else 0.05
        )
        return worth - 0.5 * max(0, lost - answered) - repeated

    def _farness(self, one: Candidate) -> float:
        """From the far end: first learn what calls what, then what is two or more calls away from the alert."""
        if not self.file.edges:
            return AFAR * (one.capability == "topology")
        if not one.component:
            return 0.0
        hops = distances(self.file.symptom_components(), self.file.edges).get(one.component)
        return 0.0 if hops is None else AFAR * (min(hops, 2) - 1)

    def _noise(self, key: str) -> float:
        """Gumbel-max: adding this and taking the best draws from the softmax at the profile's temperature."""
        if self.profile.temperature <= 0:
            return 0.0
        drawn = hashlib.sha256(f"{self.seed}/{len(self.asked)}/{key}".encode()).digest()
        uniform = (int.from_bytes(drawn[:7], "big") + 0.5) / 2**56
        return -math.log(-math.log(uniform)) * self.profile.temperature

    def _displaced(self, chosen: Candidate, plain: list[Hypothesis], teaching: Teaching) -> list[RuleUse]:
        """Rules that changed the choice, with the call that would have been made without any of them."""
        if not teaching.triggered:
            return []
        without = self._ranked(plain, Teaching())
        before = without[0][1] if without else None
        if before is not None and before.key == chosen.key:
            return []
        instead = f"{before.tool} {json.dumps(before.arguments, sort_keys=True)}" if before else "conclude"
        asking = [want for want in teaching.wanted if want.key == chosen.key]
        if asking:
            return [
                RuleUse(want.rule, "fired", "require" if want.weight is None else "prefer", instead) for want in asking
            ]
        return [RuleUse(rule, "fired", operator, instead) for rule, operator in teaching.implying]

    def _thought(self, chosen: Candidate, hypotheses: list[Hypothesis]) -> str:
        if not hypotheses:
            return f"{chosen.capability}: nothing stands out yet"
        return f"{chosen.capability}: to tell whether it is {_name(hypotheses)}"

    # concluding
    def _conclude(
        self,
        hypotheses: list[Hypothesis],
        plain: list[Hypothesis],
        teaching: Teaching,
        uses: list[RuleUse],
        *,
        ended: bool = False,
    ) -> Conclude:
        moved = _name(hypotheses) != _name(plain)
        if moved:
            uses += [
                RuleUse(rule, "fired", operator, f"conclude {_name(plain)}") for rule, operator in teaching.implying
            ]
        return Conclude(self._diagnosis(hypotheses, teaching, ended=ended), tuple(uses))

    def _diagnosis(self, hypotheses: list[Hypothesis], teaching: Teaching, *, ended: bool) -> Diagnosis:
        unmet = [
            f"{want.tool} {json.dumps(want.arguments, sort_keys=True)} (rule {want.rule})"
            for want in self._unmet(teaching)
        ]
        if not hypotheses:
            return (
                concluding.no_fault(self.file)
                if self.file.evidence and not unmet
                else concluding.inconclusive(self.file, (), unmet)
            )
        best = hypotheses[0]
        grounded = bool(best.evidence)
        if best.score < self.temper.threshold * 0.65 or not grounded or unmet:
            return concluding.inconclusive(self.file, hypotheses, [*unmet, *teaching.unfilled])
        return concluding.root_cause(self.file, hypotheses, chances(hypotheses)[0][1])


def _rival(hypotheses: list[Hypothesis]) -> float:
    """The score of the best other explanation; the same fault told of another part by the same words is no other."""
    best, told = hypotheses[0], {one.quote for one in hypotheses[0].evidence}
    for other in hypotheses[1:]:
        if other.fault_class != best.fault_class or not told & {one.quote for one in other.evidence[:1]}:
            return other.score
    return 0.0


def _name(hypotheses: list[Hypothesis]) -> str:
    return f"{hypotheses[0].fault_class} at {hypotheses[0].component}" if hypotheses else "nothing"
