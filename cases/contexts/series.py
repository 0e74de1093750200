"""A table of figures over time as small charts: what a person sees at a glance in a metric's return."""

from dataclasses import dataclass

from cases.series import Series as Figures
from cases.series import of_columns
from cases.shapes import Piece

WIDTH, HEIGHT = 220, 36
MOST = 12  # charts of one return


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
    return [_series(one) for one in of_columns(piece.headings, piece.rows)[:MOST]]


def _series(one: Figures) -> Series:
    least, greatest = min(one.known), max(one.known)
    step = WIDTH / (len(one.values) - 1)
    scale = (HEIGHT - 4) / (greatest - least) if greatest > least else 0
    points = " ".join(
        f"{number * step:.1f},{HEIGHT - 2 - (value - least) * scale:.1f}"
        for number, value in enumerate(one.values)
        if value is not None
    )
    return Series(one.name, points, least, greatest, one.known[-1], len(one.known))
