"""The rule language: a small grammar with decidable triggers, and rules as text and back. No Django here.

    RULE check-slow-queries
    WHEN evidence(saturation, "pool|connection") AND symptom = latency
    UNLESS evidence(change, "deploy")
    THEN REQUIRE get_slow_queries(service = $component) BEFORE CONCLUDE
    BECAUSE "a pool at its limit is a symptom until the queries are seen"

All tests of WHEN must hold and none of UNLESS; every operator of THEN then applies.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from lark import Lark, UnexpectedCharacters, UnexpectedEOF, UnexpectedToken
from lark.exceptions import VisitError

from sandbox.knowledge.building import Builder, RuleSyntaxError
from sandbox.knowledge.data import as_data, from_data, knowledge_from
from sandbox.knowledge.lint import lint
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

__all__ = [
    "RuleSyntaxError",
    "as_data",
    "from_data",
    "knowledge_from",
    "lint",
    "parse",
    "parse_rule",
    "part_text",
    "text_of",
]

DEEP = "something is nested too deeply"
PLAIN_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.:/-]*\Z")
READABLE = {
    "NAME": "a name",
    "STRING": 'a text in "quotes"',
    "NUMBER": "a number",
    "VARIABLE": "$component, $namespace, $node, $object, $callee or $caller",
    "LPAR": "(",
    "RPAR": ")",
    "COMMA": ",",
    "EQUAL": "=",
    "VBAR": "|",
    "LSQB": "[",
    "RSQB": "]",
    "LBRACE": "{",
    "RBRACE": "}",
    "COLON": ":",
    "__ANON_0": "~",
    "TILDE": "~",
    "$END": "the end",
}


def parse(text: str) -> tuple[Rule, ...]:
    """Read any number of rules; raises RuleSyntaxError, also for two rules of one name."""
    try:
        return Builder().transform(_parser().parse(text))
    except UnexpectedToken as problem:
        if problem.token.type == "$END":
            raise _at_end(text, problem.accepts or problem.expected) from None
        raise RuleSyntaxError(
            problem.line,
            problem.column,
            str(problem.token),
            f"expected {_readable(problem.accepts or problem.expected)}",
        ) from None
    except UnexpectedCharacters as problem:
        word = re.match(r'"[^"\n]*|\S+', text[problem.pos_in_stream :])
        message = (
            "the text has no closing quote"
            if word and word[0].startswith('"')
            else f"expected {_readable(problem.allowed)}"
        )
        raise RuleSyntaxError(problem.line, problem.column, word[0] if word else "", message) from None
    except UnexpectedEOF as problem:
        raise _at_end(text, problem.expected) from None
    except VisitError as problem:
        if isinstance(problem.orig_exc, RecursionError):
            raise RuleSyntaxError(1, 1, "", DEEP) from None
        raise problem.orig_exc from None
    except RecursionError:
        raise RuleSyntaxError(1, 1, "", DEEP) from None


def parse_rule(text: str) -> Rule:
    """Read exactly one rule; raises RuleSyntaxError."""
    rules = parse(text)
    if len(rules) != 1:
        raise RuleSyntaxError(1, 1, text.strip()[:20], f"expected one rule, found {len(rules)}")
    return rules[0]


def text_of(rule: Rule) -> str:
    """The rule in the language; ``parse_rule`` of it gives an equal rule."""
    lines = [f"RULE {rule.name}", "WHEN " + " AND ".join(_test_text(test) for test in rule.when)]
    if rule.unless:
        lines.append("UNLESS " + " OR ".join(_test_text(test) for test in rule.unless))
    lines.append("THEN " + "\nAND ".join(_operator_text(operator) for operator in rule.then))
    if rule.because:
        lines.append(f"BECAUSE {_quoted(rule.because)}")
    return "\n".join(lines) + "\n"


def part_text(part: Test | Operator) -> str:
    """One test or operator, as it stands in its rule's text."""
    if isinstance(part, EvidenceTest | SymptomTest | ConclusionTest | ToolTest):
        return _test_text(part)
    return _operator_text(part)


@lru_cache(maxsize=1)
def _parser() -> Lark:
    grammar = (Path(__file__).parent / "language.lark").read_text()
    return Lark(grammar, parser="lalr", maybe_placeholders=True)


def _at_end(text: str, expected: Any) -> RuleSyntaxError:
    lines = text.rstrip().split("\n")
    return RuleSyntaxError(len(lines), len(lines[-1]) + 1, "", f"expected {_readable(expected)}")


def _readable(terminals: Any) -> str:
    words = {READABLE.get(name) or _keyword(name) for name in terminals}
    return " or ".join(sorted(words))


def _keyword(terminal: str) -> str:
    return terminal.removeprefix("SMALL_").lower() if terminal.startswith("SMALL_") else terminal


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _word(text: str) -> str:
    return text if PLAIN_WORD.match(text) else _quoted(text)


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def _value_text(value: Any) -> str:
    if isinstance(value, str):
        return value if re.fullmatch(r"\$[a-z]+", value) else _quoted(value)
    if isinstance(value, list):
        return "[" + ", ".join(_value_text(one) for one in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_quoted(key)}: {_value_text(one)}" for key, one in value.items()) + "}"
    return json.dumps(value)


def _call_text(tool: str, arguments: dict[str, Any]) -> str:
    inside = ", ".join(f"{_word(name)} = {_value_text(value)}" for name, value in arguments.items())
    return f"{_word(tool)}({inside})" if arguments else _word(tool)


def _test_text(test: Test) -> str:
    match test:
        case EvidenceTest():
            fields = [test.aspect] * bool(test.aspect) + [_quoted(test.pattern)] * bool(test.pattern)
            named = (("kind", test.kind), ("tool", test.tool), ("component", test.component))
            fields += [f"{name} = {_word(value)}" for name, value in named if value]
            return f"{'NOT ' if test.negated else ''}evidence({', '.join(fields)})"
        case SymptomTest():
            return f"symptom = {' | '.join(test.families)}"
        case ConclusionTest():
            return f"conclusion ~ {_quoted(test.pattern)}"
        case ToolTest():
            return f"tool({_word(test.name)})"


def _operator_text(operator: Operator) -> str:
    match operator:
        case Require():
            return f"REQUIRE {_call_text(operator.tool, operator.arguments)} BEFORE CONCLUDE"
        case Prefer():
            verb = "AVOID" if operator.weight < 0 else "PREFER"
            return f"{verb} {_call_text(operator.tool, operator.arguments)} WEIGHT {_number(abs(operator.weight))}"
        case Implies():
            return f"IMPLY {_word(operator.fault_class)} WEIGHT {_number(operator.weight)} AT {operator.at}"
        case SymptomOf():
            return f"SYMPTOM OF {_word(operator.fault_class)} WEIGHT {_number(operator.weight)}"
        case Exclude():
            fields = [operator.aspect] * bool(operator.aspect) + [_quoted(operator.pattern)] * bool(operator.pattern)
            return f"EXCLUDE evidence({', '.join(fields)})"
        case Advise():
            return f"ADVISE {_quoted(operator.text)}"
