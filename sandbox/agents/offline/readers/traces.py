"""Span trees: where the time goes, and the deepest span that fails. No Django here."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sandbox.agents.offline.names import component_of, template
from sandbox.agents.offline.reading import Question, Reading, Reference
from sandbox.knowledge.evidence import Aspect

SPAN = re.compile(
    r"^(?P<indent>\s+)(?P<component>[a-z][\w.-]*): (?P<operation>.+?)\s{2,}(?P<ms>\d+(?:\.\d+)?)\s*(?P<unit>ms|s|us)\b(?:.*?error=(?P<error>.*))?$"
)
CONNECT = re.compile(r"^(?:tcp\.|dial\b|http\.)?\s*(?:connect|dial)(?:ing)?(?: to)?\s+(?P<host>[a-z][\w.-]*\w)$", re.I)
SLOW = 150.0  # ms of a span's own that make it worth a word
UNITS = {"ms": 1.0, "s": 1000.0, "us": 0.001}


@dataclass
class Span:
    depth: int
    component: str
    operation: str
    total: float
    error: str
    quote: str
    own: float = 0.0
    blamed: bool = False  # a child fails too
    caller: str = ""  # the component of the span above


def spans_of(text: str) -> list[Span]:
    """All spans of a text of indented trees, with the time that none of their children accounts for."""
    found: list[Span] = []
    path: list[Span] = []
    for line in text.splitlines():
        match = SPAN.match(line)
        if match is None:
            path = [] if line and not line[0].isspace() else path
            continue
        span = Span(
            len(match["indent"]), component_of(match["component"]), match["operation"],
            float(match["ms"]) * UNITS[match["unit"]], (match["error"] or "").strip(), line.strip(),
        )  # fmt: skip
        span.own = span.total
        while path and path[-1].depth >= span.depth:
            path.pop()
        if path:
            path[-1].own -= span.total
            span.caller = path[-1].component
            path[-1].blamed = path[-1].blamed or bool(span.error)
        path.append(span)
        found.append(span)
    return found


def read(text: str, question: Question, reading: Reading) -> bool:
    spans = spans_of(text)
    if len(spans) < 2:
        return False
    for span in spans:
        reading.name("services", span.component)
        if span.caller and span.caller != span.component and (span.caller, span.component) not in reading.edges:
            reading.edges.append((span.caller, span.component))
    failed: dict[tuple[str, str], list[Span]] = {}
    slow: dict[tuple[str, str], list[Span]] = {}
    for span in spans:
        form = template(span.operation)
        if span.error and not span.blamed:
            if reached := CONNECT.match(span.operation):
                reading.references.append(
                    Reference(
                        span.component, reached["host"], "", f"trace: {template(span.error)}", span.quote, failing=True
                    )
                )
            failed.setdefault(
                (span.component, f"deepest error of the trace: {form} {template(span.error)}"), []
            ).append(span)
        if span.own >= SLOW:
            slow.setdefault((span.component, f"most of the time is its own: {form}"), []).append(span)
    for (component, value), told in [*sorted(failed.items()), *sorted(slow.items())]:
        worst = max(told, key=lambda span: (bool(span.error), span.own))
        reading.find(Aspect.TRACE, component, value, worst.quote, kind="span", strength=min(3.0, 1 + 0.4 * len(told)))
    if not failed and not slow:
        reading.find(
            Aspect.NORMAL,
            question.about,
            "traces without a slow or failed span",
            spans[0].quote,
            kind="span",
            strength=0.3,
        )
    return True
