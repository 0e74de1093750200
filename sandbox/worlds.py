"""Worlds in the database: their tables stored once by content, opened from any worker."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from cases.transcript import ToolSchema
from sandbox.environment.base import Recording
from sandbox.environment.world.base import TABLES, BadTable, TableFile, WorldSpec
from sandbox.environment.world.fidelity import CAPTURED, Fidelity, fidelity
from sandbox.environment.world.world import World, open_world
from sandbox.models import Snapshot, TableBlob

CACHE = "worlds"  # under DATA_DIR; it may be emptied at any time


def store(spec: WorldSpec) -> None:
    """Store the tables that no world brought before. Raises ValueError for one that comes without its bytes."""
    known = set(TableBlob.objects.filter(pk__in=[table.digest for table in spec.tables]).values_list("pk", flat=True))
    new = {table.digest: table for table in spec.tables if table.digest not in known}
    if empty := [table.name for table in new.values() if not table.data]:
        raise ValueError(f"table {empty[0]} comes without its bytes, and no world has brought them before")
    TableBlob.objects.bulk_create(
        [TableBlob(digest=table.digest, data=table.data, size=table.size, rows=table.rows) for table in new.values()],
        ignore_conflicts=True,
    )


def spec_of(snapshot: Snapshot) -> WorldSpec | None:
    """The world of a snapshot without its tables' bytes; None where it holds recordings only."""
    return WorldSpec.from_json(snapshot.world) if snapshot.world else None


def with_bytes(spec: WorldSpec) -> WorldSpec:
    """The world with the bytes of its tables: one query."""
    blobs = TableBlob.objects.filter(pk__in=[table.digest for table in spec.tables]).values_list("pk", "data")
    return WorldSpec.from_json(spec.as_json(), {digest: bytes(data) for digest, data in blobs})


def opened(snapshot: Snapshot, tools: Iterable[ToolSchema]) -> World | None:
    """The world of a snapshot, ready to be asked; None where it holds recordings only.

    Its tables are read from the database where this machine has not laid them out before; in memory they never stay.
    Raises WorldError for tables that were changed and bindings that fit no tool.
    """
    spec, tools = spec_of(snapshot), tuple(tools)
    if spec is None:
        return None
    folder = settings.DATA_DIR / CACHE
    try:
        return open_world(spec, folder, tools=tools)
    except BadTable:
        open_world(with_bytes(spec), folder, tools=tools).close()
        return open_world(spec, folder, tools=tools)


def fidelity_of(snapshot: Snapshot, recordings: Iterable[Recording], tools: Iterable[ToolSchema]) -> Fidelity | None:
    """What of a snapshot's world was captured, and how often its engines say what was recorded; None without a world."""
    tools = tuple(tools)
    world = opened(snapshot, tools)
    if world is None:
        return None
    world.close()
    return fidelity(world.spec, recordings, tools, folder=settings.DATA_DIR / CACHE)


@dataclass(frozen=True)
class ShownTable:
    """A table as a page shows it; ``words`` are empty until it was measured."""

    name: str
    file: TableFile
    state: str
    words: str


@dataclass(frozen=True)
class ShownTables:
    held: list[ShownTable]
    missing: list[str]


def tables_of(spec: WorldSpec, admission: dict[str, Any] | None) -> ShownTables:
    """The tables of a world with what was measured of them, and the names of those that it does not hold."""
    measured = {one["table"]: one for one in ((admission or {}).get("fidelity") or {}).get("tables", [])}
    held = [(file, measured.get(name, {})) for name in TABLES if (file := spec.table(name))]
    return ShownTables(
        [ShownTable(file.name, file, known.get("state", CAPTURED), known.get("words", "")) for file, known in held],
        [name for name in TABLES if spec.table(name) is None],
    )
