"""Whether a quote stands in a raw return, whatever its white space, and with its numbers rounded. No Django here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_MARKS = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "−": "-", "\u00a0": " "})
_GAP = re.compile(r"\s*(?:…|\[\.\.\.\]|\.\.\.)\s*")
_RAW_NUMBER = r"(-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)"
_NUMBER = re.compile(rf"(?<![\w.]){_RAW_NUMBER}(?!\d)")
_STATED = re.compile(
    rf"(?P<about>(?:\b(?:about|around|roughly|some|nearly|almost|approximately)\s+|[~≈]\s?))?"
    rf"(?<![\w.:/-]){_RAW_NUMBER}(?:\s?(%|thousand\b|million\b|billion\b|ms\b|s\b|seconds?\b|min\b|m\b|h\b|[kmgt]i?b?\b))?(?!\w|[-:/._]\w)",
    re.I,
)
_SCALES = {
    "%": 100.0,
    "s": 1e-3,
    "second": 1e-3,
    "seconds": 1e-3,
    "thousand": 1e-3,
    "million": 1e-6,
    "billion": 1e-9,
}
LONGEST_INEXACT = 2_000  # characters of a quote for which rounded numbers are tried


def normal(text: str) -> str:
    """Lower case, one space for any white space, no colour codes, plain quotation marks and dashes."""
    if "\x1b" in text:
        text = _ANSI.sub("", text)
    if not text.isascii():
        text = text.translate(_MARKS)
    return " ".join(text.lower().split())


def stands_in(quote: str, text: str, *, hay: str | None = None) -> bool:
    """True where ``quote`` is part of ``text`` once both are normal.

    Escapes of JSON may be undone. An ellipsis in the quote stands for left-out text: its pieces must follow each other. A number may be
    rounded to the digits the quote gives; a number of equal precision must be the same. ``hay`` is
    ``normal(text)`` where the caller has it already.
    """
    if not quote.strip():
        return False
    if _found(quote, text):
        return True
    hay, wanted = normal(text) if hay is None else hay, normal(quote)
    if _found(wanted, hay):
        return True
    if "\\" in hay:  # text inside JSON inside JSON: read off, it has fewer backslashes than the return
        hay, wanted = _unescaped(hay), _unescaped(wanted)
        if wanted and _found(wanted, hay):
            return True
    pieces = [piece for piece in _GAP.split(wanted) if piece]
    if len(pieces) > 1:
        return in_order(pieces, hay)
    return len(wanted) <= LONGEST_INEXACT and _rounded(wanted, hay)


def _unescaped(text: str) -> str:
    return " ".join(re.sub(r"\\+[nrt]", " ", text).replace("\\", "").split())


def _found(wanted: str, hay: str) -> bool:
    """Substring that neither begins nor ends inside a number: "5 restarts" is not in "15 restarts"."""
    at = hay.find(wanted)
    while at >= 0:
        end = at + len(wanted)
        cut_before = wanted[0].isdigit() and _inside(hay[max(0, at - 2) : at][::-1])
        cut_after = wanted[-1].isdigit() and _inside(hay[end : end + 2])
        if not cut_before and not cut_after:
            return True
        at = hay.find(wanted, at + 1)
    return False


def _inside(beyond: str) -> bool:
    return re.match(r"\d|[.,]\d", beyond) is not None


def in_order(pieces: Sequence[str], hay: str) -> bool:
    """Whether all pieces stand in ``hay``, each after the one before."""
    at = 0
    for piece in pieces:
        found = hay.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def _rounded(wanted: str, hay: str) -> bool:
    numbers = list(_NUMBER.finditer(wanted))
    if not numbers:
        return False
    parts, at = [], 0
    for number in numbers:
        parts.append(re.escape(wanted[at : number.start()]))
        at = number.end()
    parts.append(re.escape(wanted[at:]))
    if not any(re.search(r"[a-z]", part) for part in parts):
        return False  # nothing but numbers: no anchor that says it is the same thing
    pattern = re.compile(r"(?<![\w.])" * (not parts[0]) + _RAW_NUMBER.join(parts))
    return any(
        all(rounds_to(raw, number[0]) for raw, number in zip(match.groups(), numbers, strict=True))
        for match in pattern.finditer(hay)
    )


def rounds_to(raw: str, quoted: str) -> bool:
    """Whether the number ``raw``, as printed, becomes ``quoted`` when rounded to the digits ``quoted`` has."""
    raw, quoted = raw.replace(",", ""), quoted.replace(",", "")
    value, said = float(raw), float(quoted)
    if value == said:
        return True
    places, given = len(raw.partition(".")[2]), len(quoted.partition(".")[2])
    return places > given and abs(value - said) <= 0.5 * 10**-given + 1e-12


@dataclass(frozen=True)
class Stated:
    """A number that a sentence states, without sign; ``about``: the sentence says that it is rounded."""

    number: str
    unit: str = ""
    about: bool = False


def stated(text: str) -> list[Stated]:
    """The numbers a sentence states; none that are part of a name, a date, a time or an address."""
    return [
        Stated(match[2].lstrip("-"), (match[3] or "").lower(), bool(match["about"])) for match in _STATED.finditer(text)
    ]


def printed(text: str) -> set[str]:
    """Every number that stands anywhere in a return, as printed, without sign and thousands separators."""
    return {number.lstrip("-").replace(",", "") for number in re.findall(_RAW_NUMBER, text)}


def bears_out(said: Stated, numbers: set[str]) -> bool:
    """Whether a stated number is among the printed ones: the same, rounded, a share as per cent, in another unit.

    "About 730" is borne out by all that rounds to it at its last digit that is not zero, or the digit after its first.
    """
    number = said.number.replace(",", "")
    if number in numbers or any(rounds_to(raw, number) for raw in numbers):
        return True
    scale = _SCALES.get(said.unit)
    if scale is not None and any(rounds_to(f"{float(raw) * scale:.9f}", number) for raw in numbers):
        return True
    return said.about and any(_near(float(raw) * (scale or 1.0), number) for raw in numbers)


def _near(value: float, number: str) -> bool:
    whole, _, places = number.partition(".")
    zeros = 0 if places else min(len(whole) - len(whole.rstrip("0")), max(0, len(whole) - 2))
    return abs(value - float(number)) <= 0.5 * 10 ** (zeros - len(places)) + 1e-9
