"""The database as psql shows it: sessions, slow statements, plans, lock waits, tables, storage. No Django here."""

from __future__ import annotations

from datetime import timedelta

from sandbox.lab import database
from sandbox.lab.incident import Incident
from sandbox.lab.parameters import Service, Statement, System
from sandbox.lab.state import ServiceMinute

SLOW_MS = 50.0
OTHER_SLOTS = ("fleet_cdc", "search_feed", "warehouse_sync")


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
    leaked = incident.leaked.get(service.name, ())[: one.pool_open]
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
    busy = min(round(one.pool_used) - len(leaked), one.pool_open - len(rows))
    waiting = min(busy, round(busy * _lock_ms(incident, service) / one.hold_ms)) if one.hold_ms else 0
    if waiting:
        statement = next(each for each in service.statements if _contended(system, each))
        longest = system.database.lock_timeout_ms / 1000 if system.database.transaction else one.pool_open * 0.03
        for _ in range(waiting):
            held = interval(timedelta(seconds=random.uniform(0.1, 1) * longest))
            rows.append(_row(pid + len(rows), service.name, "active", held, held, "Lock:transactionid", statement.text))
    working = busy - waiting
    misses = 1 - incident.last.cache_hits
    reading = database.storage_ms(system, service, misses)
    computing = database.work_ms(system, service, misses) * incident.last.db_stretch
    for _ in range(max(0, working)):
        drawn = random.random() * max(one.hold_ms, 1e-9)
        if drawn < reading:
            statement = random.choice(service.statements)
            wait = "IO:WALSync" if statement.writes else "IO:DataFileRead"
            rows.append(_row(pid + len(rows), service.name, "active", "00:00:00", "00:00:00", wait, statement.text))
        elif drawn < reading + computing:
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
    while len(rows) < one.pool_open and not one.causes.get("credentials"):
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


def _lock_ms(incident: Incident, service: Service) -> float:
    one = incident.last.services[service.name]
    return database.lock_wait_ms(incident.system, service, one.rate, one.pool_open)


def _contended(system: System, statement: Statement) -> bool:
    return bool(database.waits_for_lock(system, statement) or statement.same_row)


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
    store = incident.system.database
    if not of or of == store.other_client:
        random = incident.random("other sessions")
        for number in range(store.other_sessions):
            idle = interval(timedelta(seconds=random.randrange(20, 3000)))
            text = "SELECT now()" if number % 3 else "SHOW search_path"
            row = _row(7000 + number * 3, store.other_client, "idle", "", idle, "Client:ClientRead", text)
            rows.append(row)
    held = store.transaction
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
        if statement.same_row:
            lock += statement.same_row * database.row_line(system, service, statement, one.rate, one.pool_open).wait_ms
        volume = system.database.page_ms * (1.0 if statement.writes else (1 - database.MEMORY_HITS) * plan.pages)
        mean = plan.work_ms * last.db_stretch + lock + volume
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
        timed_out = database.waits_for_lock(system, statement)
        longest = system.database.lock_timeout_ms if timed_out else mean * random.uniform(2.2, 3.4)
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
        text = f"  Seq Scan on {parts.name}  (cost=0.00..{plan.cost:.2f} rows={plan.expected} width={parts.row_bytes}){actual}\n"
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
    pid = 1200 + incident.random("pid").randrange(400)
    for service in system.services:
        if service.pool and _lock_ms(incident, service):
            sessions = _sessions(incident, service, incident.last.services[service.name], pid)
            holder = next((row for row in sessions if row[2] == "idle in transaction"), sessions[-1])
            if held:
                age = interval(_since(incident))
                blocker = (str(_holder_pid(incident)), held.application, "idle in transaction", age, held.statement)
            else:
                blocker = (holder[0], holder[1], holder[2], "00:00:00", holder[6])
            rows += [(row[0], row[1], row[4], row[6], *blocker) for row in sessions if row[5] == "Lock:transactionid"]
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
    statistics = "".join(
        f"Statistics: n_distinct({column}) = {values}\n" for column, values in _distinct(incident, name)
    )
    random = incident.random(f"vacuum:{name}")
    dead = store.dead_rows or store.rows * random.uniform(0.002, 0.09)
    vacuumed = incident.at(-random.randrange(20, 900)).strftime("%Y-%m-%d %H:%M")
    table = psql(("Column", "Type"), rows).rsplit("\n(", 1)[0]
    return f'Table "{store.owner}.{name}"\n{table}\nIndexes:\n{indexes}Rows (estimate): {store.rows}\nDead rows: {dead:.0f}, last autovacuum {vacuumed}\n{statistics}Size: {size:.0f} MB\n'


