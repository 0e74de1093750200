"""The offline agent: no model, no key, no knowledge of any case; deterministic for a seed. No Django here."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from cases.diagnosis import Diagnosis
from cases.transcript import RuleUse, Step, Task
from sandbox.agents.base import Call, Conclude, Decision, Profile
from sandbox.agents.offline import concluding
from sandbox.agents.offline.calls import Candidate
from sandbox.agents.offline.hypotheses import Hypothesis, chances, scored
from sandbox.agents.offline.names import words_of
from sandbox.agents.offline.profiles import temper_named
from sandbox.agents.offline.read import CaseFile
from sandbox.agents.offline.search import Search
from sandbox.agents.offline.suspicion import NO_EFFECTS
from sandbox.agents.offline.teaching import Teacher, Teaching, Wanted
from sandbox.environment.base import Inventory
from sandbox.knowledge.rule import Knowledge

LED_CALLS = 3, 9  # of a branch with a hypothesis: before that is concluded, and before anything else is
OWED, GRANTED = 1.0, 1.5  # log-odds of a branch's hypothesis: to be looked into, and where what is seen speaks of it
SPOKEN = 0.6  # log-odds from which it does


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

    def __post_init__(self) -> None:
        self.file = CaseFile(self.task)
        self.teacher = Teacher(self.knowledge, self.task, self.task.fault_classes)
        self.temper = temper_named(self.profile.name)
        self.search = Search(self.task, self.file, self.profile, self.temper, self.seed)
        for kind, names in sorted(self.inventory.names.items()):
            self.file.names.setdefault(kind, []).extend(names)

    def decide(self, steps: tuple[Step, ...], *, steps_left: int) -> Decision:
        """See the newest observations, weigh, and either ask or conclude."""
        plain, teaching, hypotheses = self._think(steps)
        uses = list(self.teacher.newly(teaching.triggered))
        if steps_left <= 0:
            return self._conclude(hypotheses, plain, teaching, uses, ended=True)
        taught = self.search.ranked(hypotheses, teaching.wanted, teaching.effects)
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

    def resume(self, steps: tuple[Step, ...]) -> None:
        """All that it knows is in the steps; which rules it was shown by then is on them."""
        self.teacher.retrieved |= {use.rule for step in steps for use in step.rules if use.how == "retrieved"}

    def proposals(self, steps: tuple[Step, ...], n: int = 3) -> tuple[Call, ...]:
        """The calls it would make next after these steps, best first; it decides nothing."""
        _plain, teaching, hypotheses = self._think(steps)
        return tuple(
            Call(one.tool, one.arguments)
            for _, one in self.search.ranked(hypotheses, teaching.wanted, teaching.effects)[:n]
        )

    def hypotheses(self, steps: tuple[Step, ...], n: int = 3) -> tuple[Hypothesis, ...]:
        """Its leading explanations after these steps, likeliest first; it decides nothing."""
        return tuple(self._think(steps)[2][:n])

    def _think(self, steps: tuple[Step, ...]) -> tuple[list[Hypothesis], Teaching, list[Hypothesis]]:
        """See the newest observations and weigh: without rules, what rules say, and with them."""
        for step in steps[self.file.read_steps :]:
            self._see(step)
        plain = self._weigh(self.teacher.teach(self.file, None), taught=False)
        teaching = self.teacher.teach(self.file, self._about_to_conclude(plain))
        teaching = replace(teaching, wanted=self.search.worthwhile(teaching.wanted))
        said = teaching.effects != NO_EFFECTS
        return plain, teaching, self._weigh(teaching, taught=True) if said else plain

    def _see(self, step: Step) -> None:
        known = len(self.file.evidence)
        self.file.add(step)
        self.search.see(step, told=len(self.file.evidence) > known)

    # weighing
    def _weigh(self, teaching: Teaching, *, taught: bool) -> list[Hypothesis]:
        hypotheses = scored(self.file, self.task.fault_classes, teaching.effects if taught else NO_EFFECTS)
        if self.profile.contrarian:
            hypotheses = [one for one in hypotheses if one.fault_class != self.profile.contrarian]
        if self.search.led or self.search.hinted:
            hypotheses = sorted(
                (self._leaning(one) for one in hypotheses), key=lambda one: (-one.score, one.component, one.fault_class)
            )
        return hypotheses

    def _leaning(self, one: Hypothesis) -> Hypothesis:
        extra = 0.0
        if self.profile.hypothesis in (one.fault_class, one.component):
            tested = self.file.read_steps - len(self.profile.prefix) >= LED_CALLS[0]
            extra = GRANTED if tested and one.score >= SPOKEN else OWED
        if self.search.hinted and set(words_of(one.fault_class)) <= self.search.hinted:
            extra += 0.7
        return Hypothesis(one.component, one.fault_class, one.score + extra, one.evidence, one.ruled) if extra else one

    def _about_to_conclude(self, hypotheses: list[Hypothesis]) -> str | None:
        return hypotheses[0].fault_class if hypotheses and hypotheses[0].score >= self.temper.threshold else None

    def _settled(self, hypotheses: list[Hypothesis], steps: tuple[Step, ...], ranked: list[Any]) -> bool:
        own = len(steps) - len(self.profile.prefix)
        if own < self.temper.least_calls or (self.search.led and own < LED_CALLS[not self._is_led_to(hypotheses)]):
            return False
        if own >= self.temper.most_calls or not ranked or ranked[0][0] < self.temper.floor:
            return True
        if not hypotheses or hypotheses[0].score < self.temper.threshold:
            return False
        return hypotheses[0].score - _rival(hypotheses) >= self.temper.margin

    def _is_led_to(self, hypotheses: list[Hypothesis]) -> bool:
        """Whether the branch's own hypothesis is what stands first."""
        return bool(hypotheses) and self.profile.hypothesis in (hypotheses[0].fault_class, hypotheses[0].component)

    def _unmet(self, teaching: Teaching) -> list[Wanted]:
        return [wanted for wanted in teaching.wanted if wanted.weight is None and wanted.key not in self.search.asked]

    def _displaced(self, chosen: Candidate, plain: list[Hypothesis], teaching: Teaching) -> list[RuleUse]:
        """Rules that changed the choice, with the call that would have been made without any of them."""
        if not teaching.triggered:
            return []
        without = self.search.ranked(plain, (), NO_EFFECTS)
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
