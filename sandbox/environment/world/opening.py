"""Frozen tables as a locked, read-only database: no file, no network, no clock but the world's. No Django here."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
import threading
import weakref
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from sandbox.environment.world.base import BadQuery, BadTable, NotCaptured, WorldSpec, utc
from sandbox.environment.world.tables import COLUMNS, ORDER, check_table

LAYOUT = 1  # of the database file; another number, another file
OPEN = 24  # connections held at once; the least recently asked is closed
_CONFIG = {
    "threads": 1,
    "enable_external_access": False,
    "autoinstall_known_extensions": False,
    "python_enable_replacements": False,  # a name that is no table is never a variable of ours
    "temp_directory": "",
    "TimeZone": "UTC",
    "lock_configuration": True,
}


@dataclass(frozen=True)
class Limits:
    """What one query may take."""

    seconds: float = 5.0
    rows: int = 20_000
    memory_mb: int = 256


Edit = tuple[str, list[Any]]  # a statement and its values


@dataclass(frozen=True)
class Rows:
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def materialised(spec: WorldSpec, folder: Path) -> Path:
    """The database file of a spec's tables in ``folder``, made if it is not there.

    It is written beside and moved into place whole, so several processes may do this at once; the folder may be
    emptied at any time. Raises BadTable where a table's bytes are not there or not those of its digest.
    """
    parts = [str(LAYOUT), duckdb.__version__, *sorted(f"{table.name}={table.digest}" for table in spec.tables)]
    path = folder / f"{hashlib.sha256(' '.join(parts).encode()).hexdigest()[:40]}.duckdb"
    if path.exists():
        return path
    for table in spec.tables:
        check_table(table)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".making-") as making:
        made = Path(making, "world.duckdb")
        with duckdb.connect(made, config={"threads": 1}) as connection:
            connection.execute("CREATE SCHEMA frozen")
            for table in spec.tables:
                parquet = Path(making, f"{table.name}.parquet")
                parquet.write_bytes(table.data)
                _load(connection, table.name, parquet)
        os.replace(made, path)
    return path


def _load(connection: duckdb.DuckDBPyConnection, name: str, parquet: Path) -> None:
    columns = ", ".join(f'"{column}"' for column in COLUMNS[name])
    source = f"read_parquet('{parquet}')"
    if name == "metrics":  # the labels of a series are kept once, its samples by number
        series = "metric, component, labels"
        connection.execute(
            f"CREATE TABLE frozen.series AS SELECT row_number() OVER (ORDER BY {series})::INTEGER AS id, {series} "
            f"FROM (SELECT DISTINCT {series} FROM {source}) ORDER BY id"
        )
        connection.execute(
            'CREATE TABLE frozen.metrics AS SELECT s.id AS series, m."at", m.value '
            f'FROM {source} m JOIN frozen.series s USING ({series}) ORDER BY s.id, m."at", m.file_row_number'
        )
        connection.execute(
            f'CREATE VIEW main.metrics AS SELECT m."at", s.component, s.metric, s.labels, m.value '
            f'FROM frozen.metrics m JOIN frozen.series s ON s.id = m.series WHERE m."at" <= {NOW}'
        )
        return
    order = ", ".join(f'"{column}"' for column in (*ORDER[name], "file_row_number"))
    connection.execute(f"CREATE TABLE frozen.{name} AS SELECT {columns} FROM {source} ORDER BY {order}")
    connection.execute(f"CREATE VIEW main.{name} AS {_visible(name)}")


NOW = "getvariable('now')"


def _visible(name: str) -> str:
    """What of a table is past at the world's now: the one place where the future is cut off."""
    held = {column: f'"{column}"' for column in COLUMNS[name]}
    if "until_at" in held:  # what has begun; when it will end is not known before it does
        held["until_at"] = f'CASE WHEN "until_at" <= {NOW} THEN "until_at" END AS "until_at"'
    past = {
        "objects": f'"from_at" <= {NOW}',
        "topology": f'"from_at" <= {NOW}',
        "alerts": f'"since" <= {NOW}',
        # a span is reported when it ends
        "spans": f'"at" <= {NOW} AND "at" + to_microseconds(CAST(round(duration_ms * 1000) AS BIGINT)) <= {NOW}',
    }.get(name, f'"at" <= {NOW}')
    return f"SELECT {', '.join(held.values())} FROM frozen.{name} WHERE {past}"


