"""Patterns of secrets that only this installation knows: read in a form that cannot run away. No Django here.

A pattern is a row of letters, classes and bounded repetitions: no alternatives, no nesting, no looking around. Every
repetition takes at most LONGEST characters and gives none back, so a text of n characters costs at most
n x LONGEST x (length of the pattern) steps, whatever it holds.
"""

from __future__ import annotations

import re
from functools import lru_cache

LONGEST = 200  # characters of one repetition
LONGEST_PATTERN = 200

_PIECE = re.compile(
    r"(?P<atom>\\[dwsDWSb]|\\[^A-Za-z0-9\s]|\[\^?\]?(?:\\.|[^\]\\\[])+\]|[^\\\[\](){}|*+?^$])"
    r"(?P<repeat>[+*?]|\{\d{1,3}(?:,\d{0,3})?\})?"
)
_BOUNDS = re.compile(r"\{(\d{1,3})(,(\d{0,3}))?\}")


class PatternError(ValueError):
    """A pattern that is not taken; the message says what of it, and what to write instead."""


@lru_cache(maxsize=500)
def read(text: str, kind: str) -> re.Pattern[str]:
    """The pattern as it is searched for. One pair of parentheses marks what alone is taken out; without, all of it is.

    Raises PatternError for what could run away, matches nothing at all, or matches what stands in place of a secret.
    """
    if not 0 < len(text) <= LONGEST_PATTERN:
        raise PatternError(f"A pattern has 1 to {LONGEST_PATTERN} characters.")
    written, at, group = [], 0, ""
    while at < len(text):
        if text[at] in "()":
            if text[at : at + 2] == "(?":
                raise PatternError(f"{text[at : at + 3]} at character {at + 1}: plain parentheses only.")
            if group != {"(": "", ")": "("}[text[at]] or (text[at] == ")" and text[at + 1 : at + 2] in tuple("+*?{")):
                raise PatternError(f"{text[at]} at character {at + 1}: one pair of parentheses, not repeated.")
            group += text[at]
            written.append("(?P<secret>" if text[at] == "(" else ")")
            at += 1
            continue
        piece = _PIECE.match(text, at)
        if piece is None:
            raise PatternError(
                f"{text[at]} at character {at + 1}: letters, \\d \\w \\s \\b, [classes] and + * ? {{n,m}} only; "
                f"write \\{text[at]} for the character itself."
            )
        if piece["atom"].startswith("[") and re.search(r"--|&&|\|\||~~", piece["atom"]):
            raise PatternError(f"{piece['atom']} at character {at + 1}: write the doubled character once.")
        written.append(piece["atom"] + _bounded(piece["repeat"] or "", at))
        at = piece.end()
    if group == "(":
        raise PatternError("The parenthesis is not closed.")
    try:
        pattern = re.compile("".join(written))
    except re.error as problem:
        raise PatternError(f"It cannot be read: {problem}.") from None
    if pattern.search(""):
        raise PatternError("It matches nothing in particular: name a part that every such secret has.")
    if pattern.search(f"[REDACTED {kind}]"):
        raise PatternError("It matches what is put in place of the secret: make it narrower.")
    return pattern


def _bounded(repeat: str, at: int) -> str:
    """The repetition with its upper bound, taking all it can and giving nothing back."""
    if not repeat:
        return ""
    if repeat in "+*?":
        return {"+": f"{{1,{LONGEST}}}+", "*": f"{{0,{LONGEST}}}+", "?": "?+"}[repeat]
    least, several, most = _BOUNDS.fullmatch(repeat).groups()
    low, high = int(least), int(most or LONGEST) if several else int(least)
    if not low <= high <= LONGEST:
        raise PatternError(f"{repeat} near character {at + 1}: from few to many, at most {LONGEST}.")
    return f"{{{low},{high}}}+"
