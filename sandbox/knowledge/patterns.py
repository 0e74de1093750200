"""Whether a regular expression can take for ever on the texts that rules are searched in. No Django here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from re import _constants as code
from re import _parser as parser  # the only tree of a pattern there is; its shape has stood since Python 3.11
from typing import Any

LONGEST = 320  # characters of a value that evidence holds
# ways a search may have to try from one place: twice "anything" between telling words passes, three times does not
MOST = LONGEST**3
# how far a class of characters can run: numbers are short, and values hold no two spaces in a row
RUNS = {code.CATEGORY_SPACE: 2, code.CATEGORY_DIGIT: 20, code.CATEGORY_WORD: 40}
REPEATS = (code.MAX_REPEAT, code.MIN_REPEAT, code.POSSESSIVE_REPEAT)


def endless(pattern: str) -> bool:
    """True where the ways to match ``pattern`` multiply beyond what a search could try in reasonable time.

    Only upper bounds are counted, so a harmless pattern may be called endless, never the other way.
    Raises re.error, RecursionError or OverflowError for what is no pattern.
    """
    return _ways(parser.parse(pattern)) > MOST


def _ways(items: Iterable[tuple[Any, Any]]) -> int:
    """How many ways there are, at most, to match these items one after the other."""
    ways = 1
    for item in items:
        ways = min(ways * _ways_of(*item), MOST + 1)
    return ways


def _ways_of(kind: Any, held: Any) -> int:
    if kind in REPEATS:
        return _repeated(*held)
    if kind is code.BRANCH:
        return sum(_ways(branch) for branch in held[1])
    if kind is code.SUBPATTERN:
        return _ways(held[3])
    if kind in (code.ASSERT, code.ASSERT_NOT):
        return _ways(held[1])
    if kind is code.ATOMIC_GROUP:
        return _ways(held)
    if kind is code.GROUPREF_EXISTS:
        return _ways(held[1]) + _ways(held[2] or ())
    return 1


def _repeated(least: int, most: int, body: Any) -> int:
    inside = _ways(body)
    if most <= 1:
        return 1 + inside
    if inside > 1:
        return MOST + 1  # several ways for each of several rounds: they multiply with every character
    return min(int(most), _run(body)) - min(least, LONGEST) + 1 if most != least else 1


def _run(body: Any) -> int:
    """How often in a row the body can match: little, where it is one class of characters that comes in short runs."""
    kind, held = body[0] if len(body) == 1 else (None, None)
    if kind is code.IN and len(held) == 1 and held[0][0] is code.CATEGORY:
        return RUNS.get(held[0][1], LONGEST)
    return LONGEST


def problem_of(pattern: str) -> str:
    """Why ``pattern`` cannot be searched for, in words; "" where it can."""
    try:
        re.compile(pattern)
        if endless(pattern):
            return "it repeats what can repeat or vary in itself: a search could take for ever"
    except (re.error, OverflowError) as problem:
        return f"not a regular expression: {problem}"
    except RecursionError:
        return "it is nested too deeply"
    return ""