class Store:
    """The locked database of a world. Any thread may ask; one is answered at a time."""

    def __init__(self, spec: WorldSpec, folder: Path, limits: Limits = Limits(), *, private: Path | None = None):
        self.spec, self.limits, self.private = spec, limits, private
        self._path = private or materialised(spec, folder)
        self._lock = threading.RLock()
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._process = 0

    def holds(self, table: str) -> None:
        """NotCaptured where this world has no such table."""
        if self.spec.table(table) is None:
            held = ", ".join(sorted(held.name for held in self.spec.tables)) or "nothing"
            raise NotCaptured(f"{table} were not captured; this world holds {held}")

    def rows(self, sql: str, given: Sequence[Any] = (), *, now: datetime, cap: int | None = None) -> Rows:
        """What ``sql`` gives at ``now``. BadQuery, in words, past the limits or where the database refuses it."""
        cap = self.limits.rows if cap is None else cap
        with self._lock, self._ask() as connection:
            interrupt = threading.Timer(self.limits.seconds, connection.interrupt)
            interrupt.daemon = True
            interrupt.start()
            try:
                connection.execute("SET VARIABLE now = CAST(? AS TIMESTAMP)", [naive(now)])
                answer = connection.execute(sql, list(given))
                columns = tuple(item[0] for item in answer.description)
                rows = answer.fetchmany(cap + 1)
            except duckdb.InterruptException as error:
                raise BadQuery(f"it took more than {self.limits.seconds:g} s; narrow its window") from error
            except duckdb.OutOfMemoryException as error:
                raise BadQuery(f"it took more than {self.limits.memory_mb} MB; narrow it") from error
            except duckdb.Error as error:
                raise BadQuery(str(error).split("\n\nLINE")[0].split("\n\n")[0].strip()) from error
            except (OverflowError, ValueError) as error:  # a value that the database holds and Python does not
                raise BadQuery(f"a value of the answer is out of range: {error}") from error
            finally:
                interrupt.cancel()
        if len(rows) > cap:
            raise BadQuery(f"more than {cap} rows; narrow it or ask for a limit")
        return Rows(columns, rows)

    def edited(self, edits: Sequence[Edit]) -> Store:
        """A copy of this database of its own with ``edits`` made; its file goes with it. This one stays as it is."""
        folder = Path(tempfile.mkdtemp(prefix="acted-"))
        made = Store(self.spec, folder, self.limits, private=folder / "world.duckdb")
        weakref.finalize(made, _removed, folder, os.getpid())
        shutil.copyfile(self._path, made._path)
        with duckdb.connect(made._path, config={"threads": 1}) as connection:
            for statement, values in edits:
                connection.execute(statement, values)
        return made

    def close(self) -> None:
        with self._lock:
            if self._connection is not None and self._process == os.getpid():
                self._connection.close()
            self._connection = None

    @contextlib.contextmanager
    def _ask(self) -> Iterator[duckdb.DuckDBPyConnection]:
        if self._connection is None or self._process != os.getpid():  # none crosses a fork
            self._connection, self._process = self._connected(), os.getpid()
        SHELF.used(self)
        yield self._connection

    def _connected(self) -> duckdb.DuckDBPyConnection:
        if not self._path.exists():
            if self.private:
                raise BadTable("what the actions of this run left was removed; run it again")
            self._path = materialised(self.spec, self._path.parent)
        config = _CONFIG | {"memory_limit": f"{self.limits.memory_mb}MB"}
        try:
            return duckdb.connect(self._path, read_only=True, config=config)
        except duckdb.ConnectionException as error:  # one process opens a file in one way
            raise BadTable(f"{self._path.name} is open with another memory limit; take another folder") from error


class Shelf:
    """Which stores hold a connection: at most OPEN, the least recently used closed first, one in use never."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stores: OrderedDict[int, weakref.ref[Store]] = OrderedDict()

    def used(self, store: Store) -> None:
        with self._lock:
            self._stores[id(store)] = weakref.ref(store)
            self._stores.move_to_end(id(store))
            for key in list(self._stores)[: max(0, len(self._stores) - OPEN)]:
                idle = self._stores[key]()
                if idle is None:
                    del self._stores[key]
                elif idle._lock.acquire(blocking=False):
                    try:
                        idle.close()
                    finally:
                        idle._lock.release()
                    del self._stores[key]


SHELF = Shelf()


def _removed(folder: Path, process: int) -> None:
    if os.getpid() == process:  # a fork holds the same value, and must not take the file away
        shutil.rmtree(folder, ignore_errors=True)


def naive(moment: datetime) -> datetime:
    """A moment as the database holds it: UTC without a zone."""
    return utc(moment).replace(tzinfo=None)


def aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)
