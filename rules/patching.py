"""What a patch does to a rule set, and how the change reads. No Django here."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from sandbox.knowledge.language import text_of
from sandbox.knowledge.rule import Knowledge, Rule


class PatchingError(ValueError):
    """A patch that does not fit its base; the message names the rule and the remedy."""


@dataclass(frozen=True)
class Piece:
    """A run of words of a diff: ``kind`` is same, added or removed."""

    kind: str
    text: str


@dataclass(frozen=True)
class RuleChange:
    """One rule before and after; ``before`` None is an addition, ``after`` None a removal."""

    name: str
    before: Rule | None
    after: Rule | None

    @property
    def kind(self) -> str:
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """The rule's text, word by word."""
        return words_between(_text(self.before), _text(self.after))


@dataclass(frozen=True)
class Difference:
    changes: tuple[RuleChange, ...]
    unchanged: tuple[Rule, ...]

    @property
    def names(self) -> frozenset[str]:
        return frozenset(change.name for change in self.changes)


def apply(knowledge: Knowledge, *, add: Iterable[Rule] = (), remove: Iterable[str] = ()) -> Knowledge:
    """The rule set after a patch: ``remove`` by name, then ``add``, replacing a rule of the same name in place.

    Raises PatchingError where a name to remove is not there, or two added rules share a name.
    """
    add, remove = tuple(add), tuple(remove)
    rules = {rule.name: rule for rule in knowledge.rules}
    for name in remove:
        if name not in rules:
            raise PatchingError(f"rule {name!r} cannot be removed: it is not in the base; take it out of the patch")
        del rules[name]
    names = [rule.name for rule in add]
    for name in names:
        if names.count(name) > 1:
            raise PatchingError(f"rule {name!r} is added twice: give each rule a name of its own")
    rules.update({rule.name: rule for rule in add})
    return Knowledge(tuple(rules.values()))


def without_known(knowledge: Knowledge, rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """The rules but those that ``knowledge`` holds under the same name, doing the same for whatever reason."""
    there = {rule.name: replace(rule, because="") for rule in knowledge.rules}
    return tuple(rule for rule in rules if replace(rule, because="") != there.get(rule.name))


def difference(base: Knowledge, candidate: Knowledge) -> Difference:
    """Which rules differ between two sets, by name: changes first to last by name, and what stays."""
    before = {rule.name: rule for rule in base.rules}
    after = {rule.name: rule for rule in candidate.rules}
    changes = tuple(
        RuleChange(name, before.get(name), after.get(name))
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    )
    return Difference(changes, tuple(rule for name, rule in after.items() if before.get(name) == rule))


def rebase(base: Knowledge, candidate: Knowledge, onto: Knowledge) -> tuple[Knowledge, tuple[str, ...]]:
    """The patch base -> candidate on another base, and the names both sides changed (to be settled by a person)."""
    ours, theirs = difference(base, candidate), difference(base, onto)
    clash = tuple(sorted(name for name in ours.names & theirs.names if _end(ours, name) != _end(theirs, name)))
    present = {rule.name for rule in onto.rules}
    remove = [change.name for change in ours.changes if change.after is None and change.name in present]
    add = [change.after for change in ours.changes if change.after is not None]
    return apply(onto, add=add, remove=remove), clash


def words_between(before: str, after: str) -> tuple[Piece, ...]:
    """A word-level diff; joining same and added gives ``after``, same and removed ``before``."""
    old, new = _words(before), _words(after)
    pieces: list[Piece] = []
    for tag, i, j, k, m in difflib.SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(Piece("same", "".join(old[i:j])))
            continue
        if j > i:
            pieces.append(Piece("removed", "".join(old[i:j])))
        if m > k:
            pieces.append(Piece("added", "".join(new[k:m])))
    return tuple(pieces)


def _end(difference: Difference, name: str) -> Rule | None:
    return next(change.after for change in difference.changes if change.name == name)


def _text(rule: Rule | None) -> str:
    return text_of(rule) if rule else ""


def _words(text: str) -> list[str]:
    return re.findall(r"\s+|\w+|[^\w\s]", text)
