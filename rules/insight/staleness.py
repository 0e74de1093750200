"""Rules whose world moved on: what they ask for is nowhere any more. No Django here."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sandbox.knowledge.rule import Prefer, Require, Rule, ToolTest


def tools_of(rule: Rule) -> tuple[str, ...]:
    """The tools that a rule asks for or waits for, in its order."""
    asked = [operator.tool for operator in rule.then if isinstance(operator, Require | Prefer)]
    scoped = [test.name for test in (*rule.when, *rule.unless) if isinstance(test, ToolTest)]
    return tuple(dict.fromkeys([*asked, *scoped]))


def gone(rules: Iterable[Rule], tools: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Rule name -> the tools of it that no system has; where no tools are known at all, nothing is said."""
    if not tools:
        return {}
    missing = {rule.name: tuple(name for name in tools_of(rule) if name not in tools) for rule in rules}
    return {name: names for name, names in missing.items() if names}
