"""What every database can hold: text without NUL and half characters, finite numbers, not nested without end. No Django here."""

from __future__ import annotations

import math
from typing import Any

DEEPEST = 100


def flaw(value: Any) -> str:
    """What keeps JSON data or text from being stored, in words to follow "holds"; "" where nothing does."""
    left: list[tuple[Any, int]] = [(value, 0)]
    while left:
        item, depth = left.pop()
        if isinstance(item, str):
            if "\x00" in item:
                return "a NUL character, so it is not text"
            if not item.isascii() and not _is_whole(item):
                return "half a character (a lone surrogate), so it is not valid Unicode"
        elif isinstance(item, float):
            if not math.isfinite(item):
                return "a number that is not finite"
        elif isinstance(item, dict | list | tuple):
            if depth >= DEEPEST:
                return f"more than {DEEPEST} levels inside each other"
            inner = [*item, *item.values()] if isinstance(item, dict) else item
            left.extend((part, depth + 1) for part in inner)
    return ""


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
