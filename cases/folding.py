"""Documents that fold: JSON by its values, YAML and what is printed like it by its indentation. No Django here."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

LARGEST = 200_000  # characters; a larger document is shown as text
DEEPEST = 24  # levels that are folded; what is deeper stands as text

_KEYED = re.compile(r"\s*(?:- +)*[\w\"'./$@*<>() -]{1,80}:(?:\s|$)|\s*- |\s*#|---$|\s*$")


@dataclass(frozen=True)
class Node:
    """One value of a JSON document, or one line of an indented one.

    ``children`` of an object, a list or a line with others under it; ``value`` of anything else.
    """

    key: str
    value: str = ""
    kind: str = "value"  # object, list, text, value, line
    size: int = 0
    children: tuple[Node, ...] = ()


def parsed(text: str) -> Any:
    """The object or list that a text is in JSON; None for anything else."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict | list) else None


def nodes_of(value: Any, depth: int = 0) -> tuple[Node, ...]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    return tuple(_node(str(key), item, depth) for key, item in items)


def _node(key: str, value: Any, depth: int) -> Node:
    if isinstance(value, dict | list) and depth < DEEPEST:
        kind = "object" if isinstance(value, dict) else "list"
        return Node(key, kind=kind, size=len(value), children=nodes_of(value, depth + 1))
    if isinstance(value, str):
        return Node(key, value, kind="text")
    return Node(key, json.dumps(value, ensure_ascii=False))


def is_indented(lines: Sequence[str]) -> bool:
    """Whether lines read like YAML or like a description of one thing: nearly all are keys, and some stand under others."""
    if len(lines) < 4:
        return False
    keyed = sum(bool(_KEYED.match(line)) for line in lines)
    deeper = sum(line[:1] in (" ", "-") for line in lines)
    return keyed * 10 >= len(lines) * 8 and deeper * 5 >= len(lines) and any(":" in line for line in lines)


def folds_of(text: str) -> tuple[Node, ...]:
    """Each line under the line it is indented below, as it was printed."""
    root: list[Any] = []
    open_lines: list[tuple[int, list[Any]]] = [(-1, root)]  # (indent, where what is under it goes)
    for line in text.splitlines():
        bare = line.lstrip(" ")
        indent = len(line) - len(bare) + (1 if bare.startswith("- ") and len(open_lines) > 1 else 0)
        if not bare:
            open_lines[-1][1].append((line, []))
            continue
        while open_lines[-1][0] >= indent:
            open_lines.pop()
        mine: list[Any] = []
        open_lines[-1][1].append((line, mine))
        if len(open_lines) < DEEPEST:
            open_lines.append((indent, mine))
    return _lines(root)


def _lines(rows: list[Any]) -> tuple[Node, ...]:
    return tuple(Node("", line, "line", _count(under), _lines(under)) for line, under in rows)


def _count(rows: list[Any]) -> int:
    return sum(1 + _count(under) for _, under in rows)
