"""Rules that pull against each other, found from their triggers alone. No Django here.

Triggers are decidable: closed sets of aspects, families and patterns. Two rules that *always*
fire together and oppose each other are a contradiction; two that *may* fire together and
oppose are an overlap, shown but not refused, because an exception to a general rule is one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product

from sandbox.knowledge.rule import (
    ConclusionTest,
    EvidenceTest,
    Exclude,
    Implies,
    Knowledge,
    Operator,
    Prefer,
    Require,
    Rule,
    SymptomOf,
    SymptomTest,
    Test,
)


@dataclass(frozen=True)
class Conflict:
    """``kind`` is contradiction (always together), overlap (may be together) or duplicate (say the same)."""

    kind: str
    rules: tuple[str, str]
    text: str
    parts: tuple[Operator | Test, ...] = ()  # the operators and tests that clash: where to mark it

    @property
    def refuses(self) -> bool:
        return self.kind == "contradiction"


def conflicts(knowledge: Knowledge, *, among: frozenset[str] | None = None) -> tuple[Conflict, ...]:
    """Every conflict in the set; ``among``: only those that touch a rule of these names."""
    return tuple(
        conflict
        for first, second in combinations(sorted(knowledge.rules, key=lambda rule: rule.name), 2)
        if among is None or {first.name, second.name} & among
        for conflict in _between(first, second)
    )


def satisfiable_together(first: Rule, second: Rule) -> bool:
    """False only where it is certain that no case can fire both."""
    for one, other in product(first.when, second.when):
        if (
            isinstance(one, SymptomTest)
            and isinstance(other, SymptomTest)
            and not set(one.families) & set(other.families)
        ):
            return False
        if _denies(one, other):
            return False
    return not (set(first.unless) & set(second.when) or set(second.unless) & set(first.when))


def always_together(first: Rule, second: Rule) -> bool:
    """Whether one fires whenever the other does, as far as equal tests show."""
    return _covers(first, second) or _covers(second, first)


def _between(first: Rule, second: Rule) -> Iterator[Conflict]:
    names = (first.name, second.name)
    same_trigger = set(first.when) == set(second.when) and set(first.unless) == set(second.unless)
    if same_trigger and set(map(_essence, first.then)) == set(map(_essence, second.then)):
        yield Conflict("duplicate", names, "same trigger and the same operators: one of them is enough")
        return
    if not satisfiable_together(first, second):
        return
    kind = "contradiction" if always_together(first, second) else "overlap"
    for one, other in product(first.then, second.then):
        if reason := _opposes(one, other) or _opposes(other, one):
            yield Conflict(kind, names, reason, (one, other))
        elif same_trigger and isinstance(one, Implies) and isinstance(other, Implies) and _rivals(one, other):
            reason = f"the same trigger is read as {one.fault_class} and as {other.fault_class}"
            yield Conflict("contradiction", names, reason, (one, other))
    for rule, blinded in ((first, second), (second, first)):
        for operator, test in product(rule.then, blinded.when):
            if _blinds(operator, test):
                blind = f"{rule.name} excludes the evidence that {blinded.name} waits for ({test.aspect or 'any'})"
                yield Conflict("overlap", names, blind, (operator, test))
                break


def _opposes(one: Operator, other: Operator) -> str:
    match one, other:
        case Implies(), SymptomOf() if one.weight > 0 and one.fault_class == other.fault_class:
            return f"one rule points to {one.fault_class}, the other calls it a symptom"
        case Implies(), Implies() if one.fault_class == other.fault_class and one.weight > 0 > other.weight:
            return f"one rule raises {one.fault_class}, the other lowers it"
        case Require() | Prefer(), Prefer() if _wants(one) and not _wants(other) and _same_call(one, other):
            return f"one rule asks for {one.tool}, the other avoids it"
    return ""


def _wants(operator: Require | Prefer) -> bool:
    return isinstance(operator, Require) or operator.weight > 0


def _same_call(one: Require | Prefer, other: Require | Prefer) -> bool:
    return one.tool == other.tool and all(one.arguments.get(k, v) == v for k, v in other.arguments.items())


def _rivals(one: Implies, other: Implies) -> bool:
    return one.weight > 0 and other.weight > 0 and one.fault_class != other.fault_class


def _blinds(operator: Operator, test: Test) -> bool:
    """Whether an exclusion takes away exactly the evidence another rule waits for."""
    if not isinstance(operator, Exclude) or not isinstance(test, EvidenceTest) or test.negated:
        return False
    return operator.aspect in ("", test.aspect) and operator.pattern in ("", test.pattern)


def _denies(one: Test, other: Test) -> bool:
    if isinstance(one, EvidenceTest) and isinstance(other, EvidenceTest) and one.negated != other.negated:
        plain = (one.aspect, one.pattern, one.kind, one.tool, one.component)
        return plain == (other.aspect, other.pattern, other.kind, other.tool, other.component)
    if isinstance(one, ConclusionTest) and isinstance(other, ConclusionTest):
        both_literal = one.pattern.replace("_", "").isalnum() and other.pattern.replace("_", "").isalnum()
        return both_literal and one.pattern not in other.pattern and other.pattern not in one.pattern
    return False


def _covers(specific: Rule, general: Rule) -> bool:
    """Each test of ``general`` is one of ``specific``'s, and it has no exception the other lacks."""
    return set(general.when) <= set(specific.when) and set(general.unless) <= set(specific.unless)


def _essence(operator: Operator) -> str:
    return repr(operator)
