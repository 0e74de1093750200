"""Who calls whom, from lists, trees and arrows. No Django here."""

from __future__ import annotations

import re

from sandbox.agents.offline.names import component_of
from sandbox.agents.offline.reading import Question, Reading

SUBJECT = re.compile(r"^\[?(?:Service|Component)\]?\s*:\s*([\w.-]+)", re.M)
ARROW = re.compile(r"\b([a-z][\w.-]+)\s*(?:->|→|-->|=>)\s*([a-z][\w.-]+)")
UP = re.compile(r"(?:upstream|called by|callers)[^:\n]*:\s*([^\n]*)", re.I)
DOWN = re.compile(r"(?:downstream|depends on|dependencies|callees|calls)[^:\n]*:\s*([^\n]*)", re.I)
BRANCH = re.compile(r"^(?P<indent>[\s│|]*)[├└`+]─*-*\s*(?P<name>[a-z][\w.-]*)", re.M)
STEP = re.compile(r"^\s*(?P<way>->|<-|→|←)\s*(?P<name>[a-z][\w.-]*)", re.M)
NAME = re.compile(r"\b[a-z][a-z0-9]*(?:[-.][a-z0-9]+)*\b")


def read(text: str, question: Question, reading: Reading) -> bool:
    subject = SUBJECT.search(text)
    about = component_of(subject[1]) if subject else question.about
    branches = [(len(found["indent"]), component_of(found["name"])) for found in BRANCH.finditer(text)]
    arrows = ARROW.findall(text) if len(text) < 8000 else []
    steps = [(found["way"], component_of(found["name"])) for found in STEP.finditer(text)] if about else []
    upstream, downstream = UP.search(text), DOWN.search(text)
    if not (
        branches or steps or (upstream and downstream) or (subject and (upstream or downstream)) or len(arrows) > 1
    ):
        return False
    for caller, callee in arrows:
        reading.edges.append((component_of(caller), component_of(callee)))
    for way, name in steps:
        reading.edges.append((about, name) if way in ("->", "→") else (name, about))
    for found, flip in ((upstream, True), (downstream, False)):
        for name in NAME.findall(found[1]) if found and about and "(" not in found[1] else []:
            reading.edges.append((component_of(name), about) if flip else (about, component_of(name)))
    path: list[tuple[int, str]] = []
    for indent, name in branches:
        while path and path[-1][0] >= indent:
            path.pop()
        if caller := (path[-1][1] if path else about):
            reading.edges.append((caller, name))
        path.append((indent, name))
    called = {callee for _, callee in reading.edges}
    if len(reading.edges) > 2:
        reading.entries += sorted({caller for caller, _ in reading.edges} - called)
    for edge in reading.edges:
        for name in edge:
            reading.name("services", name)
    return True
