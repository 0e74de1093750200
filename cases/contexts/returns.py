"""One return as a person asked to see it: in a shape, from a place on, sifted, as a chart, or against an earlier one."""

from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet

from cases import folding, shapes
from cases.access import number_in
from cases.contexts.series import Series, series_of
from cases.differing import Difference, difference
from cases.models import Annotation, Session, Step
from cases.series import series_in
from cases.shapes import LEVELS, Piece, Shape
from cases.transcript import canonical_json
from cloudmate import prepared

CHART, DIFF = "chart", "diff"
NAMES = {
    Shape.JSON: "JSON",
    Shape.YAML: "Folded",
    Shape.TABLE: "Table",
    Shape.LOG: "Log",
    Shape.TEXT: "As printed",
    CHART: "Chart",
    DIFF: "Changes",
}


@dataclass(frozen=True)
class Asked:
    """What the address asks of a return. What it does not understand asks nothing."""

    shape: str = ""
    start: int = 0
    find: str = ""
    level: str = ""
    after: int = 0
    sort: int | None = None
    descending: bool = False
    against: int | None = None

    @classmethod
    def of(cls, given) -> "Asked":
        shape, level = given.get("as", ""), given.get("level", "")
        return cls(
            shape=shape if shape in NAMES else "",
            start=max(number_in(given.get("start", ""), usual=0), 0),
            find=given.get("find", "")[:200].replace("\x00", ""),
            level=level if level in LEVELS else "",
            after=max(number_in(given.get("after", ""), usual=0), 0),
            sort=number_in(given.get("sort", ""), usual=None),
            descending=given.get("desc") == "1",
            against=number_in(given.get("against", ""), usual=None),
        )

    @property
    def sifts(self) -> bool:
        return bool(self.find.strip() or self.level or self.sort is not None)


@dataclass(frozen=True)
class Viewed:
    """What the page shows: a piece with small charts, or a chart, or a difference."""

    asked: Asked
    piece: Piece | None = None
    series: tuple[Series, ...] = ()
    chart: dict[str, Any] | None = None
    diff: Difference | None = None
    diff_of: int | None = None

    @property
    def next_matches(self) -> str:
        """The query of the lines that match after those shown."""
        sieve = self.piece.sieve
        return urlencode({"find": self.asked.find, "level": self.asked.level, "after": sieve.after + sieve.shown})


@dataclass(frozen=True)
class Choice:
    """One way to see a return; ``value`` stands in the address."""

    value: str
    name: str


def choices_of(piece: Piece, *, has_series: bool, asked_before: int | None) -> tuple[Choice, ...]:
    """The ways to see a return whose beginning is this piece, its own shape first."""
    ways = [piece.shape]
    if piece.shape is Shape.TEXT and piece.left and piece.total <= folding.LARGEST:
        ways += _folds(piece)
    if has_series:
        ways.append(CHART)
    if piece.shape is not Shape.TEXT:
        ways.append(Shape.TEXT)
    if asked_before is not None:
        ways.append(DIFF)
    return tuple(Choice(str(way), NAMES[way]) for way in ways)


def _folds(piece: Piece) -> list[Shape]:
    """How a return whose beginning reads like this may fold, once it is read whole."""
    lines = ["".join(segment.text for segment in line.segments) for line in piece.lines if line.segments]
    if lines and lines[0].lstrip()[:1] in ("{", "["):
        return [Shape.JSON]
    return [Shape.YAML] if folding.is_indented(lines[:40]) else []


def view_of(step: Step, asked: Asked) -> Viewed:
    """The return of a step as it is asked for. Reads the whole return, so for one step at a time."""
    text = step.raw.text
    if asked.shape == CHART:
        return Viewed(asked, chart=chart_of(text))
    if asked.shape == DIFF:
        before = asked.against if asked.against is not None else same_call_before(step)
        earlier = Step.objects.select_related("raw").filter(session=step.session_id, index=before).first()
        if earlier is not None:
            return Viewed(asked, diff=difference(earlier.raw.text, text), diff_of=earlier.index)
    kind = shapes.shape_of(text[: shapes.PIECE], whole=len(text) <= shapes.PIECE)
    if asked.sifts:
        return Viewed(asked, _sifted(step, text, kind, asked))
    piece = next_piece(step, asked.start, shape=asked.shape)
    return Viewed(asked, piece, tuple(series_of(piece)))


def _sifted(step: Step, text: str, kind: Shape, asked: Asked) -> Piece:
    if kind is Shape.TABLE and asked.shape != Shape.TEXT:
        return shapes.search_table(text, find=asked.find.strip(), sort=asked.sort, descending=asked.descending)
    return shapes.search(
        text,
        shape=Shape.LOG if kind is Shape.LOG or asked.level else Shape.TEXT,
        find=asked.find.strip(),
        level=asked.level,
        after=asked.after,
        marks=marks_of(step),
    )


def next_piece(step: Step, start: int, *, shape: str = "") -> Piece:
    """The part of a return that follows ``start``, or the whole of it where it is asked for in a shape that folds."""
    text = step.raw.text
    if shape in (Shape.JSON, Shape.YAML) and not start and len(text) <= folding.LARGEST:
        return shapes.piece(text, len(text), shape=Shape(shape))
    part = text[start : start + (shapes.MORE if start else shapes.PIECE)]
    kind = shapes.shape_of(text[: shapes.PIECE], whole=len(text) <= shapes.PIECE)
    if shape in set(Shape):
        kind = Shape(shape)
    first_line = text.count("\n", 0, start) + 1
    return shapes.piece(part, len(text), start=start, marks=marks_of(step), shape=kind, first_line=first_line)


def marks_of(step: Step) -> list[tuple[int, int]]:
    said = step.annotations.filter(kind=Annotation.Kind.EVIDENCE, end__isnull=False)
    return list(said.values_list("start", "end"))


def chart_of(text: str) -> dict[str, Any]:
    """The whole of every series, as the chart reads it."""
    return {"series": [asdict(one) for one in series_in(text)]}


def same_call_before(step: Step) -> int | None:
    return same_calls(step.session).get(step.index)


def _calls(session: int) -> QuerySet:
    return Step.objects.filter(session=session).order_by("index").values_list("index", "tool", "arguments")


def same_calls(session: Session) -> dict[int, int]:
    """Step -> the step that asked the same before it. One light query."""
    seen: dict[str, int] = {}
    before: dict[int, int] = {}
    for index, tool, arguments in prepared.rows(_calls, session.pk):
        key = canonical_json([tool, arguments])
        if key in seen:
            before[index] = seen[key]
        seen[key] = index
    return before
