"""A rule as JSON data, and back. No Django here."""

from __future__ import annotations

from dataclasses import MISSING, fields
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from sandbox.knowledge.rule import (
    Advise,
    ConclusionTest,
    EvidenceTest,
    Exclude,
    Implies,
    Knowledge,
    Prefer,
    Require,
    Rule,
    SymptomOf,
    SymptomTest,
    ToolTest,
)

TESTS = {"evidence": EvidenceTest, "symptom": SymptomTest, "conclusion": ConclusionTest, "tool": ToolTest}
OPERATORS = {
    "require": Require,
    "prefer": Prefer,
    "implies": Implies,
    "symptom_of": SymptomOf,
    "exclude": Exclude,
    "advise": Advise,
}
NAMES = {kind: name for name, kind in (TESTS | OPERATORS).items()}


class RuleDataError(ValueError):
    """Data that is not a rule; the message names the field and the remedy."""


def as_data(rule: Rule) -> dict[str, Any]:
    """The rule as plain JSON data; ``from_data`` gives an equal rule back."""
    return {
        "name": rule.name,
        "when": [_part_as_data(test) for test in rule.when],
        "unless": [_part_as_data(test) for test in rule.unless],
        "then": [_part_as_data(operator) for operator in rule.then],
        "because": rule.because,
    }


def from_data(data: Any) -> Rule:
    """Read a rule; raises RuleDataError naming the field that is wrong."""
    if not isinstance(data, dict):
        raise RuleDataError("a rule must be an object")
    name = data.get("name")
    if not isinstance(name, str) or not name:
        raise RuleDataError("rule.name must be a text that is not empty")
    because = data.get("because") or ""
    if not isinstance(because, str):
        raise RuleDataError(f"{name}.because must be text")
    rule = Rule(
        name=name,
        when=_parts(data, "when", TESTS, name),
        unless=_parts(data, "unless", TESTS, name),
        then=_parts(data, "then", OPERATORS, name),
        because=because,
    )
    if not rule.then:
        raise RuleDataError(f"{name}.then is missing: say what the rule does")
    return rule


def knowledge_from(items: list[Any]) -> Knowledge:
    """Knowledge of rules as data; raises RuleDataError, also where two rules share a name."""
    rules = tuple(from_data(item) for item in items)
    names = [rule.name for rule in rules]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise RuleDataError(f"rule names must be unique; {', '.join(twice)} occurs more than once")
    return Knowledge(rules)


def _part_as_data(part: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"is": NAMES[type(part)]}
    for field in fields(part):
        value = getattr(part, field.name)
        default = field.default_factory() if field.default_factory is not MISSING else field.default
        if value != default:
            found[field.name] = list(value) if isinstance(value, tuple) else value
    return found


def _parts(data: dict[str, Any], name: str, kinds: dict[str, type], rule: str) -> tuple[Any, ...]:
    items = data.get(name) or []
    if not isinstance(items, list):
        raise RuleDataError(f"{rule}.{name} must be a list")
    return tuple(_part(item, kinds, f"{rule}.{name}[{number}]") for number, item in enumerate(items))


def _part(item: Any, kinds: dict[str, type], where: str) -> Any:
    kind = kinds.get(item.get("is", "")) if isinstance(item, dict) else None
    if kind is None:
        raise RuleDataError(f'{where} must be an object whose "is" is one of {", ".join(kinds)}')
    hints = get_type_hints(kind)
    unknown = set(item) - set(hints) - {"is"}
    if unknown:
        raise RuleDataError(f"{where} has no field {', '.join(sorted(unknown))}; it may have {', '.join(hints)}")
    values = {}
    for field in fields(kind):
        if field.name in item:
            values[field.name] = _value(item[field.name], hints[field.name], f"{where}.{field.name}")
        elif field.default is MISSING and field.default_factory is MISSING:
            raise RuleDataError(f"{where}.{field.name} is missing")
    return kind(**values)


def _value(value: Any, hint: Any, where: str) -> Any:
    origin = get_origin(hint)
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if hint in (str, bool) and isinstance(value, hint):
        return value
    if origin is tuple and isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
        return tuple(value)
    if origin is dict and isinstance(value, dict):
        return value
    wanted = hint if origin in (Union, UnionType) else getattr(origin or hint, "__name__", hint)
    raise RuleDataError(f"{where} must be {wanted}{' of texts' if origin is tuple and get_args(hint) else ''}")
