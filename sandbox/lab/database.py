"""The database's planner and its cost model, after PostgreSQL's default cost constants. No Django here."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log

from sandbox.lab.parameters import Service, Statement, System, Table

PAGE_BYTES = 8192
SEQ_PAGE_COST = 1.0
RANDOM_PAGE_COST = 1.1  # solid state
CPU_TUPLE_COST = 0.01
CPU_INDEX_TUPLE_COST = 0.005
CPU_OPERATOR_COST = 0.0025
MS_PER_COST = 0.006  # calibration: a million short rows scanned in about 100 ms
ROUND_TRIP_MS = 0.4


@dataclass(frozen=True)
class Plan:
    """How a statement is executed: ``examined`` rows are read to return or change ``rows``."""

    node: str  # Seq Scan, Index Scan, Insert
    index: str
    cost: float
    rows: int
    examined: int
    work_ms: float  # alone on the machine, without waiting for locks


def pages_of(table: Table) -> int:
    return ceil(table.rows * table.row_bytes / PAGE_BYTES)


def index_name(table: Table, column: str) -> str:
    return f"{table.name}_pkey" if column == "id" else f"{table.name}_{column}_idx"


def plan_of(statement: Statement, table: Table) -> Plan:
    """The plan the planner takes: by index where ``column`` has one, else the whole table is read."""
    height = max(1, ceil(log(max(table.rows, 2), 250)))
    if statement.writes and statement.text.startswith("INSERT"):
        cost = RANDOM_PAGE_COST * height * len(table.indexes) + CPU_TUPLE_COST
        return Plan("Insert", "", cost, 1, 0, cost * MS_PER_COST + ROUND_TRIP_MS)
    if statement.column in table.indexes:
        cost = RANDOM_PAGE_COST * (height + statement.rows) + statement.rows * (CPU_TUPLE_COST + CPU_INDEX_TUPLE_COST)
        index = index_name(table, statement.column)
        return Plan("Index Scan", index, cost, statement.rows, statement.rows, cost * MS_PER_COST + ROUND_TRIP_MS)
    cost = pages_of(table) * SEQ_PAGE_COST + table.rows * (CPU_TUPLE_COST + CPU_OPERATOR_COST)
    return Plan("Seq Scan", "", cost, statement.rows, table.rows, cost * MS_PER_COST + ROUND_TRIP_MS)


def statements_of(system: System) -> tuple[tuple[Service, Statement], ...]:
    return tuple((service, statement) for service in system.services for statement in service.statements)


def waits_for_lock(system: System, statement: Statement) -> float:
    """Share of executions that meet the long transaction's row locks."""
    held = system.database.transaction
    return (
        held.share if held and statement.writes and statement.column == "id" and statement.table == held.table else 0.0
    )


def work_ms(system: System, service: Service, misses: float) -> float:
    """Database time one request of ``service`` needs, alone on the machine; ``misses`` is the cache's miss share."""
    return sum(
        statement.times
        * (misses if statement.cached else 1.0)
        * plan_of(statement, system.table(statement.table)).work_ms
        for statement in service.statements
    )


def lock_wait_ms(system: System, service: Service) -> float:
    """Mean time one request waits for row locks; every wait ends in the lock timeout while the transaction stays open."""
    limit = system.database.lock_timeout_ms
    return sum(statement.times * waits_for_lock(system, statement) * limit for statement in service.statements)
