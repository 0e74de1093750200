"""The steps of a session as a page shows them: a piece of each return, in its shape."""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import F, QuerySet
from django.db.models.functions import Left

from cases import shapes
from cases.contexts.returns import Choice, choices_of, same_call_before, same_calls
from cases.contexts.series import Series, series_of
from cases.models import Annotation, Session, Step
from cases.series import series_in
from cloudmate import prepared

FETCH = 100  # steps at once
FIRST = 20  # of them with the page itself; the next come while these are read
SHORT = 300  # characters that nobody searches


def at_step(index: int) -> str:
    """Where a step stands, from any tab of its session: the page begins there if it is none of the first."""
    return f"?tab=transcript{f'&from={index}' if index >= FIRST else ''}#step-{index}"


@dataclass(frozen=True)
class Shown:
    """A step, what of its return is shown at first, and what people said of it."""

    step: Step
    piece: shapes.Piece
    arguments: tuple[tuple[str, str], ...]
    evidence: tuple[Annotation, ...]
    notes: tuple[Annotation, ...]
    same_before: int | None = None  # the step that asked the same

    @cached_property
    def series(self) -> list[Series]:
        return series_of(self.piece)

    @cached_property
    def choices(self) -> tuple[Choice, ...]:
        """The ways to see the return; one way, of a short one, is no choice."""
        return choices_of(self.piece, has_series=self._may_chart, asked_before=self.same_before)

    @property
    def _may_chart(self) -> bool:
        return bool(self.series) or (self.piece.shape is shapes.Shape.JSON and bool(series_in(self.step.head)))

    @property
    def is_short(self) -> bool:
        return self.piece.total < SHORT

    @property
    def before(self) -> int | None:
        """The number, for people, of the step that asked the same."""
        return None if self.same_before is None else self.same_before + 1

    @property
    def redacted(self) -> int:
        return sum(redaction.get("count", 0) for redaction in self.step.redactions)

    @property
    def number(self) -> int:
        """Steps are counted from 1 for people; they are stored and cited from 0."""
        return self.step.index + 1


def arguments_of(arguments: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        for name, value in arguments.items()
        if value not in (None, "", [], {})
    )


def shown_steps(session: Session, *, after: int = -1, limit: int = FETCH) -> list[Shown]:
    """Steps after an index with the head of each return: a big one never loads whole. Three queries, however many."""
    steps = prepared.rows(_with_heads, session.pk, after, (limit,))
    said: dict[int, list[Annotation]] = {}
    of_these = (session.pk, steps[0].index, steps[-1].index) if steps else (session.pk, 0, -1)
    for annotation in prepared.rows(_said_of_steps, *of_these):
        said.setdefault(annotation.step_id, []).append(annotation)
    before = same_calls(session)
    for step in steps:
        step.session = session
    return [_shown(step, said.get(step.pk, []), before.get(step.index)) for step in steps]


def _with_heads(session: int, after: int, most: tuple[int]) -> QuerySet[Step]:
    heads = Step.objects.filter(session=session, index__gt=after)
    return heads.annotate(head=Left("raw__text", shapes.PIECE), size=F("raw__size")).order_by("index")[: most[0]]


def _said_of_steps(session: int, first: int, last: int) -> QuerySet[Annotation]:
    said = Annotation.objects.filter(session=session, step__index__gte=first, step__index__lte=last)
    return said.select_related("by")


def shown_step(step: Step) -> Shown:
    step.head, step.size = step.raw.text[: shapes.PIECE], step.raw.size
    return _shown(step, list(step.annotations.select_related("by")), same_call_before(step))


def _shown(step: Step, said: list[Annotation], same_before: int | None) -> Shown:
    evidence = tuple(one for one in said if one.kind == Annotation.Kind.EVIDENCE)
    marks = [(one.start, one.end) for one in evidence if one.end is not None]
    # bytes, where characters are fewer: an overestimate that the next piece corrects
    total = len(step.head) if len(step.head) < shapes.PIECE else step.size
    return Shown(
        step,
        shapes.piece(step.head, total, marks=marks),
        arguments_of(step.arguments),
        evidence,
        tuple(one for one in said if one.kind != Annotation.Kind.EVIDENCE),
        same_before,
    )


@dataclass(frozen=True)
class Branch:
    """A step in the tree on the left: what was asked, how long it took beside the longest."""

    index: int
    tool: str
    about: str
    level: str
    is_error: bool
    latency_ms: int | None
    width: float  # 0..100
    key_evidence: bool
    dead_end: bool
    looked_ms: int | None = None  # until the next call was made; None where the times were not captured

    @property
    def number(self) -> int:
        return self.index + 1


def _told_briefly(session: int) -> QuerySet:
    return (
        Step.objects.filter(session=session)
        .order_by("index")
        .values_list("index", "tool", "arguments", "level", "is_error", "latency_ms", "key_evidence", "dead_end", "at")
    )


def tree(session: Session) -> list[Branch]:
    """Every step in one light query, without any return."""
    rows = prepared.rows(_told_briefly, session.pk)
    longest = max((row[5] or 0 for row in rows), default=0) or 1
    return [
        Branch(
            index,
            tool,
            ", ".join(value for _, value in arguments_of(arguments))[:80],
            level,
            is_error,
            latency,
            round(100 * (latency or 0) / longest, 1),
            key,
            dead,
            int((then - at).total_seconds() * 1000) if at and then and then >= at else None,
        )
        for (index, tool, arguments, level, is_error, latency, key, dead, at), then in zip(
            rows, [*(row[8] for row in rows[1:]), None], strict=False
        )
    ]
