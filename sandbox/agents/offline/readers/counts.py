"""Counts of the same things kept in several places: which one parted from the others. No Django here."""

from __future__ import annotations

import re
from statistics import median

from sandbox.agents.offline.names import component_of
from sandbox.agents.offline.readers.rows import aligned_rows, number
from sandbox.agents.offline.reading import Question, Reading
from sandbox.knowledge.evidence import Aspect

LEGEND = re.compile(r"(?P<column>[a-z]\w*): (?P<component>[a-z][\w-]*)[^;\n]*")
NEWEST = 3  # rows
APART = 0.025  # share by which a count may differ: things are on their way


def read(text: str, question: Question, reading: Reading) -> bool:
    head, _, table = text.partition("\n")
    rows = aligned_rows(table)
    counts = {found["column"]: component_of(found["component"]) for found in LEGEND.finditer(head)}
    if len(rows) < 2 or len(counts) < 3 or not counts.keys() <= rows[0][0].keys():
        return False
    newest = rows[-NEWEST:]
    sums = {column: sum(number(row[column]) or 0.0 for row, _ in newest) for column in counts}
    middle = median(sums.values())
    ahead = [column for column in counts if sums[column] > middle * (1 + APART)]
    behind = [column for column in counts if sums[column] < middle * (1 - APART)]
    if len(ahead) + len(behind) >= len(counts) / 2:  # half of them parted: the first column of each half tells where
        ahead, behind = (columns[:1] for columns in (ahead, behind))
    for columns, how in ((ahead, "exceeds"), (behind, "falls short of")):
        for column in columns:
            reading.find(
                Aspect.ERRORS, counts[column], f"count of {column} {how} the others", newest[-1][1], kind="counts",
                strength=2.5, direction=1 if columns is ahead else -1,
            )  # fmt: skip
    if not ahead and not behind:
        reading.find(Aspect.NORMAL, question.about, "counts agree", newest[-1][1], kind="counts", strength=0.5)
    return True
