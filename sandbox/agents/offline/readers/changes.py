"""Change logs: what was deployed, configured or started, on what, when. No Django here."""

from __future__ import annotations

import re

from sandbox.agents.offline.names import component_of, template
from sandbox.agents.offline.readers.tables import rows_of
from sandbox.agents.offline.reading import Question, Reading, instant
from sandbox.knowledge.evidence import Aspect

TARGET = re.compile(r"target|component|service|object|resource|application", re.I)
WHAT = re.compile(r"change|description|summary|message|action|event", re.I)
WHEN = re.compile(r"time|date|when|at$|created", re.I)


def read(text: str, question: Question, reading: Reading) -> bool:
    rows = rows_of(text.splitlines())
    if not rows or "CHANGE" not in rows[0][0]:
        return False
    for row, line, number in rows:
        target = next((value for key, value in row.items() if TARGET.fullmatch(key) and value), "")
        when = next((value for key, value in row.items() if WHEN.search(key)), "")
        kind = row.get("KIND", "").lower()
        reading.find(
            Aspect.CHANGE, component_of(target, numbered=True), f"{kind}: {template(row['CHANGE'])}".strip(": "), line.strip(),
            kind=kind, strength=1.0, locator=f"line:{number + 1}", onset=instant(when),
        )  # fmt: skip
    return True
