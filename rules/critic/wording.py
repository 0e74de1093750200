"""The critic's words: a rule's name, its reason, and what made the difference. No Django here."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from rules.critic.alignment import Alignment, Kind
from rules.critic.triggers import Trigger
from sandbox.knowledge.rule import EvidenceTest, Exclude, Implies, Knowledge, Prefer, Require, Rule, SymptomOf

FILLERS = {"the", "and", "for", "with", "has", "have", "was", "were", "not", "from", "that", "this", "are", "all"}


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def name_for(verb: str, what: str, test: EvidenceTest, taken: Collection[str]) -> str:
    """A stable name: what the rule does, on what; numbered where another rule has it."""
    words = [
        word for word in re.findall(r"[a-z]{3,}", re.sub(r"<[a-z]+>", " ", test.pattern.lower())) if word not in FILLERS
    ]
    stem = "-".join(slug(part) for part in (verb, what, test.aspect, *words[:3]) if slug(part))[:90]
    number, name = 2, stem
    while name in taken:
        name, number = f"{stem}-{number}", number + 1
    return name


def because_of(trigger: Trigger, of: int, others: int) -> str:
    """Why to believe a reading: what it was seen on, and what it was silent on."""
    seen = f"seen on this failure and {trigger.siblings} of {of} others of its class"
    silent = f"on none of {others} cases of other classes"
    if trigger.near_misses:
        silent = f"also on {len(trigger.near_misses)} of {others} cases of other classes"
    return f"{seen}, {silent}"


def key_difference(alignment: Alignment, steps: Collection[int]) -> str:
    """The difference that the minimal rules stand for, in one sentence."""
    texts = {d.step: d.text for d in alignment.differences if d.kind is Kind.MISSING_CHECK}
    missed = [texts[step] for step in sorted(steps) if step in texts]
    if missed:
        return "Missing check: " + "; ".join(missed)
    other = next((d.text for d in alignment.differences if d.kind in (Kind.MISSING_EXCLUSION, Kind.OTHER_READING)), "")
    return f"Another reading: {other}" if other else "Another reading of what the failed session saw as well"


def title_of(rules: Sequence[Rule], trigger: Trigger | None) -> str:
    """A few words for a list: what the rules read with ``trigger``; where they only ask, what they ask for."""
    operators = [operator for rule in rules for operator in rule.then]
    if trigger is not None and any(isinstance(operator, Implies | SymptomOf | Exclude) for operator in operators):
        return read(trigger)
    tools = dict.fromkeys(operator.tool for operator in operators if isinstance(operator, Require | Prefer))
    return f"ask {', '.join(tools)} first"[:120] if tools else rules[0].name.replace("-", " ")


def read(trigger: Trigger) -> str:
    """A few words for what a trigger reads."""
    words = re.sub(r"\\(.)", r"\1", trigger.tests[0].pattern)
    return f"read {trigger.tests[0].aspect} {words!r}"[:120] if words else f"read {trigger.tests[0].aspect}"


def taken_in(base: Knowledge) -> set[str]:
    return {rule.name for rule in base.rules}
