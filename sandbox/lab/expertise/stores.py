"""How faults of the database and the cache are found. No Django here."""

from __future__ import annotations

from sandbox.lab.expertise.base import (
    NO_LOCKS,
    NO_SLOW,
    PODS_RUN,
    POOL,
    TRAFFIC_AT_EDGE,
    USUAL_TRAFFIC,
    Expertise,
    Look,
    changed,
    configured,
    errors,
    series,
)

EXPERTISE: dict[str, Expertise] = {
    "stale_statistics": Expertise(
        (
            POOL,
            Look(
                "get_slow_queries",
                {},
                r"Seq Scan on {table}[^\n]*",
                "a statement on {table} reads the whole table",
                "Which statements hold the connections?",
            ),
            Look(
                "describe_table",
                {"table": "{table}"},
                r"(?s)btree \({column}\).*n_distinct\({column}\) = \d+",
                "{table} has its index on {column}, but the statistics give {column} a handful of values",
                "A scan in spite of an index: what does the planner believe?",
                "cause",
            ),
            NO_LOCKS,
            USUAL_TRAFFIC,
        ),
        "ANALYZE {table}",
        "raise the limit of the pool of {suspect}",
        {"missing_index": "the index on {column} is there"},
    ),
    "table_bloat": Expertise(
        (
            POOL,
            Look(
                "get_slow_queries",
                {},
                r"Seq Scan on {table}[^\n]*",
                "a search of small {table} takes long",
                "Which statements hold the connections?",
            ),
            Look(
                "describe_table",
                {"table": "{table}"},
                r"Rows \(estimate\): \d+\nDead rows: \d+[^\n]*",
                "{table} has few rows and a multitude of dead ones",
                "Why does a small table take so long to read?",
                "cause",
            ),
            changed("{job}", "job", "{job} began to rewrite rows right before", "Who leaves dead rows behind?"),
            NO_LOCKS,
        ),
        "stop {job} and vacuum {table}",
        "raise the limit of the pool of {suspect}",
        {"missing_index": "the table has a few hundred rows: no index would help"},
    ),
    "n_plus_one_queries": Expertise(
        (
            POOL,
            Look(
                "get_slow_queries",
                {},
                r"(?m)^ {query} .*$",
                "one short statement is executed many times for each request",
                "No statement is slow: how often do they run?",
                "cause",
            ),
            NO_LOCKS,
            USUAL_TRAFFIC,
            changed(
                "{component}",
                "deploy",
                "{component} was deployed right before",
                "More statements a request: look for a new version.",
            ),
        ),
        "roll {component} back",
        "raise the limit of the pool of {suspect}",
        {"connection_pool_too_small": "traffic is as usual"},
    ),
    "hot_row_contention": Expertise(
        (
            POOL,
            Look(
                "get_lock_waits",
                {},
                r"(?m)^.*\| {owner} .*$",
                "transactions of {owner} wait for others of {owner} that are a moment old",
                "Connections are held long: who waits for whom?",
                "cause",
            ),
            NO_SLOW,
            USUAL_TRAFFIC,
            changed(
                "{component}", "deploy", "{component} was deployed right before", "A new habit: look for a new version."
            ),
        ),
        "roll {component} back, and spread what is counted in one row",
        "raise the limit of the pool of {suspect}",
        {"long_transaction_lock": "no transaction that blocks is old"},
    ),
    "slow_storage": Expertise(
        (
            POOL,
            Look(
                "get_database_connections",
                {"service": "{suspect}"},
                r"(?m)^.*IO:(?:DataFileRead|WALSync).*$",
                "sessions of {suspect} wait for the volume",
                "What do the sessions that hold connections wait for?",
            ),
            series(
                "{database}",
                "a read takes many milliseconds instead of a fraction of one",
                "How fast is the volume, now and before?",
                "cause",
                metric="volume_read_ms",
            ),
            NO_LOCKS,
            USUAL_TRAFFIC,
        ),
        "move {database} to a faster volume",
        "raise the limit of the pool of {suspect}",
        {"missing_index": "statements of every table wait for the volume"},
    ),
    "too_many_clients": Expertise(
        (
            POOL,
            errors(
                "{suspect}",
                r"no session with {database}:5432: [^\n]*",
                "{suspect} gets no new session of the database",
                "Why is the pool smaller than it should be?",
            ),
            errors(
                "{database}",
                r"sorry, too many clients already",
                "the database refuses for want of connections, not for a wrong password",
                "Ended during startup: what does the server say to that?",
                "exclusion",
            ),
            Look(
                "get_database_connections",
                {"service": "{client}"},
                r"\(\d+ rows\)",
                "sessions of {client} make up most of the connections",
                "Who has them?",
                "cause",
            ),
            changed("{client}", "scale", "{client} was scaled right before", "Since when?"),
        ),
        "limit the connections of {client}",
        "raise the limit of the pool of {suspect}",
        {"invalid_credentials": "the server refuses for want of connections"},
    ),
    "cache_too_small": Expertise(
        (
            series(
                "{component}",
                "the cache answers only a small share of reads",
                "Reads are slow: does the cache still answer?",
                metric="hit_ratio",
            ),
            configured(
                "{component}",
                r"maxmemory: \d+mb",
                "{component} may use a few megabytes only",
                "Misses by the thousand: what may it keep?",
            ),
            changed("{component}", "config", "settings of {component} were changed right before", "Since when?"),
            NO_LOCKS,
            TRAFFIC_AT_EDGE,
        ),
        "give {component} its memory back",
        "scale the readers",
        {"cache_unavailable": "{component} answers"},
    ),
    "replication_lag": Expertise(
        (
            errors(
                "{reader}",
                r"unhandled exception in request handler: [^\n]*",
                "{reader} stumbles over something that is not there",
                "What does the failing service say?",
            ),
            series(
                "{database}",
                "the replica falls further behind each minute",
                "No new version, reads of new rows fail: is the replica up to date?",
                metric="replica_lag_seconds",
            ),
            Look(
                "get_replication_status",
                {},
                r"(?m)^ {replica} .*$",
                "{replica} is many seconds behind",
                "How far, and does it still receive?",
                "cause",
            ),
            changed("{report}", "job", "{report} started right before", "What keeps it from applying changes?"),
            PODS_RUN,
        ),
        "stop {report}, or read what was just written from {database}",
        "restart {reader}",
        {"bad_deploy_error": "the exceptions are about rows that exist"},
    ),
    "temp_file_spill": Expertise(
        (
            errors(
                "{component}", r"No space left on device", "{component} cannot extend its files", "Why do writes fail?"
            ),
            Look(
                "get_database_storage",
                {},
                r"(?m)^ pgsql_tmp .*$",
                "temporary files fill the disk",
                "What uses the disk?",
            ),
            Look(
                "get_logs",
                {"service": "{component}", "level": "warn"},
                r"\[{report}\] temporary file: [^\n]*",
                "they belong to {report}",
                "Whose are they?",
                "cause",
            ),
            changed("{report}", "job", "{report} started right before", "Since when?"),
            NO_LOCKS,
        ),
        "stop {report} and set temp_file_limit",
        "enlarge the disk of {component}",
        {"disk_full": "no slot keeps much log"},
    ),
    "wal_archiving_failed": Expertise(
        (
            errors(
                "{component}", r"No space left on device", "{component} cannot extend its files", "Why do writes fail?"
            ),
            Look(
                "get_database_storage",
                {},
                r"(?m)^ pg_wal .*$",
                "finished log fills the disk, and no slot asks for it",
                "What uses the disk?",
            ),
            Look(
                "get_logs",
                {"service": "{component}", "level": "warn"},
                r"archive command failed with exit code 1[^\n]*",
                "the log cannot be archived",
                "Why is the log kept?",
                "cause",
            ),
            NO_LOCKS,
        ),
        "mend the archive command",
        "enlarge the disk of {component}",
        {"disk_full": "no slot keeps much log"},
    ),
}
