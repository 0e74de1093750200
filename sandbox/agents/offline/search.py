"""What to ask next: every call that can be made, by what it would tell. No Django here."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache

from cases.calls import canonical
from cases.transcript import Level, Step, Task
from sandbox.agents.base import FAR_FIRST, Profile
from sandbox.agents.offline.calls import Candidate, Memory, candidates
from sandbox.agents.offline.capabilities import WORTH, capabilities_for, capabilities_of
from sandbox.agents.offline.hypotheses import Hypothesis, chances
from sandbox.agents.offline.lexicon import concepts_in, concepts_of_class
from sandbox.agents.offline.names import words_of
from sandbox.agents.offline.profiles import FOCUS, Temper
from sandbox.agents.offline.read import CaseFile, question_of
from sandbox.agents.offline.suspicion import ALIKE, Effects, Suspects, suspects
from sandbox.agents.offline.teaching import Wanted
from sandbox.archive import distances

IN_VAIN = 2  # answers without a word end a rule's question to the neighbours of a component
REQUIRED = 2.0  # what a rule's requirement adds to a call's worth
LED = 1.2  # what a branch's hypothesis adds to a call that tells of it
WHOLE = 3.0  # how much more than by its words a call tells of it by what it looks at, where that is all of the system
AFAR = 2.0  # what a far-first branch adds for two calls from the alert, and takes at the alert
FILLERS = {"the", "a", "of", "and", "to", "is", "in", "at", "for", "look", "get", "check"}
LATELY = 0.8  # what the changes of the components that look most ill add: what is new comes before what is odd
ILLEST = 0.8  # of the most suspicious one's share
MAP = 3.5  # what the whole topology adds where several look ill and nothing tells who calls whom
SWEEP = 0.8  # what pods and events add once anything looks ill: most of what is wrong with one shows there
MAPPED = 0.5  # of the doubt counts for whom a component calls where some of that is known
BENEATH = 1.0  # what a list of nodes adds where many look ill
NEAR = ("metrics", "logs", "traces", "changes")  # what tells of a fault whatever its class
DOUBT, FARTHER = 0.6, 0.45  # of what looks most ill: for what tells of any fault, and for the rest
NAMED, STILL, SETTLED = 0.9, 0.35, 0.1  # doubt of what the alert names: nothing seen, something seen, others more ill
REPEATED = 0.12  # what each further answer of a tool takes that is asked one by one
ONE_BY_ONE = ("describe", "logs", "configuration", "connectivity", "host")


@dataclass
class Search:
    """One run's calls: which were made, what came of them, and which are worth most now."""

    task: Task
    file: CaseFile
    profile: Profile
    temper: Temper
    seed: int
    asked: set[str] = field(default_factory=set)
    misses: dict[str, int] = field(default_factory=dict)
    answers: dict[str, int] = field(default_factory=dict)
    unanswered: dict[str, int] = field(default_factory=dict)  # component -> calls about it that came to nothing
    memory: Memory = field(default_factory=dict)
    looked: set[tuple[str, str]] = field(default_factory=set)  # (capability, component) seen already
    silent: set[str] = field(default_factory=set)  # calls whose answers said nothing

    def __post_init__(self) -> None:
        self.led = concepts_of_class(self.profile.hypothesis) if self.profile.hypothesis else frozenset()
        self.apt = capabilities_for(self.profile.hypothesis) if self.led else {}
        self.hinted = frozenset(words_of(self.profile.hint))

    def see(self, step: Step, *, told: bool) -> None:
        """Remember a call; ``told``: something could be read off its answer."""
        tool = self.task.tool(step.tool)
        key = canonical(step.tool, step.arguments, tool).key
        self.asked.add(key)
        if not told:
            self.silent.add(key)
        about = question_of(step.tool, step.arguments)
        if told and tool is not None and about.component and (able := capabilities_of(tool)):
            self.looked.add((able[0][0], about.about))
        lost = step.observation.level in (Level.MISS, Level.REFUSED) or step.observation.is_error
        if lost and about.component:
            self.unanswered[about.about] = self.unanswered.get(about.about, 0) + 1
        counter = self.misses if lost else self.answers
        counter[step.tool] = counter.get(step.tool, 0) + 1

    def worthwhile(self, wanted: Sequence[Wanted]) -> tuple[Wanted, ...]:
        """What rules ask for, without the rest of a question put to one neighbour after another that got no answer."""
        vain = Counter((want.rule, want.tool) for want in wanted if want.key in self.silent)
        return tuple(want for want in wanted if vain[want.rule, want.tool] < IN_VAIN or want.key in self.asked)

    def ranked(
        self, hypotheses: Sequence[Hypothesis], wanted: Sequence[Wanted], effects: Effects
    ) -> list[tuple[float, Candidate]]:
        """Every call not made yet with its worth, best first; ``wanted`` and ``effects`` are what rules say."""
        likely = chances(hypotheses)
        seen = suspects(self.file, effects)
        by_suspicion = sorted(seen.shares, key=lambda name: (-seen.shares[name], name))
        names = list(dict.fromkeys([*(one.component for one, _ in likely[:4] if one.component), *by_suspicion]))
        calls = candidates(self.task.tools, self.file, names, self.memory, window=self.profile.window)
        found = {one.key: one for one in calls}
        asked_for: dict[str, float] = {}
        for want in wanted:
            asked_for[want.key] = asked_for.get(want.key, 0.0) + (REQUIRED if want.weight is None else want.weight)
            if want.key not in found and self.task.tool(want.tool) is not None:
                found[want.key] = self._asked_by_rule(want)
        view = _View.of(likely, seen)
        ranked = [
            (self._worth(one, view) + asked_for.get(key, 0.0) + self._noise(key), one)
            for key, one in found.items()
            if key not in self.asked
        ]
        ranked.sort(key=lambda pair: (-pair[0], pair[1].tool, pair[1].written))
        return ranked

    def _asked_by_rule(self, want: Wanted) -> Candidate:
        able = capabilities_of(self.task.tool(want.tool))
        capability = able[0][0] if able else ""
        return Candidate(want.tool, want.arguments, want.key, capability, 0.5, concepts=concepts_in(want.tool))

    def _worth(self, one: Candidate, view: _View) -> float:
        worth = (WORTH.get(one.capability, 0.3) + self.temper.taste.get(one.capability, 0.0)) * one.aptness
        if one.component:
            worth += self._about(one, view)
        else:
            worth += MAP * (one.capability == "topology" and view.seen.unmapped)
            worth += BENEATH * ("node" in one.concepts and view.seen.beneath)
            worth += SWEEP * (one.kind in ("pods", "events") and bool(view.ill))
        worth += 3.0 * view.telling(one.concepts)
        if one.capability == "changes" and view.seen.loud.get(one.component, 0.0) >= ILLEST:
            worth += LATELY
        worth += self._leaning(one, view)
        worth -= 0.9 * ((one.capability, one.component) in self.looked and bool(one.component))
        worth -= 0.7 * max(0, self.unanswered.get(one.component, 0) - 1)
        lost, answered = self.misses.get(one.tool, 0), self.answers.get(one.tool, 0)
        repeated = answered * (REPEATED if one.capability in ONE_BY_ONE else 0.05)
        return worth - 0.5 * max(0, lost - answered) - repeated

    def _about(self, one: Candidate, view: _View) -> float:
        """What asking about this component adds."""
        near = one.capability in NEAR
        doubt = max(
            view.chance.get(one.component, 0.0), (DOUBT if near else FARTHER) * view.ill.get(one.component, 0.0)
        )
        if one.component in self.file.alert.hinted:
            settled = 0 < view.chance.get(one.component, 0.0) + view.ill.get(one.component, 0.0) < 0.25 and not near
            doubt = max(doubt, NAMED if not view.chance and not view.ill else SETTLED if settled else STILL)
        if one.capability == "topology" and any(one.component in edge for edge in self.file.edges):
            doubt *= MAPPED
        entry = one.component in self.file.entries[:3] and one.capability in ("logs", "topology")
        return 2.2 * doubt if doubt > 0.02 else 0.6 if entry else -1.1

    def _leaning(self, one: Candidate, view: _View) -> float:
        """What the profile of a branch adds."""
        worth = 0.0
        if self.profile.focus and one.capability in FOCUS.get(self.profile.focus, ()):
            worth += 2.5
        if self.led:
            worth += LED * self._tells(one, view)
        if self.profile.order == FAR_FIRST:
            worth += self._farness(one)
        if self.hinted:
            told = (one.words & self.hinted) - FILLERS
            worth += 0.9 * min(5, len(told) + len(told & set(words_of(one.tool))))
        return worth

    def _tells(self, one: Candidate, view: _View) -> float:
        """How much a call would say of the branch's hypothesis: by what it looks at, rather at what looks ill, and once."""
        if one.component == self.profile.hypothesis:
            return 1.0
        spoken = len(one.concepts & self.led) / len(self.led)
        apt = WHOLE * self.apt.get(one.capability, 0.0)
        if one.component:
            doubt = max(view.chance.get(one.component, 0.0), view.ill.get(one.component, 0.0))
            again = sum(capability == one.capability for capability, _ in self.looked)
            apt *= (0.1 + 0.4 * min(1.0, 2 * doubt)) / (1 + again)
        return spoken + apt

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


@dataclass(frozen=True)
class _View:
    """What the worth of a call depends on: chances of components and classes, and who looks ill."""

    chance: dict[str, float]
    telling: Callable[[frozenset[str]], float]  # how much what speaks of these concepts tells open classes apart
    ill: dict[str, float]
    seen: Suspects

    @classmethod
    def of(cls, likely: Sequence[tuple[Hypothesis, float]], seen: Suspects) -> _View:
        chance: dict[str, float] = {}
        for one, share in likely:
            chance[one.component] = chance.get(one.component, 0.0) + share
        classes = [
            (concepts, share * (1 - share)) for one, share in likely if (concepts := concepts_of_class(one.fault_class))
        ]

        @cache  # hundreds of calls speak of a few things
        def telling(about: frozenset[str]) -> float:
            return sum(doubt * len(about & concepts) / len(concepts) for concepts, doubt in classes)

        ill = {name: share**2 for name, share in seen.shares.items() if share >= ALIKE}
        return cls(chance, telling, ill, seen)
