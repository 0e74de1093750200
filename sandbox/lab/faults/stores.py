"""Faults of the database and the cache beyond one pool's own. No Django here."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from sandbox.lab import database, pools
from sandbox.lab.faults.base import Change, Effect, Fault, configured, deploy, pick, site
from sandbox.lab.faults.pool import searched, update_of
from sandbox.lab.parameters import System
from sandbox.lab.traffic import usual_rate

CLIENTS = ("report-studio", "ad-hoc-notebooks", "margin-explorer")
REPORTS = ("season-report", "cohort-report", "yearbook")
FILLERS = ("rate-refresh", "tier-recount", "slot-shuffle")


def stale_statistics(system: System, random: Random, seed: int) -> Effect:
    table = site(system, "stale_statistics", seed)
    before, column = system.table(table), searched(system, table)
    rows = int(max(before.rows, 900_000) * random.uniform(1.5, 2.1))
    return Effect(
        system.with_table(table, distinct={column: random.randint(2, 4)}, rows=rows),
        component=table,
        accepted=(system.database.name, before.owner),
        suspect=before.owner,
        mechanism=f"the statistics of {table} say that {column} has a handful of values, so the planner leaves its index aside and reads the whole table",
        changes=(
            Change(
                -2,
                "migration",
                before.owner,
                f"schema migration {random.randint(41, 190):04d}_{table}_{random.choice(('rework', 'backfill'))} applied",
                "pipeline",
            ),
        ),
        facts={"table": table, "column": column, "owner": before.owner},
    )


def table_bloat(system: System, random: Random, seed: int) -> Effect:
    table = site(system, "table_bloat", seed)
    owner, job = system.table(table).owner, random.choice(FILLERS)
    return Effect(
        system.with_table(table, dead_per_minute=random.uniform(330_000, 420_000)),
        component=table,
        accepted=(system.database.name, owner, job),
        suspect=owner,
        mechanism=f"{job} rewrites the rows of {table} all the time and no vacuum gets through; each search reads the dead rows too",
        changes=(Change(0, "job", job, f"scheduled job {job} started", "scheduler"),),
        facts={"table": table, "owner": owner, "job": job},
    )


def n_plus_one_queries(system: System, random: Random, seed: int) -> Effect:
    name = site(system, "n_plus_one_queries", seed)
    service = system.service(name)
    read = next(each for each in service.statements if not each.writes and not each.cached)
    hold = random.uniform(1.35, 1.7) * service.pool.size * service.replicas * 1000 / usual_rate(system, name)
    took = database.plan_of(read, system.table(read.table)).work_ms
    statements = tuple(
        replace(each, times=(hold - service.pool.held_ms) / took) if each == read else each
        for each in service.statements
    )
    changed, change = deploy(system, name, random, statements=statements)
    return Effect(
        changed,
        component=name,
        suspect=name,
        mechanism=f"the new version of {name} asks for rows of {read.table} one by one, many statements a request instead of one",
        changes=(change,),
        facts={"owner": name, "query": read.id, "table": read.table},
    )


def hot_row_contention(system: System, random: Random, seed: int) -> Effect:
    name = site(system, "hot_row_contention", seed)
    service, update = system.service(name), update_of(system, name)
    share = min(1.0, random.uniform(1.6, 2.2) * 2000 / (usual_rate(system, name) * update.times * service.pool.held_ms))
    statements = tuple(replace(each, same_row=share) if each == update else each for each in service.statements)
    changed, change = deploy(system, name, random, statements=statements)
    return Effect(
        changed,
        component=name,
        accepted=(update.table, system.database.name),
        suspect=name,
        mechanism=f"the new version of {name} updates one and the same row of {update.table} in most requests; its transactions wait for one another",
        changes=(change,),
        facts={"owner": name, "table": update.table},
    )


def slow_storage(system: System, random: Random, seed: int) -> Effect:
    return Effect(
        system.with_database(page_ms=random.uniform(9, 14)),
        component=system.database.name,
        mechanism=f"the volume of {system.database.name} answers reads in many milliseconds; every statement that needs a page waits for it",
        changes=(Change(-1, "infrastructure", system.database.name, "volume moved to another storage pool", "fleet"),)
        if seed % 2
        else (),
    )


def too_many_clients(system: System, random: Random, seed: int) -> Effect:
    client = random.choice(CLIENTS)
    wanted = sum(service.pool.size * service.replicas for service in system.services if service.pool)
    others = system.database.max_connections - pools.RESERVED - int(random.uniform(0.22, 0.32) * wanted)
    return Effect(
        system.with_database(other_sessions=others, other_client=client),
        component=client,
        accepted=(system.database.name,),
        mechanism=f"sessions of {client} take most of the connections that {system.database.name} allows; the services get too few",
        changes=(Change(0, "scale", client, "replicas 1 -> 9", "j.tanaka"),),
        facts={"client": client},
    )


def cache_too_small(system: System, random: Random, seed: int) -> Effect:
    name = system.cache.name
    return Effect(
        replace(system, cache=replace(system.cache, memory_mb=random.uniform(1.5, 6.0))),
        component=name,
        mechanism=f"{name} may use far less memory than the data that is asked for; most reads go to {system.database.name}",
        changes=(configured(name, random),),
        facts={"reader": next(service.name for service in system.services if service.cache and service.pool)},
    )


def replication_lag(system: System, random: Random, seed: int) -> Effect:
    store, report = system.database, random.choice(REPORTS)
    return Effect(
        system.with_database(replica_writes_per_second=random.uniform(40, 90)),
        component=store.replica,
        accepted=(store.name, report),
        mechanism=f"the replica {store.replica} applies changes slower than they are made while {report} reads from it; what was just written is not found",
        changes=(Change(0, "job", report, f"scheduled job {report} started", "scheduler"),),
        facts={
            "report": report,
            "replica": store.replica,
            "reader": next(s.name for s in system.services if any(each.own_write_share for each in s.statements)),
        },
    )


def _filling(system: System, random: Random) -> float:
    return (system.database.disk_gb - system.database.disk_used_gb) / random.uniform(7, 10)


def disk_full(system: System, random: Random, seed: int) -> Effect:
    slot = pick(("reporting_mirror", "audit_feed", "old_standby"), seed)
    return Effect(
        system.with_database(inactive_slot=slot, wal_retained_gb_per_minute=_filling(system, random)),
        component=system.database.name,
        mechanism=f"the log kept for the unread replication slot {slot} fills the disk of {system.database.name}; writes fail",
        changes=(
            Change(-1, "infrastructure", slot, f"consumer of replication slot {slot} decommissioned", "data-team"),
        ),
        facts={"slot": slot},
    )


def temp_file_spill(system: System, random: Random, seed: int) -> Effect:
    report = random.choice(REPORTS)
    return Effect(
        system.with_database(temp_gb_per_minute=_filling(system, random), temp_user=report),
        component=system.database.name,
        accepted=(report,),
        mechanism=f"sorts of {report} write temporary files until the disk of {system.database.name} is full",
        changes=(Change(0, "job", report, f"scheduled job {report} started", "scheduler"),),
        facts={"report": report},
    )


def wal_archiving_failed(system: System, random: Random, seed: int) -> Effect:
    error = pick(("permission denied", "repository is not reachable", "token has expired"), seed)
    return Effect(
        system.with_database(archive_error=error, log_gb_per_minute=_filling(system, random)),
        component=system.database.name,
        mechanism=f"finished log of {system.database.name} cannot be archived ({error}) and is kept until the disk is full",
        changes=(configured("backup-vault", random),),
    )


FAULTS = (
    Fault(
        "stale_statistics",
        "database",
        "what the planner believes of one column",
        stale_statistics,
        "The statistics of {table} are wrong, so the planner does not use the index on {column}",
    ),
    Fault(
        "table_bloat",
        "database",
        "dead rows of one small table",
        table_bloat,
        "{table} is bloated: dead rows that no vacuum removes are read by every search",
    ),
    Fault(
        "n_plus_one_queries",
        "code",
        "statements per request",
        n_plus_one_queries,
        "The new version of {owner} runs a statement per row instead of one per request",
    ),
    Fault(
        "hot_row_contention",
        "code",
        "share of updates that meet in one row",
        hot_row_contention,
        "Requests of {owner} wait for one another at one row of {table}",
    ),
    Fault(
        "slow_storage",
        "capacity",
        "time the database's volume takes for a page",
        slow_storage,
        "The volume of {component} is slow",
    ),
    Fault(
        "too_many_clients",
        "capacity",
        "sessions of other clients",
        too_many_clients,
        "{client} uses up the connections of the database",
    ),
    Fault(
        "cache_too_small",
        "capacity",
        "memory of the cache",
        cache_too_small,
        "The cache {component} has too little memory",
    ),
    Fault(
        "replication_lag",
        "database",
        "changes the replica can apply",
        replication_lag,
        "The replica {replica} is far behind",
    ),
    Fault(
        "disk_full",
        "database",
        "log kept per minute on the database disk",
        disk_full,
        "The disk of {component} is full",
    ),
    Fault(
        "temp_file_spill",
        "database",
        "temporary files written per minute",
        temp_file_spill,
        "Temporary files of {report} fill the disk of {component}",
    ),
    Fault(
        "wal_archiving_failed",
        "configuration",
        "whether finished log can be archived",
        wal_archiving_failed,
        "Log of {component} is not archived and fills the disk",
    ),
)
