"""What makes a rule too narrow or too wide to be knowledge: names, ids, times, whole lines, no trigger. No Django here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from sandbox.knowledge.patterns import problem_of
from sandbox.knowledge.rule import (
    Advise,
    ConclusionTest,
    EvidenceTest,
    Exclude,
    Implies,
    Prefer,
    Require,
    Rule,
    SymptomTest,
)

LONGEST_PATTERN = 120
FORBIDDEN = (
    (re.compile(r"\b\d{1,3}(\\?\.\d{1,3}){3}\b"), "an address"),
    (re.compile(r"\b\d{4}-\d{2}-\d{2}|\b\d{1,2}:\d{2}:\d{2}\b"), "an absolute time"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.I), "an id"),
    (re.compile(r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{12,}\b", re.I), "an id"),
    (re.compile(r"-[0-9a-f]{8,10}-[a-z0-9]{5}\b"), "a pod's name"),
    (re.compile(r"\b(AKIA[0-9A-Z]{16}|eyJ[\w-]{10,}\.[\w-]{10,})"), "a secret"),
    (re.compile(r"\b(password|passwd|secret|token)\s*[=:]\s*[^\s\"'$|()]{4,}", re.I), "a secret"),
)


def lint(rule: Rule, *, known_names: Iterable[str] = ()) -> list[str]:
    """What is wrong with the rule, in words; an empty list means that nothing is.

    ``known_names`` are names of components, hosts and namespaces of the systems the rule was drawn from.
    """
    problems = list(_scope(rule))
    for where, found in _texts(rule):
        problems += [f"{where} holds {what}: {match[0]!r}" for form, what in FORBIDDEN if (match := form.search(found))]
        for name in sorted(set(known_names)):
            if len(name) > 2 and re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", found, re.I):
                problems.append(f"{where} names the component {name!r}: write $component or a class of words")
    for where, found in _patterns(rule):
        if problem := problem_of(found):
            problems.append(f"{where}: {problem}")
            continue
        if len(found) > LONGEST_PATTERN:
            problems.append(f"{where} has {len(found)} characters: keep the telling words, not a whole recorded line")
        if re.search(found, "") or re.search(found, " "):
            problems.append(f"{where} matches everything")
    return problems


def _scope(rule: Rule) -> Iterator[str]:
    positive = [test for test in rule.when if isinstance(test, EvidenceTest) and not test.negated]
    if not positive and not any(isinstance(test, SymptomTest | ConclusionTest) for test in rule.when):
        yield "when has no trigger: a rule that always applies is no knowledge"
    if not rule.then:
        yield "then is empty: the rule does nothing"
    for operator in rule.then:
        if isinstance(operator, Implies) and not positive:
            yield f"IMPLY {operator.fault_class} needs evidence in when, to say where the fault is"
        if isinstance(operator, Exclude) and not (operator.aspect or operator.pattern):
            yield "EXCLUDE would drop everything that is seen"
    if not rule.because:
        yield "because is empty: say why, for the people who review the rule"


def _patterns(rule: Rule) -> Iterator[tuple[str, str]]:
    for name, tests in (("when", rule.when), ("unless", rule.unless)):
        for number, test in enumerate(tests):
            if isinstance(test, EvidenceTest | ConclusionTest) and test.pattern:
                yield f"{name}[{number}].pattern", test.pattern
    for number, operator in enumerate(rule.then):
        if isinstance(operator, Exclude) and operator.pattern:
            yield f"then[{number}].pattern", operator.pattern


def _texts(rule: Rule) -> Iterator[tuple[str, str]]:
    yield "name", rule.name
    yield from _patterns(rule)
    for number, operator in enumerate(rule.then):
        if isinstance(operator, Require | Prefer):
            for name, value in _leaves(operator.arguments):
                yield f"then[{number}].{name}", value
        if isinstance(operator, Advise):
            yield f"then[{number}].text", operator.text
    yield "because", rule.because


def _leaves(value: Any, name: str = "arguments") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inside in value.items():
            yield from _leaves(inside, f"{name}.{key}")
    elif isinstance(value, list):
        for number, inside in enumerate(value):
            yield from _leaves(inside, f"{name}[{number}]")
    elif isinstance(value, str):
        yield name, value
