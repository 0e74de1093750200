"""The answer of a connection test, per place it was tried from. No Django here."""

from __future__ import annotations

import re

from sandbox.agents.offline.names import component_of, template
from sandbox.agents.offline.reading import Question, Reading
from sandbox.knowledge.evidence import Aspect

RESULT = re.compile(
    r"connection (succeeded|failed|refused|timed out)|(?<!\w)open$|no route to host|bad address|could not resolve|"
    r"name or service not known|host unreachable|(?:0|100)% packet loss",
    re.I | re.M,
)
RESOLVER = re.compile(r"look-?up \d* ?of \S+ at (?P<server>[a-z][\w.-]*\w): (?:timed out|no answer|servfail)", re.I)
LOGGED = re.compile(r"^(\S+\s+){0,2}\[?(ERROR|WARN|WARNING|INFO|DEBUG|FATAL)\b", re.M)
PLACE = re.compile(r"(?:deployed on|from|on node)\s+([a-z][\w.-]*)", re.I)
FAILED = re.compile(
    r"failed|refused|timed out|no route|bad address|resolve|not known|unreachable|100% packet|terminated|punt", re.I
)
SUCCEEDED = re.compile(r"succeeded|open\b|\b0% packet", re.I)


def read(text: str, question: Question, reading: Reading) -> bool:
    if len(text) > 4000 or LOGGED.search(text) or not RESULT.search(text):
        return False
    place, verdicts, words = "", {}, {}
    for line in text.splitlines():
        if found := PLACE.search(line):
            place = found[1]
        if FAILED.search(line):
            verdicts[place] = False
            words.setdefault(place, []).append(line.strip())
        elif SUCCEEDED.search(line) and place not in verdicts:
            verdicts[place] = True
    target = question.about
    if lost := RESOLVER.search(text):
        server = component_of(lost["server"])
        reading.name("components", server)
        reading.find(
            Aspect.CONNECTIVITY, server, "name look-ups at it fail: dns", lost[0], kind="services", strength=3.0
        )
    failed = [place for place, fine in verdicts.items() if not fine]
    if not failed:
        quote = text.strip().splitlines()[-1].strip()
        reading.find(
            Aspect.NORMAL, target, "connection succeeded from everywhere", quote, kind="services", strength=0.7
        )
        return bool(verdicts)
    if len(failed) < len(verdicts):
        for place in failed:
            reading.find(
                Aspect.CONNECTIVITY, place, "connections fail from this node only", words[place][-1],
                kind="node", strength=3.0, object=place, node=place,
            )  # fmt: skip
    else:
        said = template(" ".join(words[failed[0]]))
        reading.find(
            Aspect.CONNECTIVITY, target, f"connection fails: {said}", words[failed[0]][-1],
            kind="services", strength=2.0, object=question.component, namespace=question.namespace,
        )  # fmt: skip
    return True
