"""Questions of a verb and ``name=value`` pairs, as traces and objects are asked by. No Django here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.environment.world.base import BadQuery, Unsupported
from sandbox.environment.world.lexing import unquoted

_PAIR = re.compile(r"\s+([A-Za-z_]\w*)\s*=\s*(\"(?:\\.|[^\"\\])*\"|[^\s\"=]+)")


@dataclass(frozen=True)
class Asked:
    verb: str
    given: dict[str, str]

    def __getitem__(self, name: str) -> str:
        return self.given.get(name, "")


def asked(text: str, verbs: Mapping[str, tuple[str, ...]], page: str) -> Asked:
    """The verb and its pairs. Unsupported for a verb or a name that ``verbs`` has not; BadQuery for anything else."""
    text = text.strip()
    head = re.match(r"[A-Za-z_]\w*(?=\s|$)", text)
    if not head:
        raise BadQuery(f"{text[:20]!r}: a query begins with one of {', '.join(verbs)}")
    verb, at, given = head[0], head.end(), {}
    if verb not in verbs:
        raise Unsupported(verb, page)
    while at < len(text):
        found = _PAIR.match(text, at)
        if not found:
            raise BadQuery(f'{verb}: {text[at:].strip()[:20]!r} where a pair such as name="value" should be')
        if found[1] not in verbs[verb]:
            raise Unsupported(f"{verb} {found[1]}=", page)
        if found[1] in given:
            raise BadQuery(f"{verb}: {found[1]} is given twice")
        given[found[1]] = unquoted(found[2]) if found[2].startswith('"') else found[2]
        at = found.end()
    return Asked(verb, given)
