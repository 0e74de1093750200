"""The database, the cache and the queue: sessions, indexes, slots, passwords, messages. No Django here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import ceil
from typing import Any

from sandbox.lab.actions.base import ActionRefused, Deed, Remedy, Scene, remedy
from sandbox.lab.actions.workloads import NAME, _fresh, _service, _without_transaction
from sandbox.lab.parameters import System
from sandbox.lab.state import Carried

ROWS_A_MINUTE = 2_000_000  # that CREATE INDEX CONCURRENTLY reads while the shop goes on


def terminate(scene: Scene, arguments: Mapping[str, Any]) -> Deed:
    """pg_terminate_backend over one user's sessions that are idle in transaction: their locks and connections come free."""
    user, store = arguments["user"], scene.system.database
    held = store.transaction
    if held and user == held.application:
        return Deed(
            " pg_terminate_backend\n----------------------\n t\n(1 row)\n",
            "infrastructure",
            store.name,
            f"sessions of {user} terminated",
            _without_transaction(scene.system),
        )
    if not (scene.system.has_service(user) and scene.system.service(user).pool):
        raise ActionRefused(f' pg_terminate_backend\n----------------------\n(0 rows)\n-- no session of user "{user}"')
    count = len(scene.leaked.get(user, ()))
    rows = " t\n" * count
    return Deed(
        f" pg_terminate_backend\n----------------------\n{rows}({count} row{'' if count == 1 else 's'})\n",
        "infrastructure",
        store.name,
        f"idle sessions of {user} terminated",
        relieve=lambda carried: _forget(carried, user),
    )


def _forget(carried: Carried, user: str) -> None:
    """The pool opens new connections for those it lost; memory stays as it is."""
    carried.leaked.pop(user, None)
    carried.leak_debt.pop(user, None)


def create_index(scene: Scene, arguments: Mapping[str, Any]) -> Deed:
    """CREATE INDEX CONCURRENTLY: usable when the whole table has been read."""
    name, column = arguments["table"], arguments["column"]
    table = next((each for each in scene.system.database.tables if each.name == name), None)
    if table is None:
        raise ActionRefused(f'ERROR:  relation "{name}" does not exist')
    if column not in (each for each, _ in table.columns):
        raise ActionRefused(f'ERROR:  column "{column}" does not exist')
    if column in table.indexes:
        raise ActionRefused(f'ERROR:  relation "{name}_{column}_idx" already exists')
    minutes = ceil(table.rows / ROWS_A_MINUTE)

    def amend(system: System) -> System:
        there = system.table(name).indexes
        return system if column in there else system.with_table(name, indexes=(*there, column))

    return Deed(
        f"CREATE INDEX CONCURRENTLY {name}_{column}_idx ON {name} ({column}): building, about {minutes} min\n",
        "migration",
        table.owner,
        f"index {name}_{column}_idx created concurrently",
        amend,
        after=minutes,
    )


def drop_slot(scene: Scene, arguments: Mapping[str, Any]) -> Deed:
    """Drop a replication slot that nobody reads: the log kept for it is removed at the next checkpoint."""
    slot, store = arguments["slot"], scene.system.database
    if slot != store.inactive_slot:
        raise ActionRefused(f'ERROR:  replication slot "{slot}" is active or does not exist')

    def amend(system: System) -> System:
        if system.database.inactive_slot != slot:
            return system
        return system.with_database(inactive_slot="", wal_retained_gb_per_minute=0.0)

    def relieve(carried: Carried) -> None:
        carried.disk_gb = min(carried.disk_gb, store.disk_used_gb)

    return Deed(
        " pg_drop_replication_slot\n--------------------------\n \n(1 row)\n",
        "infrastructure",
        slot,
        f"replication slot {slot} dropped",
        amend,
        relieve,
    )


def sync_credentials(scene: Scene, arguments: Mapping[str, Any]) -> Deed:
    """Read the database password of a service anew from the vault and restart it."""
    name = arguments["service"]
    service = _service(scene, name)
    version = scene.system.database.role_secret_version.get(name, service.secret_version)
    return Deed(
        f"secret/{name}-db refreshed: key version {version}\ndeployment.apps/{name} restarted\n",
        "secret",
        name,
        f"database password of {name} read anew, key version {version}",
        lambda system: system.with_service(
            name, secret_version=version, generation=system.service(name).generation + 1
        ),
        lambda carried: _fresh(carried, name),
    )


def reset_cache(scene: Scene, arguments: Mapping[str, Any]) -> Deed:
    """Start the cache on an empty data directory: it starts whatever its files held, and is cold."""
    name = arguments["cache"]
    if name != scene.system.cache.name:
        raise ActionRefused(f'Error from server (NotFound): statefulsets.apps "{name}" not found')
    return Deed(
        f"statefulset.apps/{name}: data directory moved aside, restarted empty\n",
        "infrastructure",
        name,
        "restarted with an empty data directory",
        lambda system: replace(system, cache=replace(system.cache, startup_error="")),
        after=1,
    )


def dead_letter(scene: Scene, arguments: Mapping[str, Any]) -> Deed:
    """Move messages that were redelivered again and again out of the queue, to be looked at later."""
    name, queue = arguments["queue"], scene.system.queue
    if name != queue.queue:
        raise ActionRefused(f"error: no queue '{name}' in vhost '/'")
    return Deed(
        f"{queue.poison_messages} redelivered messages moved to {name}.dead\n",
        "infrastructure",
        name,
        "redelivered messages moved to a dead-letter queue",
        lambda system: replace(system, queue=replace(system.queue, poison_messages=0)),
    )


REMEDIES: tuple[Remedy, ...] = (
    remedy(
        "terminate_sessions",
        "pg_terminate_backend: end a database user's sessions that are idle in transaction.",
        ("user",),
        terminate,
        user={"type": "string", "description": "database user, as get_database_connections names it"},
    ),
    remedy(
        "create_index",
        "CREATE INDEX CONCURRENTLY on one column of a table; it takes a while.",
        ("table", "column"),
        create_index,
        table={"type": "string"},
        column={"type": "string"},
    ),
    remedy(
        "drop_replication_slot",
        "pg_drop_replication_slot: remove a slot that nobody reads.",
        ("slot",),
        drop_slot,
        slot={"type": "string"},
    ),
    remedy(
        "sync_credentials",
        "Read a service's database password anew from the vault, and restart the service.",
        ("service",),
        sync_credentials,
        service=NAME,
    ),
    remedy(
        "reset_cache",
        "Start a cache on an empty data directory; what it held is lost.",
        ("cache",),
        reset_cache,
        cache={"type": "string"},
    ),
    remedy(
        "dead_letter",
        "Move messages that are redelivered again and again out of a queue.",
        ("queue",),
        dead_letter,
        queue={"type": "string"},
    ),
)
