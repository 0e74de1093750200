"""Worlds in the database: their tables stored once by content, opened from any worker."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings

from cases.transcript import ToolSchema
from sandbox.environment.world.base import BadTable, WorldSpec
from sandbox.environment.world.world import World, open_world
from sandbox.models import Snapshot, TableBlob


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
    folder = settings.DATA_DIR / "worlds"
    try:
        return open_world(spec, folder, tools=tools)
    except BadTable:
        open_world(with_bytes(spec), folder, tools=tools).close()
        return open_world(spec, folder, tools=tools)
