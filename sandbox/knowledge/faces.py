"""The faces of one rule: operators, prose, JSON and Markdown; whatever was written is read back. No Django here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from sandbox.knowledge.building import RuleSyntaxError
from sandbox.knowledge.data import RuleDataError, as_data, knowledge_from
from sandbox.knowledge.language import parse, text_of
from sandbox.knowledge.rule import (
    Advise,
    ConclusionTest,
    EvidenceTest,
    Exclude,
    Implies,
    Operator,
    Prefer,
    Require,
    Rule,
    SymptomOf,
    SymptomTest,
    Test,
    ToolTest,
)

FENCE = re.compile(r"^```rule[ \t]*\n(.*?)^```[ \t]*$", re.M | re.S)
WHERE = {
    "evidence": "there",
    "node": "at its node",
    "namespace": "in its namespace",
    "callee": "at what it calls",
    "caller": "at what calls it",
}


def read(text: str) -> tuple[Rule, ...]:
    """Rules as text, as JSON or as Markdown with ```rule blocks. Raises RuleSyntaxError, at the place in what was given."""
    if text.lstrip().startswith(("[", "{")):
        return _from_json(text)
    blocks = list(FENCE.finditer(text))
    return _from_markdown(text, blocks) if blocks else parse(text)


def as_text(rules: Iterable[Rule]) -> str:
    return "\n".join(text_of(rule) for rule in rules)


def as_json(rules: Iterable[Rule]) -> str:
    return json.dumps([as_data(rule) for rule in rules], indent=2, ensure_ascii=False) + "\n"


def as_markdown(rules: Iterable[Rule]) -> str:
    """A section a rule: its name, what it says in prose, and its operators in a block that is read back."""
    sections = []
    for rule in rules:
        said = "\n".join(f"- {line}" for line in prose(rule))
        sections.append(f"## {rule.name}\n\n{said}\n\n```rule\n{text_of(rule)}```\n")
    return "\n".join(sections)


def prose(rule: Rule) -> tuple[str, ...]:
    """What the rule says, a sentence each: when, unless, what then, because."""
    lines = ["When " + ", and ".join(map(_test, rule.when)) + "."]
    if rule.unless:
        lines.append("Not where " + ", or ".join(map(_test, rule.unless)) + ".")
    lines += [_operator(operator) for operator in rule.then]
    if rule.because:
        lines.append(f"Because {rule.because.rstrip('.')}.")
    return tuple(lines)


def _from_json(text: str) -> tuple[Rule, ...]:
    try:
        data = json.loads(text)
    except ValueError as problem:
        line, column = getattr(problem, "lineno", 1), getattr(problem, "colno", 1)
        word = re.match(r"\w+|\S?", text[getattr(problem, "pos", 0) :])
        raise RuleSyntaxError(line, column, word[0] if word else "", f"this is no JSON: {problem}") from None
    except RecursionError:
        raise RuleSyntaxError(1, 1, "", "something is nested too deeply") from None
    try:
        rules = knowledge_from(data if isinstance(data, list) else [data]).rules
    except RuleDataError as problem:
        raise RuleSyntaxError(1, 1, "", str(problem)) from None
    for rule in rules:
        try:
            parse(text_of(rule))
        except RuleSyntaxError as problem:  # read back, so that JSON may say no more than the language can
            at = max(text.find(problem.word), 0) if problem.word else 0
            line = text.count("\n", 0, at) + 1
            column = at - (text.rfind("\n", 0, at) + 1) + 1
            raise RuleSyntaxError(line, column, problem.word, f"in rule {rule.name}: {problem.message}") from None
    return rules


def _from_markdown(text: str, blocks: list[re.Match]) -> tuple[Rule, ...]:
    """Only the blocks are read, each kept on its own lines so that a mistake is named where it stands."""
    kept = [""] * (text.count("\n") + 1)
    for block in blocks:
        first = text.count("\n", 0, block.start(1))
        for number, line in enumerate(block[1].split("\n")[:-1]):
            kept[first + number] = line
    return parse("\n".join(kept))


def _test(test: Test) -> str:
    match test:
        case EvidenceTest():
            what = test.aspect or "anything"
            words = f" that says “{test.pattern}”" if test.pattern else ""
            kind = f" of a {test.kind}" if test.kind else ""
            tool = f" in {test.tool}" if test.tool else ""
            where = {"symptom": " where the alert points", "same": " at the same component"}.get(test.component, "")
            return f"{'no ' if test.negated else ''}{what}{kind}{words}{tool} was seen{where}"
        case SymptomTest():
            return f"the alert is about {' or '.join(test.families)}"
        case ConclusionTest():
            return f"a fault like “{test.pattern}” is about to be concluded"
        case ToolTest():
            return f"there is a tool {test.name}"


def _operator(operator: Operator) -> str:
    match operator:
        case Require():
            return f"Ask {_call(operator)} before concluding."
        case Prefer():
            how = "Rather ask" if operator.weight > 0 else "Rather not ask"
            return f"{how} {_call(operator)} (weight {abs(operator.weight):g})."
        case Implies():
            how = "points to" if operator.weight > 0 else "speaks against"
            return f"This {how} {operator.fault_class} {WHERE[operator.at]} (weight {abs(operator.weight):g})."
        case SymptomOf():
            return f"It is a symptom, and does not explain {operator.fault_class} (weight {operator.weight:g})."
        case Exclude():
            what = operator.aspect or "what"
            return (
                f"Leave out {what}{f' that says “{operator.pattern}”' if operator.pattern else ''}: it is noise here."
            )
        case Advise():
            return f"For models: {operator.text.rstrip('.')}."


def _call(operator: Require | Prefer) -> str:
    inside = ", ".join(f"{name} {value}" for name, value in operator.arguments.items())
    return f"{operator.tool}{f' with {inside}' if inside else ''}"
