"""Log lines as templates: how bad, how often, and which other component they blame. No Django here."""

from __future__ import annotations

import math
import re

from sandbox.agents.offline.names import template
from sandbox.agents.offline.reading import Question, Reading, Reference
from sandbox.knowledge.evidence import Aspect

FATAL = re.compile(r"\b(fatal|panic|critical|emerg|oom-?kill\w*|out of memory|segfault|killed process)\b", re.I)
ERROR = re.compile(
    r"\b(errors?|err|exception|traceback|fail(ed|ure|s|ing)?|denied|refused|cannot|could not|unable|unauthori[sz]ed|forbidden|exhausted|deadlock|unavailable)\b|\bE\d{4}\b",
    re.I,
)
WARN = re.compile(
    r"\b(warn(ing)?|timed? ?out|timeout|retry(ing)?|slow|deprecat\w*|reject\w*|unhealthy|not found|too many)\b", re.I
)
INFO = re.compile(r"\b(level|severity|status)\W{1,4}(info|debug|trace)\b|\b(INFO|DEBUG|TRACE)\b")
NO_ERRORS = re.compile(r"^no (error )?logs? .*(found|available)", re.I)
NOTHING = re.compile(
    r"(?:error: )?(?:no (?:series|data|metrics?|samples?|log streams?)\b[^\n]*|[a-z]+ \S+ not found)\s*", re.I
)  # the whole answer: there is nothing to ask about, which says nothing of how it is
LOOKUP = re.compile(
    r"lookup (?P<host>[a-z][\w.-]*)(?: on \S+)?: (?P<why>no such host|server misbehaving|i/o timeout)", re.I
)
DIAL = re.compile(r"dial (?:tcp|udp) (?P<host>[\w.-]+):(?P<port>\d+): (?P<why>(?:connect: |i/o )?[a-z ]+)", re.I)
TO = re.compile(
    r"(?:connect(?:ing|ion)? (?:to|refused by)|(?:session|connection) with|could not connect to(?: server)?(?: at)?|reach(?:ing)?|unknown host|resolve(?: host)?)[\s:'\"]+(?P<host>[a-z][\w.-]+[\w])(?::(?P<port>\d+))?",
    re.I,
)
CALL = re.compile(
    r"\b(?:call|request|calling)\b.{0,60}? to (?P<host>[a-z][\w.-]+\w)(?::(?P<port>\d+))? failed: (?P<why>[^\n]{0,60})",
    re.I,
)
HEAD = re.compile(
    r"^\s*\[?(?:ERROR|ERR|WARN|WARNING|FATAL|CRITICAL|SEVERE|error|warn|fatal)\]?[:\s]+(?:[a-z][\w.-]*-(?:[a-z0-9]{5}|\d{1,2})\s+)?"
)
MOST_TEMPLATES = 12
LOUD = {3.0: 2.5, 2.0: 1.6, 1.0: 0.5}  # strength by severity


def severity(line: str) -> float:
    """3 fatal, 2 error, 1 warning, 0 any other line."""
    if FATAL.search(line):
        return 3.0
    if INFO.search(line) and not re.search(r"\berror\W{1,4}[a-z]", line, re.I):
        return 0.0
    if ERROR.search(line):
        return 2.0
    return 1.0 if WARN.search(line) else 0.0


def read(text: str, question: Question, reading: Reading) -> bool:
    if NO_ERRORS.search(text.strip()):
        reading.find(
            Aspect.NORMAL,
            question.about,
            "no error logs",
            text.strip().splitlines()[0],
            kind="logs",
            strength=0.5,
        )
        return True
    if NOTHING.fullmatch(text.strip()):
        return True
    return read_lines([(line, 1) for line in text.splitlines()], question, reading)


def read_lines(lines: list[tuple[str, int]], question: Question, reading: Reading) -> bool:
    """Each line with how often it stood; the worst templates become findings."""
    component = question.about
    seen: dict[str, list] = {}
    for line, count in lines:
        if not line.strip() or len(line) > 20_000:
            continue
        bad = severity(line)
        if bad:
            form = template(message_of(line))
            known = seen.setdefault(form, [bad, 0, line.strip()[:400]])
            known[0], known[1] = max(known[0], bad), known[1] + count
            _blame(line, component, reading)
    worst = sorted(seen.items(), key=lambda item: (-item[1][0] * (1 + math.log(item[1][1])), item[0]))
    for form, (bad, count, quote) in worst[:MOST_TEMPLATES]:
        reading.find(
            Aspect.LOG, component, form, quote, kind="logs",
            strength=LOUD[bad] * min(1.3, 0.85 + math.log10(count) / 4), namespace=question.namespace,
        )  # fmt: skip
    if not seen and any(line.strip() for line, _ in lines):
        first = next(line.strip() for line, _ in lines if line.strip())
        reading.find(Aspect.NORMAL, component, "logs without errors", first[:200], kind="logs", strength=0.3)
    return bool(lines)


def message_of(line: str) -> str:
    """The telling part of a line: the error or message of a JSON line, or the line after its time and level."""
    for key in ("error", "err", "exception", "message", "msg"):
        if found := re.search(rf"\\?\"{key}\\?\"\s*:\s*\\?\"(.*?)(?<!\\)\\?\"\s*[,}}]", line):
            return found[1].replace("\\", "")
    plain = re.sub(r"^[\d\-T:.,Z+ ]{8,}", "", line)
    return HEAD.sub("", plain)


def _blame(line: str, component: str, reading: Reading) -> None:
    for form in (LOOKUP, DIAL, TO, CALL):
        for found in form.finditer(line.replace("\\", "")):
            groups = found.groupdict()
            why = (groups.get("why") or "").strip()
            if any(groups["host"] == known.host and component == known.component for known in reading.references):
                continue
            reading.references.append(
                Reference(
                    component,
                    groups["host"],
                    groups.get("port") or "",
                    f"log: {why or 'fails'}",
                    line.strip()[:400],
                    failing=True,
                )
            )
