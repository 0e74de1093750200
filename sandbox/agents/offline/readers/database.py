"""A database from inside: slow statements, plans, locks, who holds connections. No Django here."""

from __future__ import annotations

import math
import re
from typing import Any

from sandbox.agents.offline.names import template
from sandbox.agents.offline.readers.rows import barred_rows, number, owner_of, read_rows
from sandbox.agents.offline.reading import Question, Reading
from sandbox.knowledge.evidence import Aspect

STATEMENT = re.compile(r"\b(select|insert|update|delete)\b.+\b(from|into|set)\b", re.I | re.S)
TIME = re.compile(r"(mean|avg|average|max|total|exec|query|duration|elapsed).*(time|ms|sec)?|_ms$|^duration", re.I)
PLAN = re.compile(r"(?P<scan>Seq Scan on \S+|type: ALL|Full Table Scan|Table scan on \S+|COLLSCAN)[^\n]*", re.I)
REMOVED = re.compile(r"Rows Removed by Filter: (\d+)")
SLOW_MS = 200.0
HELD = re.compile(r"idle in transaction( \(aborted\))?", re.I)
WAITING = re.compile(
    r"\bLock\b.*\b(relation|tuple|transactionid|row)|waiting for .*lock|deadlock detected|lock wait timeout|granted\s*[=:|]?\s*f(alse)?\b|blocked_(pid|by)|blocking_pid",
    re.I,
)


def read(text: str, question: Question, reading: Reading) -> bool:
    rows = barred_rows(text)
    plan = PLAN.search(text)
    if plan:
        removed = REMOVED.search(text)
        many = " removing most rows by filter" if removed and int(removed[1]) > 1000 else ""
        reading.find(
            Aspect.QUERY, question.component, f"plan: {template(plan['scan'])}{many}", plan[0].strip(),
            kind="query", strength=3.0 if many else 2.0,
        )  # fmt: skip
    if len(rows) < 1 or (not plan and "|" not in text):
        return bool(plan)
    read_statements(rows, question, reading)
    read_rows(rows, question, reading)
    return True


def read_statements(rows: list[tuple[dict[str, Any], str]], question: Question, reading: Reading) -> None:
    """Rows that speak of statements, sessions or locks; other rows say nothing here."""
    for row, quote in rows:
        owner = owner_of(row, question)
        statement = next(
            (str(value) for value in row.values() if isinstance(value, str) and STATEMENT.search(value)), ""
        )
        times = [
            (key, figure)
            for key, value in row.items()
            if TIME.search(str(key)) and (figure := _ms(str(key), value)) is not None
        ]
        if HELD.search(quote):
            reading.find(Aspect.LOCK, owner, "session idle in transaction", quote, kind="query", strength=2.5)
        if _waits(row, quote):
            reading.find(Aspect.LOCK, owner, "session waits for a lock", quote, kind="query", strength=3.0)
        if statement and times:
            _, slowest = max(
                ((key, value) for key, value in times if "total" not in key.lower()),
                key=lambda pair: pair[1],
                default=("", 0.0),
            )
            if slowest >= SLOW_MS:
                verb = statement.split()[0].lower()
                reading.find(
                    Aspect.QUERY, owner, f"slow query {verb} takes {'seconds' if slowest >= 1000 else 'long'}", quote,
                    kind="query", strength=min(4.0, 1 + math.log10(slowest / SLOW_MS + 1) * 2), direction=1,
                )  # fmt: skip


def _waits(row: dict[str, Any], quote: str) -> bool:
    for key, value in row.items():
        name, said = str(key).lower(), str(value).strip().lower()
        if name in ("wait_event_type", "wait_type") and said == "lock":
            return True
        if "block" in name and said not in ("", "0", "none", "null", "{}", "[]", "false", "f"):
            return True
        if name == "granted" and said in ("f", "false"):
            return True
    return bool(re.search(r"waiting for .*lock|deadlock detected|lock wait timeout", quote, re.I))


def _ms(key: str, value: Any) -> float | None:
    figure = number(value)
    if figure is None:
        return None
    if isinstance(value, int | float) or re.fullmatch(r"\s*-?[\d.]+\s*", str(value)):
        return figure * (1000 if re.search(r"sec|_s$", key) and "ms" not in key else 1)
    return figure
