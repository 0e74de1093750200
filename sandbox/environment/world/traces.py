"""Spans of a world: a trace by id, search, the critical path, the graph of who calls whom. No Django here."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox.environment.clock import clipped
from sandbox.environment.world.asking import Asked, asked
from sandbox.environment.world.base import BadQuery
from sandbox.environment.world.lexing import duration, whole
from sandbox.environment.world.opening import Rows, Store, aware, naive

PAGE = "traces.md"
VERBS = {
    "trace": ("id",),
    "search": ("component", "operation", "min_duration", "max_duration", "error", "order", "limit"),
    "critical_path": ("id",),
    "service_graph": ("component",),
}
ORDERS = {"slowest": "duration_ms DESC", "newest": '"at" DESC', "oldest": '"at"'}
LIMIT = 20  # traces, where none is asked for


@dataclass(frozen=True)
class Span:
    """One span; ``begins`` and ``ends`` in milliseconds after the trace's first."""

    span: str
    parent: str
    component: str
    operation: str
    at: datetime
    begins: float
    ends: float
    error: bool


def trace_query(
    store: Store, text: str, *, start: datetime, end: datetime, now: datetime, limit: int | None = None
) -> Rows:
    """What a trace query gives of the spans that had ended by ``now``; search and graph: that began in [start, end]."""
    question = asked(text, VERBS, PAGE)
    start, end = clipped(start, end, now)
    if question.verb in ("trace", "critical_path") and not question["id"]:
        raise BadQuery(f'{question.verb}: which? Give id="..."')
    store.holds("spans")
    match question.verb:
        case "trace":
            return _trace(store, question["id"], now)
        case "critical_path":
            return _critical_path(store, question["id"], now)
        case "service_graph":
            return _service_graph(store, question["component"], start, end, now)
        case _:
            return _search(store, question, start, end, now, limit)


def _trace(store: Store, trace: str, now: datetime) -> Rows:
    found = store.rows(
        'SELECT span, parent, component, operation, "at", duration_ms, error, attributes FROM spans WHERE trace = ? '
        'ORDER BY "at", duration_ms DESC, span, parent, component, operation, attributes',
        [trace],
        now=now,
    )
    return _zoned(found, 4)


def _search(store: Store, question: Asked, start: datetime, end: datetime, now: datetime, limit: int | None) -> Rows:
    tests, values = ['"at" >= ?', '"at" <= ?'], [naive(start), naive(end)]
    for name in ("component", "operation"):
        if question[name]:
            tests.append(f"{name} = ?")
            values.append(question[name])
    for name, sign in (("min_duration", ">="), ("max_duration", "<=")):
        if question[name]:
            tests.append(f"duration_ms {sign} ?")
            values.append(duration(question[name]) / 1000)
    if question["error"]:
        if question["error"] not in ("true", "false"):
            raise BadQuery("search: error is true or false")
        tests.append("error" if question["error"] == "true" else "NOT error")
    order = question["order"] or "slowest"
    if order not in ORDERS:
        raise BadQuery(f"search: order {order!r} is none of {', '.join(ORDERS)}")
    most = whole(question["limit"]) if question["limit"] else LIMIT if limit is None else limit
    if most is None:
        raise BadQuery(f"search: limit {question['limit'][:20]!r} is not a whole number")
    first = "ORDER BY parent <> '', \"at\", span"
    found = store.rows(
        f"WITH found AS (SELECT DISTINCT trace FROM spans WHERE {' AND '.join(tests)}) "
        f'SELECT trace, min("at") AS "at", first(component {first}) AS component, first(operation {first}) AS operation, '
        '(max(epoch_us("at") + round(duration_ms * 1000)) - min(epoch_us("at"))) / 1000 AS duration_ms, '
        "count(*) AS spans, count(*) FILTER (WHERE error) AS errors FROM spans SEMI JOIN found USING (trace) "
        f"GROUP BY trace ORDER BY {ORDERS[order]}, trace LIMIT {most}",
        values,
        now=now,
    )
    return _zoned(found, 1)


def _service_graph(store: Store, component: str, start: datetime, end: datetime, now: datetime) -> Rows:
    only = "AND ? IN (caller.component, callee.component)" if component else ""
    return store.rows(
        "SELECT caller.component AS source, callee.component AS target, count(*) AS calls, "
        "count(*) FILTER (WHERE callee.error) AS errors, quantile_cont(callee.duration_ms, 0.5) AS p50_ms, "
        "quantile_cont(callee.duration_ms, 0.95) AS p95_ms FROM spans callee JOIN spans caller "
        "ON callee.trace = caller.trace AND callee.parent = caller.span AND callee.component <> caller.component "
        f'WHERE callee."at" >= ? AND callee."at" <= ? {only} GROUP BY ALL ORDER BY source, target',
        [naive(start), naive(end), *([component] if component else [])],
        now=now,
    )


def _critical_path(store: Store, trace: str, now: datetime) -> Rows:
    rows = _trace(store, trace, now).rows
    base = min((row[4] for row in rows), default=now)
    spans = [
        Span(row[0], row[1], row[2], row[3], row[4], begins, begins + row[5], row[6])
        for row in rows
        for begins in [(row[4] - base) / timedelta(milliseconds=1)]
    ]
    found = critical_path(spans)
    columns = ("span", "component", "operation", "at", "duration_ms", "self_ms", "error")
    return Rows(
        columns,
        [
            (span.span, span.component, span.operation, span.at, _ms(span.ends - span.begins), _ms(spent), span.error)
            for span, spent in found
        ],
    )


def critical_path(spans: list[Span]) -> list[tuple[Span, float]]:
    """The spans that the trace waited for, with the milliseconds that each itself took of the longest root.

    From the root's end backwards: the child that ended last was waited for; what no child covers is the span's own.
    The own times add up to the root's duration. In order of beginning; spans of no own time are left out.
    """
    held = {span.span: span for span in spans}
    children: dict[str, list[Span]] = defaultdict(list)
    for span in held.values():
        children[span.parent].append(span)
    roots = [span for span in held.values() if span.parent not in held or span.parent == span.span]
    if not roots:
        return []
    root = min(roots, key=lambda span: (span.begins - span.ends, span.begins, span.span))
    own: dict[str, float] = defaultdict(float)
    waiting = [(root, root.begins, root.ends)]
    seen = {root.span}
    while waiting:
        span, since, until = waiting.pop()
        for child in sorted(children[span.span], key=lambda child: (-child.ends, child.begins, child.span)):
            begins, ends = max(child.begins, since), min(child.ends, until)
            if child.span in seen or begins >= ends:
                continue
            seen.add(child.span)
            own[span.span] += until - ends
            waiting.append((child, begins, ends))
            until = begins
        own[span.span] += until - since
    path = [(held[name], spent) for name, spent in own.items() if spent > 0]
    return sorted(path, key=lambda pair: (pair[0].begins, -pair[0].ends, pair[0].span))


def _ms(value: float) -> float:
    return round(value, 3)


def _zoned(found: Rows, column: int) -> Rows:
    rows: list[tuple[Any, ...]] = [(*row[:column], aware(row[column]), *row[column + 1 :]) for row in found.rows]
    return Rows(found.columns, rows)
