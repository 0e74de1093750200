"""How the four causes of a full connection pool are told apart. No Django here."""

from __future__ import annotations

from sandbox.lab.expertise.base import NO_LOCKS, NO_SLOW, POOL, USUAL_TRAFFIC, Expertise, Look, changed, series

TEMPTING = "raise the limit of the pool of {suspect}"

EXPERTISE: dict[str, Expertise] = {
    "missing_index": Expertise(
        (
            POOL,
            Look(
                "get_slow_queries",
                {},
                r"Seq Scan on {table}[^\n]*\n[^\n]*\n[^\n]*Rows Removed by Filter: \d+",
                "a statement on {table} reads the whole table for a few rows",
                "A pool is full when connections come back late: look which statements hold them.",
            ),
            Look(
                "describe_table",
                {"table": "{table}"},
                r"(?s)Indexes:\n.*?\nRows \(estimate\): \d+",
                "{table} has no index on {column}",
                "A sequential scan for few rows: is there an index on the column of the filter?",
                "cause",
            ),
            NO_LOCKS,
            USUAL_TRAFFIC,
        ),
        "create an index on {table} ({column})",
        TEMPTING,
        {"connection_pool_too_small": "traffic is as usual; a larger pool only sends more scans to the database"},
    ),
    "connection_leak": Expertise(
        (
            POOL,
            Look(
                "get_database_connections",
                {"service": "{suspect}"},
                r"(?m)^.*idle in transaction \| 00:(?:0[2-9]|[1-5]\d):.*$",
                "sessions of {suspect} sit idle in transaction for minutes: nobody gives them back",
                "Which sessions hold the connections, and what do they do?",
                "cause",
            ),
            NO_LOCKS,
            USUAL_TRAFFIC,
            changed(
                "{component}", "deploy", "{component} was deployed right before", "Since when? Look for a deployment."
            ),
        ),
        "roll {component} back and return connections in every path",
        TEMPTING,
        {"connection_pool_too_small": "traffic is as usual; a larger pool is used up too, only later"},
    ),
    "long_transaction_lock": Expertise(
        (
            POOL,
            Look(
                "get_lock_waits",
                {},
                r"(?m)^.*\| {holder} .*$",
                "writers of {suspect} wait for rows on {table} that a transaction of {holder} holds",
                "Connections are held long: who waits for whom?",
            ),
            Look(
                "get_database_connections",
                {"service": "{holder}"},
                r"(?m)^.*\| {holder} .*idle in transaction.*$",
                "a session of {holder} keeps its transaction open, idle, for many minutes",
                "What does the blocking session do?",
                "cause",
            ),
            NO_SLOW,
            USUAL_TRAFFIC,
        ),
        "end the transaction of {holder} and set idle_in_transaction_session_timeout",
        TEMPTING,
        {"connection_pool_too_small": "traffic is as usual; more connections would wait for the same rows"},
    ),
    "connection_pool_too_small": Expertise(
        (
            series(
                "{suspect}",
                "{suspect} gets a multiple of its usual traffic and its pool is at the limit",
                "Has traffic changed, and since when?",
                "cause",
            ),
            POOL,
            NO_SLOW,
            NO_LOCKS,
            Look(
                "get_database_connections",
                {"service": "{suspect}"},
                r"(?m)^.*idle in transaction \| 00:00:0\d.*$",
                "sessions work for moments and come back: none is stuck",
                "Are connections lost or merely busy?",
                "exclusion",
            ),
        ),
        "raise DB_POOL_MAX of {suspect}",
        rejected={
            "missing_index": "no statement has a slow plan",
            "long_transaction_lock": "no session waits for a lock",
            "connection_leak": "no session is idle in transaction for long",
        },
    ),
}
