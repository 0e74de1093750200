"""Which texts say nearly the same. No Django here."""

from __future__ import annotations

import re
from collections.abc import Mapping

ALIKE = 0.8  # of all runs of three words of the two
RUN = 3
MOST = 100  # texts compared with each other: 4,950 pairs


def alike(texts: Mapping[int, str]) -> list[tuple[int, ...]]:
    """Groups of two and more keys whose texts are near-duplicates, smallest key first.

    Likeness is the Jaccard index of the sets of runs of three words, digits taken as one word: two alerts that differ
    in a number are alike. Groups are joined over any member. Only the ``MOST`` smallest keys are compared.
    """
    runs = {key: _runs(text) for key, text in sorted(texts.items())[:MOST]}
    group = {key: key for key in runs}

    def head(key: int) -> int:
        while group[key] != key:
            key = group[key]
        return key

    keys = list(runs)
    for at, one in enumerate(keys):
        for other in keys[at + 1 :]:
            if jaccard(runs[one], runs[other]) >= ALIKE:
                group[max(head(one), head(other))] = min(head(one), head(other))
    found: dict[int, list[int]] = {}
    for key in keys:
        found.setdefault(head(key), []).append(key)
    return [tuple(members) for members in found.values() if len(members) > 1]


def jaccard(one: frozenset, other: frozenset) -> float:
    """Shared of all; 0 where both are empty."""
    together = len(one | other)
    return len(one & other) / together if together else 0.0


def _runs(text: str) -> frozenset[tuple[str, ...]]:
    words = ["0" if word.isdigit() else word for word in re.findall(r"\w+", text.lower())]
    return (
        frozenset(tuple(words[at : at + RUN]) for at in range(max(1, len(words) - RUN + 1))) if words else frozenset()
    )
