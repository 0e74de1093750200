"""A change of rules as people read it: line by line, word by word, with what it runs into. No Django here."""

from dataclasses import dataclass

from rules.conflicts import conflicts
from rules.patching import RuleChange, difference
from sandbox.knowledge.rule import Knowledge


@dataclass(frozen=True)
class DiffLine:
    """``kind`` add, del or same; ``pieces`` (word, marked) of one line."""

    kind: str
    pieces: tuple[tuple[str, bool], ...]


@dataclass(frozen=True)
class Changed:
    change: RuleChange
    lines: tuple[DiffLine, ...]
    remarks: tuple[str, ...]  # overlaps and contradictions with other rules


def diff_of(base: Knowledge, candidate: Knowledge) -> dict:
    """The rules that differ, word by word, with what they run into; and how many stay as they are."""
    found = difference(base, candidate)
    clashes = conflicts(candidate, among=found.names)
    return {
        "changes": [
            Changed(
                change,
                lines_of(change),
                tuple(f"{clash.kind}: {clash.text}" for clash in clashes if change.name in clash.rules),
            )
            for change in found.changes
        ],
        "unchanged": found.unchanged,
    }


def lines_of(change: RuleChange) -> tuple[DiffLine, ...]:
    """The pieces of a word diff as lines: removed ones, then added ones, unchanged lines plain."""
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
    plain = {_words(line) for line in before} & {_words(line) for line in after}
    lines = []
    for line in before:
        if _words(line) not in plain:
            lines.append(DiffLine("del", line))
    for line in after:
        kind = "same" if _words(line) in plain else "add"
        lines.append(DiffLine(kind, tuple((text, marked and kind == "add") for text, marked in line)))
    return tuple(lines)


def _words(line: tuple[tuple[str, bool], ...]) -> str:
    return "".join(text for text, _ in line)
