"""Which rules a model is given, and when: all that fit at the start, and each as soon as it applies. No Django here."""

from __future__ import annotations

import json
import re

from cases.transcript import Step, Task
from sandbox.agents.offline.read import CaseFile
from sandbox.knowledge.language import text_of
from sandbox.knowledge.retrieval import Situation, triggered
from sandbox.knowledge.rule import Knowledge, Rule

LONGEST_KNOWLEDGE = 16_000  # characters of rules in the first prompt


def fitting(knowledge: Knowledge, task: Task) -> tuple[Rule, ...]:
    """All rules that fit the first prompt: those whose words the task shares first, then by name."""
    asked = set(re.findall(r"\w{3,}", f"{task.prompt} {json.dumps(task.context, default=str)}".lower()))

    def rank(rule: Rule) -> tuple[int, str]:
        return -len(asked & set(re.findall(r"\w{3,}", text_of(rule).lower()))), rule.name

    chosen, room = [], LONGEST_KNOWLEDGE
    for rule in sorted(knowledge.rules, key=rank):
        room -= len(text_of(rule)) + 1
        if room < 0:
            break
        chosen.append(rule)
    return tuple(sorted(chosen, key=lambda rule: rule.name))


class Recall:
    """One run's view of the knowledge. ``given`` was told in full at the start."""

    def __init__(self, knowledge: Knowledge, task: Task):
        self.rules = knowledge.rules
        self.given = fitting(knowledge, task)
        self._told = {rule.name for rule in self.given}
        self._file = CaseFile(task)
        self._tools = {tool.name for tool in task.tools}
        self._applied: set[str] = set()

    def newly(self, steps: tuple[Step, ...], *, conclusion: str | None = None) -> tuple[Rule, ...]:
        """The rules that apply now and did not before; ``conclusion`` is a fault class about to be concluded."""
        if not self.rules:
            return ()
        for step in steps[self._file.read_steps :]:
            self._file.add(step)
        situation = Situation(
            self._file.evidence, self._file.alert.families, self._tools, self._file.symptom_components(), conclusion
        )
        new = [rule for rule in self.rules if rule.name not in self._applied and triggered(rule, situation)]
        self._applied |= {rule.name for rule in new}
        return tuple(sorted(new, key=lambda rule: rule.name))

    def told(self, rules: tuple[Rule, ...]) -> str:
        """Rules as a reminder: by name where their text was told before, else in full, once."""
        words = [rule.name if rule.name in self._told else text_of(rule).strip() for rule in rules]
        self._told |= {rule.name for rule in rules}
        return "\n".join(words)

    def untold(self, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        return tuple(rule for rule in rules if rule.name not in self._told)