def _distinct(incident: Incident, name: str) -> list[tuple[str, int]]:
    """What the planner believes of each indexed column but the key: how many values it has."""
    table, found = incident.system.table(name), []
    for statement in {
        each.column: each for _, each in database.statements_of(incident.system) if each.table == name
    }.values():
        if statement.column != "id":
            usual = max(1, table.rows // statement.rows)
            found.append((statement.column, table.distinct.get(statement.column, usual)))
    return found


def replication(incident: Incident) -> str:
    """pg_stat_replication of the replica that answers reads."""
    store, last = incident.system.database, incident.last
    header = ("application_name", "state", "sync_state", "replay_lag", "pending_bytes")
    state = "streaming"
    pending = f"{last.lag_s * 1.6e6:.0f}"
    return psql(header, [(store.replica, state, "async", f"{last.lag_s:.2f}s", pending)])


def storage(incident: Incident) -> str:
    """Disk of the data directory and what keeps write-ahead log."""
    store, ratio = incident.system.database, incident.last.disk_ratio
    used, kept = ratio * store.disk_gb, incident.last.kept_gb
    log, temporary = kept["slot"] + kept["archive"] + 3.1, kept["temporary"] + 0.2
    disk = f"Filesystem      Size  Used Avail Use% Mounted on\n/dev/vdb        {store.disk_gb:.0f}G  {used:.1f}G  {store.disk_gb - used:.1f}G {ratio:4.0%} /var/lib/postgresql\n\n"
    sizes = [
        ("base", f"{used - log - temporary:.1f} GB"),
        ("pg_wal", f"{log:.1f} GB"),
        ("pgsql_tmp", f"{temporary:.1f} GB"),
    ]
    disk += psql(("directory", "size"), sizes) + "\n"
    slots = [(f"{store.replica}_standby", "physical", "t", "16 MB")]
    random = incident.random("slots")
    slots.append((random.choice(OTHER_SLOTS), "logical", "f", f"{random.randint(40, 900)} MB"))
    if store.inactive_slot:
        slots.append((store.inactive_slot, "logical", "f", f"{kept['slot']:.1f} GB"))
    disk += "pg_replication_slots\n" + psql(("slot_name", "slot_type", "active", "retained_wal"), slots)
    failed = random.randint(1, 9) + (incident.count - incident.onset) * 4 * bool(store.archive_error)
    last = incident.now if store.archive_error else incident.at(-random.randrange(60, 4000))
    archiver = [(str(random.randint(20_000, 90_000)), str(failed), last.strftime("%Y-%m-%d %H:%M:%S"))]
    return disk + "\npg_stat_archiver\n" + psql(("archived_count", "failed_count", "last_failed_time"), archiver)


def no_pool(name: str) -> str:
    return f"{name} has no database connection pool\n"


def pool_status(incident: Incident, service: Service) -> str:
    """What the service's own pool reports: all it knows is which connections are lent out."""
    if not service.pool:
        return no_pool(service.name)
    one = incident.last.services[service.name]
    lent = min(one.pool_open, round(one.pool_used))
    return (
        f"pool {service.name}-primary ({service.replicas} replicas x {service.pool.size})\n"
        f"  maximum: {one.pool_open}\n  active: {lent}\n  idle: {0 if one.causes.get('credentials') else one.pool_open - lent}\n  waiting: {one.pool_waiting:.0f}\n"
        f"  acquire_mean_ms: {one.pool_wait_ms:.1f}\n  acquire_timeouts_per_minute: {one.rate * 60 * one.causes.get('pool', 0.0):.0f}\n"
    )
