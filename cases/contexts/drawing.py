"""The picture of a causal chain: claims one under another, links beside them as arcs. No Django here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cases.diagnosis import Link, Relation

ROW = 56  # px; the list beside the picture has rows of the same height
NODE, RADIUS = 68, 7  # px: where the claims stand, and how big they are
NEAREST, LANE, MOST = 22, 13, 4  # px from a claim to its nearest arc, between two arcs; arcs beside each other


@dataclass(frozen=True)
class Arc:
    """One link as SVG: ``path`` and the arrow head ``tip``; ``mark`` is its middle, where a break is shown."""

    number: int  # of the link, from 1, as findings name it
    link: Link
    path: str
    tip: str
    mark: tuple[int, int]
    broken: str = ""  # the break in words

    @property
    def hue(self) -> str:
        return "is-broken" if self.broken else "masks" if self.link.relation is Relation.MASKS else ""


@dataclass(frozen=True)
class Picture:
    nodes: tuple[int, ...]  # the height of each claim, in the order of the list
    arcs: tuple[Arc, ...]
    height: int
    width: int = NODE + RADIUS + 9


def draw(claims: Sequence[str], links: Sequence[Link], broken: Mapping[int, str]) -> Picture:
    """``claims`` from top to bottom; ``broken`` says of links, by number, in which words they break.

    A link to the next claim is a straight line; the others bend around what lies between, each in a lane of its
    own as far as there is room.
    """
    rows = {name: at for at, name in enumerate(claims)}
    lanes: list[list[tuple[int, int]]] = [[] for _ in range(MOST)]
    arcs = []
    for number, link in enumerate(links, 1):
        if link.cause not in rows or link.effect not in rows or link.cause == link.effect:
            continue
        start, end = rows[link.cause], rows[link.effect]
        drawn = _straight(start) if end == start + 1 else _bent(start, end, _lane(lanes, start, end))
        arcs.append(Arc(number, link, *drawn, broken=broken.get(number, "")))
    return Picture(tuple(_middle(at) for at in range(len(claims))), tuple(arcs), ROW * len(claims))


def _middle(row: int) -> int:
    return ROW * row + ROW // 2


def _lane(lanes: list[list[tuple[int, int]]], start: int, end: int) -> int:
    """The nearest lane that is free between two rows; the last one where none is."""
    low, high = sorted((start, end))
    for at, taken in enumerate(lanes):
        if all(high <= first or low >= last for first, last in taken):
            taken.append((low, high))
            return at
    return MOST - 1


def _straight(row: int) -> tuple[str, str, tuple[int, int]]:
    top, bottom = _middle(row) + RADIUS, _middle(row + 1) - RADIUS
    tip = f"M{NODE - 5} {bottom - 8}L{NODE} {bottom}L{NODE + 5} {bottom - 8}Z"
    return f"M{NODE} {top}V{bottom - 6}", tip, (NODE, (top + bottom) // 2 - 2)


def _bent(start: int, end: int, lane: int) -> tuple[str, str, tuple[int, int]]:
    """Out to the left, along the lane, and back; a little above or below the middle, so that in and out do not meet."""
    way = 1 if end > start else -1
    x, edge = NODE - NEAREST - LANE * lane, NODE - RADIUS
    begin, stop = _middle(start) + 3 * way, _middle(end) - 3 * way
    bend = 10 * way
    path = (
        f"M{edge} {begin}H{x + 10}Q{x} {begin} {x} {begin + bend}V{stop - bend}Q{x} {stop} {x + 10} {stop}H{edge - 6}"
    )
    tip = f"M{edge - 8} {stop - 5}L{edge} {stop}L{edge - 8} {stop + 5}Z"
    return path, tip, (x, (begin + stop) // 2)
