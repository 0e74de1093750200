"""Words that several observations of one class share: anti-unification over evidence values. No Django here.

A phrase is a run of words of a value as the readers generalise it. Names, numbers and times are
marks already; what differs between two values of one class falls out where only what both have is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

LONGEST = 9  # words: beyond that a phrase is a recorded line, not a class of words
LIMIT = 110  # characters, under the linter's own limit
MARK = re.compile(r"<[a-z]+>")
OWN = re.compile(r"[{}]|\w-<n>|<n>-\w")  # a setting in braces, a numbered name: one system's own
AMOUNT = re.compile(r"^(manifold|much|little)$")  # how far a figure moved: another case moves it less, or more


def words(value: str) -> tuple[str, ...]:
    return tuple(value.split())


@lru_cache(maxsize=20_000)
def phrases(value: str) -> tuple[str, ...]:
    """Every run of words of a value that says something, the longest first; settings and half names break a run."""
    parts = words(value)
    found: dict[str, None] = {}
    for size in range(min(LONGEST, len(parts)), 0, -1):
        for start in range(len(parts) - size + 1):
            run = parts[start : start + size]
            phrase = " ".join(run).strip(".,;:()[]{}\"'")
            if _tells(phrase) and not any(OWN.search(word) or AMOUNT.match(word) for word in run):
                found[phrase] = None
    return tuple(found)


def common(values: Iterable[str]) -> tuple[str, ...]:
    """Phrases that every value has: the least general generalisations first (the longest)."""
    values = list(dict.fromkeys(values))
    if not values:
        return ()
    first, rest = values[0], [value.lower() for value in values[1:]]
    return tuple(phrase for phrase in phrases(first) if all(phrase.lower() in other for other in rest))


def pattern(phrase: str) -> str:
    """The phrase as a pattern that the rule language searches for, ignoring case."""
    return re.sub(r"([.^$*+?{}\[\]\\|()])", r"\\\1", phrase)


def widest(candidates: Sequence[str]) -> tuple[str, ...]:
    """Only phrases that hold no shorter candidate: nothing can be left out of them."""
    return tuple(
        phrase
        for phrase in candidates
        if not any(other != phrase and other.lower() in phrase.lower() for other in candidates)
    )


def _tells(phrase: str) -> bool:
    bare = MARK.sub(" ", phrase)
    return len(phrase) <= LIMIT and bool(re.search(r"[A-Za-z]{3}", bare))
