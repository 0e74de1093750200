"""A change of rules as people read it: line by line, word by word, with what it runs into. No Django here."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from rules.conflicts import Conflict, conflicts
from rules.patching import RuleChange, difference
from sandbox.knowledge.language import part_text
from sandbox.knowledge.rule import Knowledge, Rule


@dataclass(frozen=True)
class Clash:
    """What a line runs into: ``kind`` of the conflict, the ``other`` rule, and why."""

    kind: str
    other: str
    text: str


@dataclass(frozen=True)
class DiffLine:
    """``kind`` add, del or same; ``pieces`` (word, marked) of one line; ``clashes`` with other rules, marked here."""

    kind: str
    pieces: tuple[tuple[str, bool], ...]
    clashes: tuple[Clash, ...] = ()

    @property
    def text(self) -> str:
        return "".join(text for text, _ in self.pieces)


@dataclass(frozen=True)
class Changed:
    change: RuleChange
    lines: tuple[DiffLine, ...]


def diff_of(base: Knowledge, candidate: Knowledge) -> dict:
    """The rules that differ, word by word, with what they run into; and how many stay as they are."""
    found = difference(base, candidate)
    clashes = conflicts(candidate, among=found.names)
    return {
        "changes": [
            Changed(change, with_clashes(lines_of(change), change.after, clashes) if change.after else lines_of(change))
            for change in found.changes
        ],
        "unchanged": found.unchanged,
    }


def with_clashes(lines: tuple[DiffLine, ...], rule: Rule, clashes: Iterable[Conflict]) -> tuple[DiffLine, ...]:
    """Each conflict of ``rule`` stands at the line of the test or operator that clashes; the first line where it is all of it."""
    found: dict[int, list[Clash]] = {}
    for clash in clashes:
        if rule.name not in clash.rules:
            continue
        other = next((name for name in clash.rules if name != rule.name), rule.name)
        mine = [part_text(part) for part in clash.parts if part in (*rule.when, *rule.unless, *rule.then)]
        at = next(
            (
                number
                for number, line in enumerate(lines)
                if line.kind != "del" and any(text in line.text for text in mine)
            ),
            0,
        )
        found.setdefault(at, []).append(Clash(clash.kind, other, clash.text))
    return tuple(replace(line, clashes=tuple(found.get(number, ()))) for number, line in enumerate(lines))


def lines_of(change: RuleChange) -> tuple[DiffLine, ...]:
    """The pieces of a word diff as lines: a changed line before and after it, unchanged lines plain."""
    old: list[list[tuple[str, bool]]] = [[]]
    new: list[list[tuple[str, bool]]] = [[]]
    for piece in change.pieces:
        for number, text in enumerate(piece.text.split("\n")):
            sides = [side for side, kind in ((old, "added"), (new, "removed")) if piece.kind != kind]
            for side in sides:
                if number:
                    side.append([])
                if text:
                    side[-1].append((text, piece.kind != "same"))
    before = [tuple(line) for line in old if line]
    after = [tuple(line) for line in new if line]
    if change.before is None:
        return tuple(DiffLine("add", line) for line in after)
    if change.after is None:
        return tuple(DiffLine("del", line) for line in before)
    lines: list[DiffLine] = []
    matcher = SequenceMatcher(a=[_words(line) for line in before], b=[_words(line) for line in after], autojunk=False)
    for tag, i, j, k, m in matcher.get_opcodes():
        if tag == "equal":
            lines += [DiffLine("same", ((_words(line), False),)) for line in after[k:m]]
            continue
        lines += [DiffLine("del", line) for line in before[i:j]]
        lines += [DiffLine("add", line) for line in after[k:m]]
    return tuple(lines)


def _words(line: tuple[tuple[str, bool], ...]) -> str:
    return "".join(text for text, _ in line)
