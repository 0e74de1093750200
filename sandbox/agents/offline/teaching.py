"""Rules at work in one run: what they require, prefer and imply here, and what each changed. No Django here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from cases.calls import canonical
from cases.transcript import RuleUse, Task
from sandbox.agents.offline.read import CaseFile
from sandbox.agents.offline.suspicion import NO_EFFECTS, Effects
from sandbox.knowledge.retrieval import Binding, Situation, beside, node_of, places, triggered
from sandbox.knowledge.rule import Exclude, Implies, Knowledge, Prefer, Require, Rule, SymptomOf

VARIABLE = re.compile(r"\$(component|namespace|node|object)")

WAYS = ("callee", "caller")
MOST_BESIDE = 6  # neighbours that one rule has asked about


@dataclass(frozen=True)
class Wanted:
    """A call that a rule asks for; weight None = required before concluding."""

    rule: str
    tool: str
    arguments: dict[str, Any]
    key: str
    weight: float | None = None


@dataclass(frozen=True)
class Teaching:
    """What the rules that trigger now say."""

    effects: Effects = NO_EFFECTS
    wanted: tuple[Wanted, ...] = ()
    triggered: tuple[str, ...] = ()
    implying: tuple[tuple[str, str], ...] = ()  # rule, operator: those that move hypotheses
    unfilled: tuple[str, ...] = ()  # required calls that cannot be made here, in words


@dataclass
class Teacher:
    """Holds the knowledge of one run and remembers which rules were retrieved before."""

    knowledge: Knowledge
    task: Task
    vocabulary: tuple[str, ...]
    retrieved: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.rules = sorted(self.knowledge.rules, key=lambda rule: rule.name)
        self.tools = {tool.name for tool in self.task.tools}

    def teach(self, file: CaseFile, conclusion: str | None) -> Teaching:
        """The sum of all rules that trigger; ``conclusion`` is the fault class the agent is about to conclude."""
        situation = Situation(file.evidence, file.alert.families, self.tools, file.symptom_components(), conclusion)
        implied, symptoms, noise, wanted, names, implying, unfilled = [], [], set(), [], [], [], []
        for rule in self.rules:
            bindings = triggered(rule, situation)
            if not bindings:
                continue
            names.append(rule.name)
            for operator in rule.then:
                match operator:
                    case Implies() if self._knows(operator.fault_class):
                        implied += [
                            (place, operator.fault_class, operator.weight, one.evidence)
                            for one in bindings
                            for place in places(operator.at, one, file)
                        ]
                        implying.append((rule.name, "implies"))
                    case SymptomOf():
                        symptoms.append((operator.fault_class, operator.weight))
                        implying.append((rule.name, "symptom_of"))
                    case Exclude():
                        noise |= self._noise(operator, file)
                        implying.append((rule.name, "exclude"))
                    case Require() | Prefer():
                        for call in self._calls(rule, operator, bindings[0], file):
                            if isinstance(call, Wanted):
                                wanted.append(call)
                            elif isinstance(operator, Require):
                                unfilled.append(call)
        effects = Effects(tuple(implied), tuple(symptoms), frozenset(noise))
        return Teaching(effects, tuple(wanted), tuple(names), tuple(dict.fromkeys(implying)), tuple(unfilled))

    def newly(self, names: tuple[str, ...]) -> tuple[RuleUse, ...]:
        """Uses "retrieved" for rules that trigger for the first time in this run."""
        fresh = [name for name in names if name not in self.retrieved]
        self.retrieved.update(fresh)
        return tuple(RuleUse(rule=name, how="retrieved") for name in fresh)

    def _knows(self, fault_class: str) -> bool:
        return not self.vocabulary or fault_class in self.vocabulary

    def _noise(self, operator: Exclude, file: CaseFile) -> set[Any]:
        return {
            (one.aspect, one.component, one.value)
            for one in file.evidence
            if (not operator.aspect or one.aspect == operator.aspect)
            and (not operator.pattern or re.search(operator.pattern, one.value, re.IGNORECASE))
        }

    def _calls(
        self, rule: Rule, operator: Require | Prefer, binding: Binding, file: CaseFile
    ) -> Iterator[Wanted | str]:
        """One call; one for each neighbour where an argument stands for those; in words what cannot be made."""
        way = next((way for way in WAYS if f"${way}" in operator.arguments.values()), "")
        if not way:
            yield self._wanted(rule, operator, binding, file)
        for name in beside(way, binding.component, file)[:MOST_BESIDE] if way else ():
            arguments = {key: name if value == f"${way}" else value for key, value in operator.arguments.items()}
            yield self._wanted(rule, replace(operator, arguments=arguments), binding, file)

    def _wanted(self, rule: Rule, operator: Require | Prefer, binding: Binding, file: CaseFile) -> Wanted | str:
        tool = self.task.tool(operator.tool)
        if tool is None:
            return f"{operator.tool}: there is no such tool here (rule {rule.name})"
        filled = {name: self._fill(value, binding, file) for name, value in operator.arguments.items()}
        if any(value is None and operator.arguments[name] is not None for name, value in filled.items()):
            return f"{operator.tool}: nothing is known to fill its arguments with (rule {rule.name})"
        weight = operator.weight if isinstance(operator, Prefer) else None
        return Wanted(rule.name, operator.tool, filled, canonical(operator.tool, filled, tool).key, weight)

    def _fill(self, value: Any, binding: Binding, file: CaseFile) -> Any:
        if isinstance(value, str):
            known = {
                "component": binding.component,
                "namespace": binding.namespace or file.home(binding.component),
                "node": node_of(binding, file),
                "object": binding.object or binding.component,
            }
            names = VARIABLE.findall(value)
            if any(not known[name] for name in names):
                return None
            return VARIABLE.sub(lambda found: known[found[1]], value)
        if isinstance(value, list):
            return [self._fill(one, binding, file) for one in value]
        if isinstance(value, dict):
            return {key: self._fill(one, binding, file) for key, one in value.items()}
        return value
