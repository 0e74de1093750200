"""One symptom, four causes: a database connection pool at its limit. No Django here."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from sandbox.lab import database, parameters, pools
from sandbox.lab.faults.base import Change, Effect, Fault, deploy, site
from sandbox.lab.parameters import Statement, System
from sandbox.lab.traffic import usual_rate

HOLDERS = ("tally-export", "roster-sync", "stocktake", "quarter-close", "price-import", "dedupe-run")


def searched(system: System, table: str) -> str:
    """The column by which statements search ``table``."""
    return next(
        each.column for _, each in database.statements_of(system) if each.table == table and each.column != "id"
    )


def update_of(system: System, owner: str) -> Statement:
    """The statement of ``owner`` that changes a row it finds by its key."""
    return next(each for each in system.service(owner).statements if each.writes and each.text.startswith("UPDATE"))


def missing_index(system: System, random: Random, seed: int) -> Effect:
    table = site(system, "missing_index", seed)
    column, owner = searched(system, table), system.table(table).owner
    before = system.table(table)
    rows = int(max(before.rows, 900_000) * random.uniform(1.5, 2.1))
    indexes = tuple(each for each in before.indexes if each != column)
    number = random.randint(41, 190)
    return Effect(
        system.with_table(table, indexes=indexes, rows=rows),
        component=table,
        accepted=(system.database.name, owner),
        suspect=owner,
        mechanism=f"queries on {table} by {column} read the whole table, hold their connections long and use up the pool of {owner}",
        changes=(
            Change(
                -2,
                "migration",
                owner,
                f"schema migration {number:04d}_{table}_{random.choice(('rework', 'backfill'))} applied",
                "pipeline",
            ),
        ),
        facts={"table": table, "column": column, "owner": owner},
    )


def connection_leak(system: System, random: Random, seed: int) -> Effect:
    name = site(system, "connection_leak", seed)
    service = system.service(name)
    minutes = random.uniform(6.5, 9.0)
    share = service.pool.size * service.replicas / (minutes * 60 * usual_rate(system, name))
    changed, change = deploy(system, name, random, pool=replace(service.pool, leaked_per_request=share))
    return Effect(
        changed,
        component=name,
        suspect=name,
        mechanism=f"{name} does not give connections back since its last deployment; they stay open, idle in transaction, until none is left",
        changes=(change,),
        facts={"owner": name},
    )


def long_transaction_lock(system: System, random: Random, seed: int) -> Effect:
    owner = site(system, "long_transaction_lock", seed)
    holder = random.choice(HOLDERS)
    writes = update_of(system, owner)
    table = writes.table
    pool = system.service(owner).pool
    wanted = random.uniform(1.5, 2.4) * pool.size * system.service(owner).replicas
    share = wanted * 1000 / (usual_rate(system, owner) * writes.times * system.database.lock_timeout_ms)
    held = parameters.LongTransaction(holder, table, f"UPDATE {table} SET id = id WHERE id % 7 = 3", min(0.6, share))
    return Effect(
        system.with_database(transaction=held),
        component=holder,
        accepted=(system.database.name, table, owner),
        suspect=owner,
        mechanism=f"a transaction of {holder} stays open with row locks on {table}; writers of {owner} wait for them and keep their connections",
        changes=(Change(0, "job", holder, f"scheduled job {holder} started", "scheduler"),),
        facts={"table": table, "holder": holder, "owner": owner},
    )


def connection_pool_too_small(system: System, random: Random, seed: int) -> Effect:
    name = site(system, "connection_pool_too_small", seed)
    service = system.service(name)
    route = next(route for route in system.routes if route.target == name)
    hold = service.pool.held_ms + database.work_ms(system, service, 1 - pools.cache_hits(system))
    wanted = random.uniform(1.2, 1.4) * service.pool.size * service.replicas * 1000 / hold
    own = system.requests_per_second * route.share
    factor = (wanted - usual_rate(system, name) + own) / own
    return Effect(
        system,
        component=name,
        suspect=name,
        mechanism=f"traffic on {route.path} grew to more than the pool of {name} can carry; every query is as fast as before",
        surge={route.name: factor},
        facts={"owner": name, "route": route.path},
    )


FAULTS = (
    Fault(
        "connection_pool_too_small",
        "capacity",
        "rate of one route",
        connection_pool_too_small,
        "The connection pool of {owner} is too small for the traffic: raise its limit",
    ),
    Fault(
        "missing_index",
        "database",
        "indexes and rows of one table",
        missing_index,
        "Table {table} lacks an index on {column}, so its queries scan the whole table",
    ),
    Fault(
        "connection_leak",
        "code",
        "share of connections a service does not give back",
        connection_leak,
        "{owner} leaks database connections since its deployment",
    ),
    Fault(
        "long_transaction_lock",
        "database",
        "an open transaction with row locks",
        long_transaction_lock,
        "A long transaction of {holder} holds locks on {table} that block {owner}",
    ),
)
