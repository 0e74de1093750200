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
TIME = re.compile(
    r"^(mean|avg|average|max|min|exec|duration|elapsed|query_time|total)(_?(exec_)?(time|ms|s|sec|seconds))?$|_ms$",
    re.I,
)
PLAN = re.compile(r"(?P<scan>Seq Scan on \S+|type: ALL|Full Table Scan|Table scan on \S+|COLLSCAN)[^\n]*", re.I)
REMOVED = re.compile(r"Rows Removed by Filter: (\d+)")
SLOW_MS = 200.0
LONG = 60.0  # seconds a session may sit in a transaction
MOST_OF = 0.5  # of an owner's sessions
CROWD = 30  # idle sessions of one owner: beyond what a pool keeps
OFTEN = 8.0  # times the next statement's calls
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
            Aspect.QUERY, _user_of(text, plan.start()) or question.component, f"plan: {template(plan['scan'])}{many}", plan[0].strip(),
            kind="query", strength=3.0 if many else 2.0,
        )  # fmt: skip
        if table := re.search(r" on (\w+)", plan["scan"]):
            reading.find(
                Aspect.QUERY, table[1], f"plan: scans the whole of this table{many}", plan[0].strip(), kind="table",
                strength=3.0 if many else 2.0, object=table[1],
            )  # fmt: skip
    if len(rows) < 1 or (not plan and "|" not in text):
        return bool(plan)
    read_statements(rows, question, reading)
    read_rows(rows, question, reading)
    return True


def read_statements(rows: list[tuple[dict[str, Any], str]], question: Question, reading: Reading) -> None:
    """Rows that speak of statements, sessions or locks; other rows say nothing here."""
    _read_sessions(rows, question, reading)
    _read_frequent(rows, question, reading)
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
        if HELD.search(str(row.get("state", quote))) and _old(row):
            reading.find(
                Aspect.LOCK, owner, "session idle in transaction for minutes", quote, kind="session", strength=2.5
            )
        if _waits(row, quote):
            waiting = str(row.get("blocked_user") or owner)
            reading.find(Aspect.LOCK, waiting, "session waits for a lock", quote, kind="session", strength=2.0)
            if holder := str(row.get("blocking_user") or ""):
                held = "in a long transaction" if _old(row) else "for a moment, and others queue for it"
                reading.find(
                    Aspect.LOCK, holder, f"session holds a lock {held}", quote, kind="session",
                    strength=3.0 if _old(row) else 2.5,
                )  # fmt: skip
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


def _read_sessions(rows: list[tuple[dict[str, Any], str]], question: Question, reading: Reading) -> None:
    """What the sessions of one owner have in common: all wait for the disk, or a crowd of them does nothing."""
    owners: dict[str, list[tuple[dict[str, Any], str]]] = {}
    for row, quote in rows:
        if "wait_event" in row and row.get("state"):
            owners.setdefault(owner_of(row, question), []).append((row, quote))
    for owner, sessions in sorted(owners.items()):
        disk = [quote for row, quote in sessions if str(row["wait_event"]).startswith("IO:")]
        if len(disk) >= MOST_OF * len(sessions) and len(disk) > 1:
            reading.find(
                Aspect.LOCK,
                owner,
                "sessions wait for reads and writes of the disk",
                disk[0],
                kind="session",
                strength=2.5,
            )
        idle = [quote for row, quote in sessions if row["state"] == "idle"]
        if len(idle) >= MOST_OF * len(sessions) and len(idle) >= CROWD:
            reading.find(Aspect.LOCK, owner, "a crowd of idle sessions", idle[0], kind="session", strength=2.5)


def _read_frequent(rows: list[tuple[dict[str, Any], str]], question: Question, reading: Reading) -> None:
    """A statement that runs many times as often as any other."""
    counted = [(calls, row, quote) for row, quote in rows if (calls := number(row.get("calls"))) is not None]
    if len(counted) > 2:
        (most, row, quote), (second, *_), *_ = sorted(counted, key=lambda one: -one[0])
        if most >= OFTEN * max(second, 1.0):
            value = "one statement runs many times as often as any other"
            reading.find(Aspect.QUERY, owner_of(row, question), value, quote, kind="query", strength=3.0, direction=1)


def _user_of(text: str, end: int) -> str:
    """The user in brackets or after user= that stands last before a plan in a log of slow statements."""
    found = re.findall(r"\[(?:\d+\] )?([a-z][\w-]*)\]|user=([a-z][\w-]*)", text[:end])
    return next((name for name in reversed([one or two for one, two in found]) if name), "")


def _old(row: dict[str, Any]) -> bool:
    """Whether a session's age, or that of its transaction where both are told, is of minutes, or not told."""
    ages = [
        seconds
        for key, value in row.items()
        if "age" in str(key).lower() and (seconds := _clock(str(value))) is not None
    ]
    return not ages or max(ages) >= LONG


def _clock(text: str) -> float | None:
    match = re.fullmatch(r"(?:(\d+) days? )?(\d+):(\d{2}):(\d{2})(?:\.\d+)?", text.strip())
    if match is None:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


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
