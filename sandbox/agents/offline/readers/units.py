"""``systemctl status``: whether a unit of a node runs. No Django here."""

from __future__ import annotations

import re

from sandbox.agents.offline.reading import Question, Reading
from sandbox.knowledge.evidence import Aspect

ACTIVE = re.compile(r"^\s*Active: (?P<state>[a-z]+)(?: \((?P<sub>[^)]+)\))?.*$", re.M)
UNIT = re.compile(r"(?P<unit>[\w@-]+)\.service|^(?:Service|Unit):\s*(?P<named>[\w@-]+)", re.M)
MISSING = re.compile(r"Unit \S+ could not be found.*")


def read(text: str, question: Question, reading: Reading) -> bool:
    found = ACTIVE.search(text)
    if found is None:
        if missing := MISSING.search(text):
            reading.find(
                Aspect.ABSENCE, question.node, "unit could not be found", missing[0], kind="node", strength=0.5
            )
        return missing is not None
    unit = UNIT.search(text)
    name = (unit["unit"] or unit["named"]) if unit else "unit"
    state = f"{name}: {found['state']} ({found['sub'] or ''})"
    node = question.node or _node(text)
    running = found["state"] in ("active", "reloading")
    reading.find(
        Aspect.NORMAL if running else Aspect.STATE,
        node,
        f"unit {state}",
        found[0].strip(),
        kind="node",
        strength=0.5 if running else 4.0,
        object=node,
        node=node,
    )
    return True


def _node(text: str) -> str:
    named = re.search(r"^Node:\s*(\S+)", text, re.M)
    return named[1] if named else ""
