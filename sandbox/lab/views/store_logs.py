"""What the database, the cache and the queue write themselves. No Django here."""

from __future__ import annotations

from sandbox.lab.database import plan_of
from sandbox.lab.incident import Incident
from sandbox.lab.parameters import System
from sandbox.lab.state import Minute
from sandbox.lab.views.lines import Line, Log

SLOW_MS = 50.0
CALM = {
    "redis": "10000 changes in 60 seconds. Saving... Background saving terminated with success",
    "memcached": "slab rebalance finished",
}


def database_lines(incident: Incident) -> list[Line]:
    """Slow statements, refused log-ins, lock time-outs, a full disk, idle slots, checkpoints."""
    name = incident.system.database.name
    log = Log(incident, name)
    for minute in range(incident.count):
        now = incident.parameters(minute)
        if minute % 5 == 2:
            text = f"checkpoint complete: wrote {log.random.randint(900, 2400)} buffers"
            log.write(minute, f"{name}-0", "INFO", text)
        for level, text in _complaints(log, now, incident.minutes[minute]):
            log.write(minute, f"{name}-0", level, text)
    return log.sorted()


def _complaints(log: Log, system: System, state: Minute) -> list[tuple[str, str]]:
    store, found = system.database, []
    for service in system.services:
        causes = state.services[service.name].causes
        if causes.get("credentials"):
            found.append(("ERROR", f'FATAL:  password authentication failed for user "{service.name}"'))
        if causes.get("disk"):
            file = f"base/16401/{log.random.randrange(20000, 30000)}"
            found.append(("ERROR", f'ERROR:  could not extend file "{file}": No space left on device'))
        if store.transaction and causes.get("lock", 0.0) > 0.002:
            where = f'CONTEXT: while updating tuple in relation "{store.transaction.table}"'
            found.append(("ERROR", f"ERROR:  canceling statement due to lock timeout {where}"))
        for statement in service.statements:
            took = plan_of(statement, system.table(statement.table)).work_ms * state.db_stretch
            if took > SLOW_MS:
                took *= log.random.uniform(0.9, 1.2)
                found.append(("WARN", f"duration: {took:.3f} ms  statement: {statement.text}"))
    if any(one.pool_open < one.pool_max for one in state.services.values()):
        found.append(("ERROR", "FATAL:  sorry, too many clients already"))
    if store.archive_error:
        found.append(("WARN", f"archive command failed with exit code 1: {store.archive_error}"))
    if store.temp_user:
        size = log.random.randint(600_000_000, 1_400_000_000)
        found.append(
            (
                "WARN",
                f'[{store.temp_user}] temporary file: path "base/pgsql_tmp/pgsql_tmp{log.random.randrange(9000)}", size {size}',
            )
        )
    if store.inactive_slot:
        found.append(("WARN", f'replication slot "{store.inactive_slot}" is inactive, retaining write-ahead log'))
    return found


def cache_lines(incident: Incident) -> list[Line]:
    name = incident.system.cache.name
    log = Log(incident, name)
    for minute in range(incident.count):
        cache = incident.parameters(minute).cache
        if cache.startup_error and cache.reason != "CrashLoopBackOff":
            continue  # its container never ran
        if cache.startup_error:
            log.write(minute, f"{name}-0", "ERROR", cache.startup_error)
        elif minute % 6 == 1:
            text = CALM[cache.engine]
            log.write(minute, f"{name}-0", "INFO", text)
    return log.sorted()


def queue_lines(incident: Incident) -> list[Line]:
    name = incident.system.queue.name
    log = Log(incident, name)
    for minute in range(incident.count):
        queue, again = incident.system.queue, incident.minutes[minute].queue_redelivered
        if again:
            text = f"queue {queue.queue}: {again * 60:.0f} messages requeued in the last minute"
            log.write(minute, f"{name}-0", "WARN", text)
        elif minute % 7 == 3:
            log.write(minute, f"{name}-0", "INFO", f"connection accepted from {queue.consumer}")
    return log.sorted()
