"""What a database tells of its tables, its disk and its replicas. No Django here."""

from __future__ import annotations

import re
from typing import Any

from sandbox.agents.offline.readers.rows import barred_rows, number
from sandbox.agents.offline.readers.tables import amount
from sandbox.agents.offline.reading import Question, Reading
from sandbox.knowledge.evidence import Aspect

TABLE = re.compile(r"^\s*Table \"(?:[\w-]+\.)?(?P<name>[\w-]+)\"", re.M)
ESTIMATE = re.compile(r"^Rows \(estimate\): (\d+)", re.M)
DEAD = re.compile(r"^Dead rows: (\d+)[^\n]*", re.M)
INDEX = re.compile(r"^\s+\"[^\"]+\"(?P<primary> PRIMARY KEY,)?[^\n]*\((?P<columns>[^)]*)\)", re.M)
DISTINCT = re.compile(r"n_distinct\((?P<column>\w+)\) = (?P<many>\d+)")
MANY_ROWS = 10_000  # from which a search without an index is slow
FEW_VALUES = 100  # of a column with an index of its own: an estimate of so few makes a planner leave the index aside
SHARE = 0.1  # of all sizes: from which scratch files or kept logs are worth a word
BEHIND = 30.0  # seconds


def read(text: str, question: Question, reading: Reading) -> bool:
    if table := TABLE.search(text):
        _read_table(table["name"], text, reading)
        return True
    rows = barred_rows(text)
    sizes = [
        (str(row["directory"]), size, quote)
        for row, quote in rows
        if "directory" in row and (size := _bytes(row.get("size")))
    ]
    if not sizes and not any("replay_lag" in row for row, _ in rows):
        return False
    _read_sizes(sizes, question, reading)
    for row, quote in rows:
        _read_slot(row, quote, sum(size for _, size, _ in sizes), question, reading)
        _read_replica(row, quote, reading)
    return True


def _read_table(name: str, text: str, reading: Reading) -> None:
    estimate, dead = ESTIMATE.search(text), DEAD.search(text)
    rows, gone = (int(found[1]) if found else 0 for found in (estimate, dead))
    indexes = list(INDEX.finditer(text))
    before = len(reading.findings)

    def find(value: str, quote: str) -> None:
        reading.find(Aspect.QUERY, name, value, quote, kind="table", strength=3.0, object=name)

    if dead and gone > max(rows, MANY_ROWS):
        find("dead rows by far outnumber the live rows of this table", dead[0])
    elif indexes and estimate and rows > MANY_ROWS and all(index["primary"] for index in indexes):
        find("no index on this table but its primary key", estimate[0])
    leading = {index["columns"].split(",")[0].strip() for index in indexes}
    for told in DISTINCT.finditer(text):
        if told["column"] in leading and int(told["many"]) < FEW_VALUES and rows > MANY_ROWS:
            find("statistics give an indexed column a handful of values", told[0])
    if len(reading.findings) == before:
        reading.find(
            Aspect.NORMAL,
            name,
            "table with its indexes in order",
            text.strip().splitlines()[0],
            kind="table",
            strength=0.5,
        )


def _read_sizes(sizes: list[tuple[str, float, str]], question: Question, reading: Reading) -> None:
    whole = sum(size for _, size, _ in sizes)
    for name, size, quote in sizes:
        if size < SHARE * whole:
            continue
        if re.search(r"te?mp", name):
            _kept("temporary files take a large part of the disk", quote, question, reading)
        elif re.search(r"wal|binlog|redo|archive", name):
            _kept("write-ahead log takes a large part of the disk", quote, question, reading)


def _read_slot(row: dict[str, Any], quote: str, whole: float, question: Question, reading: Reading) -> None:
    kept = _bytes(row.get("retained_wal"))
    if kept is not None and str(row.get("active", "")).lower() in ("f", "false") and kept > SHARE * whole:
        _kept("a replication slot that nobody reads keeps the write-ahead log", quote, question, reading)
    if (failed := number(row.get("failed_count"))) and failed > FAILED:
        _kept("archiving of the write-ahead log fails again and again", quote, question, reading)


FAILED = 20  # times: a few failures happen to every archive


def _kept(value: str, quote: str, question: Question, reading: Reading) -> None:
    reading.find(Aspect.GROWTH, question.about, value, quote, kind="storage", strength=3.0, direction=1)


def _read_replica(row: dict[str, Any], quote: str, reading: Reading) -> None:
    name = str(row.get("application_name") or "")
    lag = re.fullmatch(r"([\d.]+)\s*s", str(row.get("replay_lag") or ""))
    if not name or lag is None:
        return
    reading.name("components", name)
    if float(lag[1]) >= BEHIND:
        reading.find(Aspect.GROWTH, name, "replica is far behind", quote, kind="replication", strength=3.0, direction=1)
    else:
        reading.find(Aspect.NORMAL, name, "replica keeps up", quote, kind="replication", strength=0.5)


def _bytes(value: Any) -> float | None:
    """A size such as ``31.9 GB`` in bytes; None for anything else."""
    found = re.fullmatch(r"\s*([\d.]+)\s*([KMGT]?)i?B\s*", str(value or ""))
    return amount(f"{found[1]}{f'{found[2]}i' if found[2] else ''}") if found else None
