"""A table of figures over time as small charts: what a person sees at a glance in a metric's return."""

from dataclasses import dataclass

from cases.shapes import Piece

WIDTH, HEIGHT = 220, 36
MOST = 12  # charts of one return
FEWEST = 6  # points worth a line


@dataclass(frozen=True)
class Series:
    """One column over the rows. ``points`` are the coordinates of an SVG polyline."""

    name: str
    points: str
    least: float
    greatest: float
    last: float
    n: int

    @property
    def flat(self) -> bool:
        return self.least == self.greatest


def series_of(piece: Piece) -> list[Series]:
    """Columns of figures of a table whose first column is a time; those that move before those that do not."""
    if not piece.headings or len(piece.rows) < FEWEST or not _is_time(piece.rows[0][0]):
        return []
    found = []
    for at, name in enumerate(piece.headings[1:], 1):
        values = [_number(row[at]) for row in piece.rows if len(row) == len(piece.headings)]
        known = [value for value in values if value is not None]
        if len(known) >= FEWEST and len(known) == len([row for row in piece.rows if len(row) > at and row[at]]):
            found.append(_series(name, known))
    return sorted(found, key=lambda series: series.flat)[:MOST]


def _series(name: str, values: list[float]) -> Series:
    least, greatest = min(values), max(values)
    step = WIDTH / (len(values) - 1)
    scale = (HEIGHT - 4) / (greatest - least) if greatest > least else 0
    points = " ".join(
        f"{number * step:.1f},{HEIGHT - 2 - (value - least) * scale:.1f}" for number, value in enumerate(values)
    )
    return Series(name, points, least, greatest, values[-1], len(values))


def _number(cell: str) -> float | None:
    try:
        return float(cell.replace(",", ""))
    except ValueError:
        return None


def _is_time(cell: str) -> bool:
    return (
        len(cell) >= 8
        and cell[:2].isdigit()
        and any(mark in cell for mark in ":-")
        and any(c.isdigit() for c in cell[-3:])
    )
