"""From the parsed text of a rule to its value, with every word checked where it stands. No Django here."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

from lark import Token, Transformer, v_args

from cases.wellformed import flaw
from sandbox.knowledge.data import as_data
from sandbox.knowledge.evidence import Aspect
from sandbox.knowledge.patterns import problem_of
from sandbox.knowledge.rule import (
    PLACES,
    SYMPTOMS,
    Advise,
    ConclusionTest,
    EvidenceTest,
    Exclude,
    Implies,
    Prefer,
    Require,
    Rule,
    SymptomOf,
    SymptomTest,
    ToolTest,
)

BINDINGS = ("symptom", "same")
VARIABLES = ("$component", "$namespace", "$node", "$object", "$callee", "$caller")
LARGEST = 10**15
LONGEST_NAME = 120  # characters of a name, a tool's or a fault class's too
CONSTANTS = {"true": True, "false": False, "null": None}


class RuleSyntaxError(ValueError):
    """A rule's text that cannot be read: where, at which word, and what was expected there."""

    def __init__(self, line: int, column: int, word: str, message: str):
        super().__init__(f"line {line}, column {column}, at {word or 'the end'}: {message}")
        self.line, self.column, self.word, self.message = line, column, word, message


def refuse(token: Token, message: str) -> RuleSyntaxError:
    return RuleSyntaxError(token.line, token.column, str(token), message)


def one_of(token: Token, allowed: tuple[str, ...]) -> str:
    if str(token) not in allowed:
        raise refuse(token, f"expected one of {', '.join(allowed)}")
    return str(token)


def text(token: Token) -> str:
    try:
        return json.loads(token)
    except ValueError:
        raise refuse(token, 'this is no text: write \\\\ for a backslash and \\" for a quote') from None


def pattern(token: Token) -> str:
    found = text(token)
    if problem := problem_of(found):
        raise refuse(token, problem)
    return found


def number(token: Token | None, default: float) -> float:
    return default if token is None else float(finite(token))


def finite(token: Token) -> float | int:
    try:
        found = json.loads(token)
    except ValueError:  # more digits than a number may have
        found = math.inf
    if not math.isfinite(found) or abs(found) > LARGEST:
        raise refuse(token, "this number is too large")
    return found


def short(token: Token, found: str) -> str:
    if len(found) > LONGEST_NAME:
        raise refuse(token, f"a name has at most {LONGEST_NAME} characters")
    return found


@v_args(inline=True)
class Builder(Transformer):
    """One method for each rule of the grammar, bottom up."""

    def start(self, *rules: tuple[Token, Rule]) -> tuple[Rule, ...]:
        seen = set()
        for token, rule in rules:
            if rule.name in seen:
                raise refuse(token, "another rule has this name; names must be unique")
            seen.add(rule.name)
        return tuple(rule for _, rule in rules)

    def rule(self, name: Token, *parts: Any) -> tuple[Token, Rule]:
        *parts, because = parts
        unless = next((part for part in parts if isinstance(part, tuple)), ())
        tests = (EvidenceTest, SymptomTest, ConclusionTest, ToolTest)
        rule = Rule(
            name=short(name, str(name)),
            when=tuple(part for part in parts if isinstance(part, tests)),
            unless=unless,
            then=tuple(part for part in parts if part is not None and not isinstance(part, (*tests, tuple))),
            because=text(because) if because is not None else "",
        )
        if held := flaw(as_data(rule)):
            raise refuse(name, f"the rule holds {held}")
        return name, rule

    def unless(self, *tests: Any) -> tuple[Any, ...]:
        return tests

    # evidence(...)
    def aspect(self, name: Token) -> tuple[str, str]:
        return "aspect", one_of(name, tuple(Aspect))

    def pattern(self, token: Token) -> tuple[str, str]:
        return "pattern", pattern(token)

    def kind(self, _: Token, word: tuple[Token, str]) -> tuple[str, str]:
        return "kind", word[1]

    def tool(self, _: Token, word: tuple[Token, str]) -> tuple[str, str]:
        return "tool", word[1]

    def component(self, _: Token, word: tuple[Token, str]) -> tuple[str, str]:
        return "component", one_of(word[0], BINDINGS)

    def evidence_test(self, keyword: Token, *found: tuple[str, str] | None) -> EvidenceTest:
        return EvidenceTest(**self._fields(keyword, found, ("aspect", "pattern", "kind", "tool", "component")))

    def not_evidence(self, test: EvidenceTest) -> EvidenceTest:
        return replace(test, negated=True)

    def exclude(self, keyword: Token, *found: tuple[str, str] | None) -> Exclude:
        return Exclude(**self._fields(keyword, found, ("aspect", "pattern")))

    def _fields(self, keyword: Token, found: Any, allowed: tuple[str, ...]) -> dict[str, str]:
        pairs = [pair for pair in found if pair is not None]
        fields = dict(pairs)
        if not fields:
            raise refuse(keyword, f"evidence() needs at least one of {', '.join(allowed)}")
        if len(fields) < len(pairs) or set(fields) - set(allowed):
            raise refuse(keyword, f"each of {', '.join(allowed)} may be given once, and nothing else")
        return fields

    # the other tests
    def symptom_test(self, _: Token, *families: Token) -> SymptomTest:
        return SymptomTest(tuple(one_of(family, SYMPTOMS) for family in families))

    def conclusion_test(self, _: Token, found: Token) -> ConclusionTest:
        return ConclusionTest(pattern(found))

    def tool_test(self, _: Token, word: tuple[Token, str]) -> ToolTest:
        return ToolTest(word[1])

    # operators
    def require(self, call: tuple[str, dict[str, Any]]) -> Require:
        return Require(*call)

    def prefer(self, call: tuple[str, dict[str, Any]], weight: Token | None) -> Prefer:
        return Prefer(*call, weight=abs(number(weight, 1.0)))

    def avoid(self, call: tuple[str, dict[str, Any]], weight: Token | None) -> Prefer:
        return Prefer(*call, weight=-abs(number(weight, 1.0)))

    def imply(self, word: tuple[Token, str], weight: Token | None, at: Token | None) -> Implies:
        return Implies(word[1], number(weight, 3.0), one_of(at, PLACES) if at is not None else "evidence")

    def symptom_of(self, word: tuple[Token, str], weight: Token | None) -> SymptomOf:
        return SymptomOf(word[1], number(weight, 2.0))

    def advise(self, found: Token) -> Advise:
        return Advise(text(found))

    # calls and values
    def call(self, word: tuple[Token, str], *arguments: tuple[str, Any] | None) -> tuple[str, dict[str, Any]]:
        return word[1], dict(argument for argument in arguments if argument is not None)

    def argument(self, word: tuple[Token, str], value: Any) -> tuple[str, Any]:
        return word[1], value

    def word(self, token: Token) -> tuple[Token, str]:
        return token, short(token, text(token) if token.type == "STRING" else str(token))

    def text_value(self, token: Token) -> str:
        return text(token)

    def number_value(self, token: Token) -> float | int:
        return finite(token)

    def variable_value(self, token: Token) -> str:
        return one_of(token, VARIABLES)

    def name_value(self, token: Token) -> Any:
        return CONSTANTS.get(str(token), str(token))

    def list_value(self, *values: Any) -> list[Any]:
        return list(values)

    def empty_list(self) -> list[Any]:
        return []

    def object_value(self, *members: Any) -> dict[str, Any]:
        return dict(member for member in members if member is not None)

    def member(self, name: Token, value: Any) -> tuple[str, Any]:
        return text(name), value
