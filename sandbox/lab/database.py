"""The database's planner and its cost model, after PostgreSQL's default cost constants. No Django here."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log

from sandbox.lab import queueing
from sandbox.lab.parameters import Service, Statement, System, Table

PAGE_BYTES = 8192
SEQ_PAGE_COST = 1.0
RANDOM_PAGE_COST = 1.1  # solid state
CPU_TUPLE_COST = 0.01
CPU_INDEX_TUPLE_COST = 0.005
CPU_OPERATOR_COST = 0.0025
MS_PER_COST = 0.006  # calibration: a million short rows scanned in about 100 ms
ROUND_TRIP_MS = 0.4
READ_AHEAD = 32  # pages that a scan in order gets for one visit to the volume
MEMORY_HITS = 0.8  # share of pages that are in the database's memory


@dataclass(frozen=True)
class Plan:
    """How a statement is executed: ``examined`` rows are read to return or change ``rows``."""

    node: str  # Seq Scan, Index Scan, Insert
    index: str
    cost: float
    rows: int
    examined: int
    work_ms: float  # alone on the machine, without waiting for locks
    expected: int = 1  # rows as the planner's statistics say
    pages: float = 1.0  # read at random places, of which the volume may have to bring each


def pages_of(table: Table) -> int:
    return ceil((table.rows + table.dead_rows) * table.row_bytes / PAGE_BYTES)


def index_name(table: Table, column: str) -> str:
    return f"{table.name}_pkey" if column == "id" else f"{table.name}_{column}_idx"


def index_scan_cost(height: int, rows: float) -> float:
    """Down the tree, then a heap page for each row."""
    return RANDOM_PAGE_COST * (height + rows) + rows * (CPU_TUPLE_COST + CPU_INDEX_TUPLE_COST)


def plan_of(statement: Statement, table: Table) -> Plan:
    """The cheapest plan by the planner's statistics; what it then takes depends on the rows there are.

    Without an index on ``column`` the whole table is read, dead row versions included. Where the statistics
    say that ``column`` has few values, the planner expects many rows and reads the whole table too.
    """
    height = max(1, ceil(log(max(table.rows, 2), 250)))
    if statement.writes and statement.text.startswith("INSERT"):
        cost = RANDOM_PAGE_COST * height * len(table.indexes) + CPU_TUPLE_COST
        return Plan("Insert", "", cost, 1, 0, cost * MS_PER_COST + ROUND_TRIP_MS)
    versions = table.rows + table.dead_rows
    scan = pages_of(table) * SEQ_PAGE_COST + versions * (CPU_TUPLE_COST + CPU_OPERATOR_COST)
    values = table.distinct.get(statement.column)
    expected = max(1, table.rows // values) if values else statement.rows
    if statement.column in table.indexes and index_scan_cost(height, expected) <= scan:
        cost = index_scan_cost(height, statement.rows)
        index = index_name(table, statement.column)
        work = cost * MS_PER_COST + ROUND_TRIP_MS
        return Plan("Index Scan", index, cost, statement.rows, statement.rows, work, expected, 1 + statement.rows)
    pages = pages_of(table) / READ_AHEAD
    work = scan * MS_PER_COST + ROUND_TRIP_MS
    return Plan("Seq Scan", "", scan, statement.rows, int(versions), work, expected, pages)


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


def storage_ms(system: System, service: Service, misses: float) -> float:
    """Time one request of ``service`` waits for the database's volume."""
    return system.database.page_ms * sum(
        statement.times
        * (misses if statement.cached else 1.0)
        * (1.0 if statement.writes else (1 - MEMORY_HITS) * plan_of(statement, system.table(statement.table)).pages)
        for statement in service.statements
    )


def row_line(system: System, service: Service, statement: Statement, rate: float, connections: int) -> queueing.Station:
    """The line before the one row that ``same_row`` of the executions update.

    Its lock is held until the transaction ends, and no more can wait than there are connections.
    """
    held = service.pool.held_ms / 2  # updates come halfway through a transaction on average
    patience = min(system.database.lock_timeout_ms, max(1, connections) * held)
    return queueing.station(rate * statement.times * statement.same_row, held, 1, patience)


def lock_wait_ms(system: System, service: Service, rate: float = 0.0, connections: int = 1) -> float:
    """Mean time one request waits for row locks.

    Waits for an open transaction all end in the lock timeout, those for one another in line.
    """
    limit = system.database.lock_timeout_ms
    total = 0.0
    for statement in service.statements:
        total += statement.times * waits_for_lock(system, statement) * limit
        if statement.same_row:
            line = row_line(system, service, statement, rate, connections)
            total += statement.times * statement.same_row * line.wait_ms
    return total


def lock_timeouts(system: System, service: Service) -> float:
    """Share of requests that give up on a row lock."""
    return min(1.0, sum(each.times * waits_for_lock(system, each) for each in service.statements))
