"""Telemetry files become the world of a case: all of it, or nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from cases.models import Case
from cases.recording import task_of
from cases.redaction import Redaction, merged
from cases.transcript import Task
from sandbox import capture, runs
from sandbox.environment.world.base import BadTable, TableFile, WorldError, WorldSpec
from sandbox.environment.world.fidelity import Fidelity, fidelity
from sandbox.environment.world.tables import build_tables
from sandbox.environment.world.world import open_world
from sandbox.importers.reading import ImportProblem, ReadError
from sandbox.importers.telemetry.mapping import Mapping, read
from sandbox.importers.telemetry.rows import Converter, Problems
from sandbox.models import Snapshot


@dataclass(frozen=True)
class Imported:
    """What came of the files. ``empty`` counts samples without a value, left out; ``snapshot`` is None on a dry run."""

    spec: WorldSpec
    fidelity: Fidelity
    redactions: tuple[Redaction, ...]
    empty: int
    snapshot: Snapshot | None = None


def bring_in(case: Case, path: Path, *, dry_run: bool = False) -> Imported:
    """Freeze the files that the mapping at ``path`` names as the world of the case's newest snapshot, in a new one.

    The recordings stay; a world that was there is replaced. Raises Problems, and stores nothing, where any row, field,
    binding or action is wrong.
    """
    task, newest = task_of(case.current), runs.snapshot_of(case.current)
    recordings = capture.recordings_of(newest) if newest else ()
    converter = Converter()
    try:
        mapping = read(path)
        tables = _tables(mapping, converter)
        redactions = merged(*converter.redactions)
        spec = _spec(mapping, tables, redactions)
        _check_tools(spec, task)
        with tempfile.TemporaryDirectory(prefix="telemetry-") as folder:
            open_world(spec, folder, tools=task.tools).close()
            found = fidelity(spec, recordings, task.tools, folder=Path(folder))
    except ReadError as error:
        raise Problems([error.at(path.name)]) from None
    except WorldError as error:
        raise Problems([ImportProblem(path.name, "", f"{error}.")]) from None
    snapshot = None if dry_run else capture.freeze(case, recordings, world=spec)
    return Imported(spec, found, redactions, converter.empty, snapshot)


def _tables(mapping: Mapping, converter: Converter) -> tuple[TableFile, ...]:
    rows: dict[str, list[Iterable[dict[str, Any]]]] = {}
    for source in mapping.sources:
        rows.setdefault(source.table, []).append(converter.rows(source))
    try:
        tables = build_tables({name: chain(*files) for name, files in rows.items()})
    except BadTable:
        converter.settle()  # says more of it: the file and its row
        raise
    converter.settle()
    return tables


def _spec(mapping: Mapping, tables: tuple[TableFile, ...], redactions: tuple[Redaction, ...]) -> WorldSpec:
    manifest = {"made_by": "import_telemetry", "sampled": mapping.sampled}
    if redactions:
        manifest["redacted"] = [one.as_dict() for one in redactions]
    return WorldSpec(tables, mapping.bindings, mapping.alert_at, mapping.now, mapping.end, manifest, mapping.actions)


def _check_tools(spec: WorldSpec, task: Task) -> None:
    """ReadError for a binding or an action of a tool that the case's agents do not have."""
    known = {tool.name for tool in task.tools}
    for field, names in (("tools", spec.bindings), ("actions", spec.actions)):
        for name in names:
            if name not in known:
                has = ", ".join(sorted(known)) or "none"
                raise ReadError(f"{field}.{name}", f"is no tool of this case; its tools are {has}.")
