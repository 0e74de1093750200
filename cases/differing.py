"""What changed between two returns of the same call, line by line. No Django here."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher

from cases.ansi import plain

CONTEXT = 3  # unchanged lines around a change
MOST = 6_000  # lines of either side that are compared; what is alike at both ends does not count


@dataclass(frozen=True)
class Changed:
    """One line: ``kind`` is same, added, removed, or fold, whose ``text`` is empty and ``folded`` how many lines it stands for."""

    kind: str
    text: str = ""
    old: int | None = None  # line numbers, from 1
    new: int | None = None
    folded: int = 0


@dataclass(frozen=True)
class Difference:
    lines: tuple[Changed, ...]
    added: int
    removed: int
    too_long: bool = False  # not compared: either side changes over more than MOST lines

    @property
    def same(self) -> bool:
        return not (self.added or self.removed or self.too_long)


def difference(old: str, new: str) -> Difference:
    """Lines of ``new`` against those of ``old``, unchanged ones folded away from changes."""
    before, after = plain(old).splitlines(), plain(new).splitlines()
    head = 0
    while head < min(len(before), len(after)) and before[head] == after[head]:
        head += 1
    tail = 0
    while tail < min(len(before), len(after)) - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    mid_before, mid_after = before[head : len(before) - tail], after[head : len(after) - tail]
    if max(len(mid_before), len(mid_after)) > MOST:
        return Difference((), len(mid_after), len(mid_before), too_long=True)
    lines = [Changed("same", text, at + 1, at + 1) for at, text in enumerate(before[:head])]
    for tag, i, j, k, m in SequenceMatcher(None, mid_before, mid_after, autojunk=False).get_opcodes():
        if tag == "equal":
            lines += [Changed("same", mid_before[at], head + at + 1, head + k + at - i + 1) for at in range(i, j)]
            continue
        lines += [Changed("removed", mid_before[at], old=head + at + 1) for at in range(i, j)]
        lines += [Changed("added", mid_after[at], new=head + at + 1) for at in range(k, m)]
    for at in range(tail, 0, -1):
        lines.append(Changed("same", before[-at], len(before) - at + 1, len(after) - at + 1))
    kinds = [line.kind for line in lines]
    return Difference(tuple(_folded(lines)), kinds.count("added"), kinds.count("removed"))


def _folded(lines: list[Changed]) -> list[Changed]:
    near = set()
    for at, line in enumerate(lines):
        if line.kind != "same":
            near.update(range(at - CONTEXT, at + CONTEXT + 1))
    shown: list[Changed] = []
    for at, line in enumerate(lines):
        if at in near:
            shown.append(line)
        elif shown and shown[-1].kind == "fold":
            shown[-1] = Changed("fold", folded=shown[-1].folded + 1)
        else:
            shown.append(Changed("fold", folded=1))
    return shown
