"""Which texts say nearly the same. No Django here."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache
from math import ceil

ALIKE = 0.8  # of all runs of three words of the two
ROUNDING = 1e-9  # .8 of 35 is a little more than 28 in floating point
RUN = 3
MOST = 100  # texts compared with each other: 4,950 pairs


def alike(texts: Mapping[int, str]) -> list[tuple[int, ...]]:
    """Groups of two and more keys whose texts are near-duplicates, smallest key first.

    Likeness is the Jaccard index of the sets of runs of three words, digits taken as one word: two alerts that differ
    in a number are alike. Groups are joined over any member. Only the ``MOST`` smallest keys are compared.
    """
    return list(_alike(tuple(sorted(texts.items())[:MOST])))


@lru_cache(maxsize=200)  # prompts do not change, and to compare those of a library takes longer than to read them
def _alike(texts: tuple[tuple[int, str], ...]) -> tuple[tuple[int, ...], ...]:
    runs = {key: _runs(text) for key, text in texts}
    same: dict[frozenset, list[int]] = {}
    for key, own in runs.items():
        same.setdefault(own, []).append(key)
    group = {key: keys[0] for own, keys in same.items() for key in (keys if own else keys[:1])}

    def head(key: int) -> int:
        while group[key] != key:
            key = group[key]
        return key

    for one, other in _comparable({keys[0]: own for own, keys in same.items()}):
        if jaccard(runs[one], runs[other]) >= ALIKE:
            group[max(head(one), head(other))] = min(head(one), head(other))
    found: dict[int, list[int]] = {}
    for key in group:
        found.setdefault(head(key), []).append(key)
    return tuple(sorted(tuple(sorted(members)) for members in found.values() if len(members) > 1))


def _comparable(runs: Mapping[int, frozenset]) -> Iterator[tuple[int, int]]:
    """All pairs that can be alike, and few others.

    Two sets that share ``ALIKE`` of all also share one of each one's rarest runs, as many of them as may be missing
    from the other and one more (Chaudhuri, Ganti and Kaushik 2006).
    """
    often = Counter(run for own in runs.values() for run in own)
    holders: dict[tuple, list[int]] = defaultdict(list)
    for key, own in runs.items():
        rarest = sorted(own, key=lambda run: (often[run], run))[: len(own) - ceil(ALIKE * len(own) - ROUNDING) + 1]
        for other in {other for run in rarest for other in holders[run]}:
            yield other, key
        for run in rarest:
            holders[run].append(key)


def jaccard(one: frozenset, other: frozenset) -> float:
    """Shared of all; 0 where both are empty."""
    together = len(one | other)
    return len(one & other) / together if together else 0.0


def _runs(text: str) -> frozenset[tuple[str, ...]]:
    words = ["0" if word.isdigit() else word for word in re.findall(r"\w+", text.lower())]
    return (
        frozenset(tuple(words[at : at + RUN]) for at in range(max(1, len(words) - RUN + 1))) if words else frozenset()
    )
