"""The database as psql shows it: sessions, slow statements, plans, lock waits, tables, storage. No Django here."""

from __future__ import annotations

from datetime import timedelta

from sandbox.lab import database
from sandbox.lab.incident import Incident
from sandbox.lab.parameters import Service, Statement
from sandbox.lab.state import ServiceMinute

SLOW_MS = 50.0


def psql(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """psql's aligned format with its row count."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    lines = [
        " " + " | ".join(cell.center(width) for cell, width in zip(header, widths, strict=True)),
        "-" + "-+-".join("-" * width for width in widths) + "-",
    ]
    lines += [" " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines) + f"\n({len(rows)} row{'' if len(rows) == 1 else 's'})\n"


def interval(span: timedelta) -> str:
    seconds = max(0.0, span.total_seconds())
    return f"{int(seconds // 3600):02d}:{int(seconds % 3600 // 60):02d}:{int(seconds % 60):02d}"


def _since(incident: Incident) -> timedelta:
    return incident.now - incident.at(incident.onset)


def _row(pid: int, user: str, state: str, transaction: str, changed: str, wait: str, query: str) -> tuple[str, ...]:
    return str(pid), user, state, transaction, changed, wait, query if len(query) < 74 else query[:71] + "..."


def _sessions(incident: Incident, service: Service, one: ServiceMinute, pid: int) -> list[tuple[str, ...]]:
    """The sessions of one service's pool: leaked ones, those that wait for locks, those that work, idle ones."""
    random = incident.random(f"sessions:{service.name}")
    system, rows = incident.system, []
    leaked = incident.leaked.get(service.name, ())[: one.pool_max]
    reads = [each for each in service.statements if not each.writes] or list(service.statements)
    for minute in leaked:
        held = interval(incident.now - incident.at(minute) + timedelta(seconds=random.randrange(50)))
        rows.append(
            _row(
                pid + len(rows),
                service.name,
                "idle in transaction",
                held,
                held,
                "Client:ClientRead",
                random.choice(reads).text,
            )
        )
    busy = min(round(one.pool_used) - len(leaked), one.pool_max - len(rows))
    lock = database.lock_wait_ms(system, service)
    waiting = min(busy, round(busy * lock / one.hold_ms)) if one.hold_ms else 0
    if waiting and system.database.transaction:
        statement = next(each for each in service.statements if database.waits_for_lock(system, each))
        for _ in range(waiting):
            held = interval(timedelta(seconds=random.uniform(0.5, system.database.lock_timeout_ms / 1000)))
            rows.append(_row(pid + len(rows), service.name, "active", held, held, "Lock:transactionid", statement.text))
    working = busy - waiting
    for _ in range(max(0, working)):
        share = (
            database.work_ms(system, service, 1 - incident.last.cache_hits) * incident.last.db_stretch / one.hold_ms
            if one.hold_ms
            else 0
        )
        if random.random() < share:
            statement = random.choices(
                service.statements, weights=[_load(incident, each) for each in service.statements]
            )[0]
            rows.append(_row(pid + len(rows), service.name, "active", "00:00:00", "00:00:00", "", statement.text))
        else:
            rows.append(
                _row(
                    pid + len(rows),
                    service.name,
                    "idle in transaction",
                    "00:00:00",
                    "00:00:00",
                    "Client:ClientRead",
                    random.choice(service.statements).text,
                )
            )
    while len(rows) < one.pool_max and not one.causes.get("credentials"):
        rows.append(
            _row(
                pid + len(rows),
                service.name,
                "idle",
                "",
                interval(timedelta(seconds=random.randrange(1, 40))),
                "Client:ClientRead",
                "COMMIT",
            )
        )
    return rows


def _load(incident: Incident, statement: Statement) -> float:
    misses = 1 - incident.last.cache_hits if statement.cached else 1.0
    return statement.times * misses * database.plan_of(statement, incident.system.table(statement.table)).work_ms


def _holder_pid(incident: Incident) -> int:
    return 4000 + incident.random("holder").randrange(900)


def connections(incident: Incident, of: str = "") -> str:
    """pg_stat_activity, one row a client session; of one service if asked."""
    rows: list[tuple[str, ...]] = []
    pid = 1200 + incident.random("pid").randrange(400)
    for service in incident.system.services:
        if service.pool and (not of or of == service.name):
            rows += _sessions(incident, service, incident.last.services[service.name], pid)
        pid += 137
    held = incident.system.database.transaction
    if held and (not of or of == held.application):
        opened = interval(_since(incident))
        rows.append(
            _row(
                _holder_pid(incident),
                held.application,
                "idle in transaction",
                opened,
                interval(_since(incident) - timedelta(seconds=41)),
                "Client:ClientRead",
                held.statement,
            )
        )
    return psql(("pid", "usename", "state", "xact_age", "state_age", "wait_event", "query"), rows)


def slow_queries(incident: Incident) -> str:
    """pg_stat_statements over the last ten minutes, and the plans of statements slower than SLOW_MS."""
    random, rows, plans = incident.random("slow"), [], []
    system, last = incident.system, incident.last
    for service, statement in database.statements_of(system):
        plan = database.plan_of(statement, system.table(statement.table))
        one = last.services[service.name]
        lock = database.waits_for_lock(system, statement) * system.database.lock_timeout_ms
        mean = plan.work_ms * last.db_stretch + lock
        share = 1 - last.cache_hits if statement.cached else 1.0
        calls = (
            sum(
                m.services[service.name].rate * (1 - m.services[service.name].causes.get("pool", 0.0))
                for m in incident.minutes[-10:]
            )
            * 60
            * statement.times
            * share
        )
        if one.causes.get("credentials"):
            calls = 0.0
        longest = mean * random.uniform(2.2, 3.4) if not lock else system.database.lock_timeout_ms
        rows.append(
            (
                mean * calls,
                (
                    statement.id,
                    service.name,
                    f"{calls:.0f}",
                    f"{mean * random.uniform(0.98, 1.02):.2f}",
                    f"{longest:.2f}",
                    str(plan.rows),
                    str(plan.examined),
                    statement.text[:72],
                ),
            )
        )
        if plan.work_ms * last.db_stretch > SLOW_MS:
            at = incident.now.strftime("%Y-%m-%d %H:%M:%S")
            took = plan.work_ms * last.db_stretch * random.uniform(0.9, 1.2)
            plans.append(
                f"{at} UTC [{service.name}] LOG:  duration: {took:.3f} ms  plan:\n  Query Text: {statement.text}\n{_plan_text(incident, statement, took)}"
            )
    rows.sort(key=lambda row: -row[0])
    header = ("queryid", "usename", "calls", "mean_ms", "max_ms", "rows", "rows_examined", "query")
    text = "pg_stat_statements, last 10 minutes, by total time\n" + psql(header, [row for _, row in rows])
    return (
        text
        + f"\nauto_explain, slower than {SLOW_MS:.0f} ms in the last minute\n"
        + ("\n".join(plans) if plans else "-- no entries --\n")
    )


def _plan_text(incident: Incident, statement: Statement, took: float | None = None) -> str:
    parts = incident.system.table(statement.table)
    plan = database.plan_of(statement, parts)
    actual = f" (actual time={took:.3f} rows={plan.rows} loops=1)" if took is not None else ""
    if plan.node == "Insert":
        return f"  Insert on {parts.name}  (cost=0.00..{plan.cost:.2f} rows=1 width={parts.row_bytes}){actual}\n"
    if plan.node == "Seq Scan":
        text = f"  Seq Scan on {parts.name}  (cost=0.00..{plan.cost:.2f} rows={plan.rows} width={parts.row_bytes}){actual}\n"
        text += f"    Filter: ({statement.column} = $1)\n"
        return text + (f"    Rows Removed by Filter: {plan.examined - plan.rows}\n" if actual else "")
    update = f"  Update on {parts.name}\n  ->" if statement.writes else " "
    return f"{update} Index Scan using {plan.index} on {parts.name}  (cost=0.43..{plan.cost:.2f} rows={plan.rows} width={parts.row_bytes}){actual}\n    Index Cond: ({statement.column} = $1)\n"


def explain(incident: Incident, statement: Statement) -> str:
    """EXPLAIN of one statement by its queryid."""
    return f"EXPLAIN {statement.text}\n{_plan_text(incident, statement)}"


def lock_waits(incident: Incident) -> str:
    """Who waits for whom, from pg_locks joined with pg_stat_activity."""
    system, rows = incident.system, []
    header = (
        "blocked_pid",
        "blocked_user",
        "waiting",
        "blocked_query",
        "blocking_pid",
        "blocking_user",
        "blocking_state",
        "blocking_xact_age",
        "blocking_query",
    )
    held = system.database.transaction
    if not held:
        return psql(header, rows)
    pid = 1200 + incident.random("pid").randrange(400)
    for service in system.services:
        if service.pool and database.lock_wait_ms(system, service):
            for row in _sessions(incident, service, incident.last.services[service.name], pid):
                if row[5] == "Lock:transactionid":
                    rows.append(
                        (
                            row[0],
                            row[1],
                            row[4],
                            row[6],
                            str(_holder_pid(incident)),
                            held.application,
                            "idle in transaction",
                            interval(_since(incident)),
                            held.statement,
                        )
                    )
        pid += 137
    return psql(header, rows)


def describe_table(incident: Incident, name: str) -> str:
    """psql's \\d with the row estimate and size."""
    store = incident.system.table(name)
    rows = [(column, kind) for column, kind in store.columns]
    indexes = "".join(
        f'    "{database.index_name(store, column)}" {"PRIMARY KEY, " if column == "id" else ""}btree ({column})\n'
        for column in store.indexes
    )
    size = database.pages_of(store) * database.PAGE_BYTES / 1024**2
    table = psql(("Column", "Type"), rows).rsplit("\n(", 1)[0]
    return f'Table "{store.owner}.{name}"\n{table}\nIndexes:\n{indexes}Rows (estimate): {store.rows}\nSize: {size:.0f} MB\n'


def storage(incident: Incident) -> str:
    """Disk of the data directory and what keeps write-ahead log."""
    store, ratio = incident.system.database, incident.last.disk_ratio
    used = ratio * store.disk_gb
    kept = max(0.0, used - store.disk_used_gb - 0.01 * incident.count)
    disk = f"Filesystem      Size  Used Avail Use% Mounted on\n/dev/vdb        {store.disk_gb:.0f}G  {used:.1f}G  {store.disk_gb - used:.1f}G {ratio:4.0%} /var/lib/postgresql\n\n"
    slots = [("berth_standby", "physical", "t", "16 MB")]
    if store.inactive_slot:
        slots.append((store.inactive_slot, "logical", "f", f"{kept:.1f} GB"))
    return disk + "pg_replication_slots\n" + psql(("slot_name", "slot_type", "active", "retained_wal"), slots)


def pool_status(incident: Incident, service: Service) -> str:
    """What the service's own pool reports: all it knows is which connections are lent out."""
    if not service.pool:
        return f"{service.name} has no database connection pool\n"
    one = incident.last.services[service.name]
    lent = min(one.pool_max, round(one.pool_used))
    return (
        f"pool {service.name}-primary ({service.replicas} replicas x {service.pool.size})\n"
        f"  maximum: {one.pool_max}\n  active: {lent}\n  idle: {0 if one.causes.get('credentials') else one.pool_max - lent}\n  waiting: {one.pool_waiting:.0f}\n"
        f"  acquire_mean_ms: {one.pool_wait_ms:.1f}\n  acquire_timeouts_per_minute: {one.rate * 60 * one.causes.get('pool', 0.0):.0f}\n"
    )
