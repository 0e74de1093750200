"""A message queue in one SQLite file: at least once, with leases that are renewed while the worker lives.

A message that a worker takes is hidden for the length of a lease and deleted when it is acknowledged.
The leases of what a living worker has not yet acknowledged are renewed as it polls; a killed
worker's run out, and its messages are delivered again.
"""

import json
import sqlite3
import threading
import time
from queue import Empty

from kombu.transport import TRANSPORT_ALIASES, virtual

SCHEME = "embedded"
SCHEMA = """
PRAGMA journal_mode=WAL;
PRAGMA synchronous=NORMAL;
CREATE TABLE IF NOT EXISTS message (
    id INTEGER PRIMARY KEY,
    queue TEXT NOT NULL,
    tag TEXT NOT NULL UNIQUE,
    payload TEXT NOT NULL,
    visible_at REAL NOT NULL,
    deliveries INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS message_next ON message (queue, visible_at, id);
"""
TAKE = """
UPDATE message SET visible_at = :until, deliveries = deliveries + 1
WHERE id = (SELECT id FROM message WHERE queue = :queue AND visible_at <= :now ORDER BY id LIMIT 1)
RETURNING payload, deliveries
"""


class Channel(virtual.Channel):
    supports_fanout = False

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        options = self.connection.client.transport_options
        self._lease = float(options.get("visibility_timeout", 30))
        self._renewed = 0.0
        self._lock = threading.Lock()  # a thread pool acknowledges from its own threads
        self._db = sqlite3.connect(options["path"], timeout=20, isolation_level=None, check_same_thread=False)
        self._execute_script(SCHEMA)

    def _execute_script(self, script: str) -> None:
        with self._lock:
            self._db.executescript(script)

    def _execute(self, statement: str, parameters) -> tuple[list, int]:
        with self._lock:
            cursor = self._db.execute(statement, parameters)
            return cursor.fetchall(), cursor.rowcount

    def _put(self, queue, message, **kwargs):
        # a message that was rejected comes back under its own tag
        self._execute(
            "INSERT INTO message (queue, tag, payload, visible_at) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (tag) DO UPDATE SET payload = excluded.payload, visible_at = excluded.visible_at",
            [queue, message["properties"]["delivery_tag"], json.dumps(message), time.time()],
        )

    def _get(self, queue, timeout=None):
        now = time.time()
        taken, _ = self._execute(TAKE, {"until": now + self._lease, "queue": queue, "now": now})
        if not taken:
            raise Empty
        [(payload, deliveries)] = taken
        message = json.loads(payload)
        message["properties"].setdefault("delivery_info", {})["redelivered"] = deliveries > 1
        return message

    def drain_events(self, timeout=None, callback=None):
        self._renew()  # here, as nothing is taken while every slot is busy
        return super().drain_events(timeout=timeout, callback=callback)

    def _renew(self):
        now = time.time()
        if now - self._renewed < self._lease / 4:
            return
        self._renewed = now
        tags = json.dumps(list(self.qos._delivered))
        self._execute(
            "UPDATE message SET visible_at = ? WHERE tag IN (SELECT value FROM json_each(?))", [now + self._lease, tags]
        )

    def basic_ack(self, delivery_tag, multiple=False):
        super().basic_ack(delivery_tag, multiple)
        self._delete(delivery_tag)

    def basic_reject(self, delivery_tag, requeue=False):
        super().basic_reject(delivery_tag, requeue)
        if not requeue:
            self._delete(delivery_tag)

    def _delete(self, tag):
        self._execute("DELETE FROM message WHERE tag = ?", [tag])

    def _size(self, queue):
        [(size,)], _ = self._execute("SELECT count(*) FROM message WHERE queue = ?", [queue])
        return size

    def _purge(self, queue):
        return self._execute("DELETE FROM message WHERE queue = ?", [queue])[1]

    def close(self):
        super().close()
        with self._lock:
            self._db.close()


class Transport(virtual.Transport):
    Channel = Channel
    default_port = 0
    driver_type = "sqlite"
    driver_name = "sqlite3"
    polling_interval = 0.2
    implements = virtual.Transport.implements.extend(exchange_type=frozenset(["direct", "topic"]))

    def driver_version(self):
        return sqlite3.sqlite_version


def register() -> None:
    """Make ``embedded://`` a broker URL."""
    TRANSPORT_ALIASES[SCHEME] = f"{__name__}:Transport"
