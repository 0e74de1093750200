"""What lies beside bundles for all of them: tool catalogues, and the vocabulary of fault classes. No Django here."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from cases.transcript import ToolSchema
from sandbox.importers.reading import ReadError, expect_object, expect_texts, json_of
from sandbox.importers.schemas import tools_from_catalogue


def tools_named(folder: Path, name: str) -> tuple[ToolSchema, ...] | None:
    """The tools of a catalogue near ``folder``; None where the catalogues say nothing of this source (agent runs)."""
    if not name:
        return None
    catalogues = _catalogues(folder)
    if catalogues is None:
        raise ReadError("catalogue", f"{name!r} is not here: put the folder catalogues/ beside the bundle's folder.")
    file = catalogues / f"{name}.json"
    return _tools_in(file, file.stat().st_mtime_ns) if _is_plain(name) and file.is_file() else None


def fault_classes_of(folder: Path, catalogue: str) -> tuple[str, ...]:
    """The whole list of fault classes a source answers in, never a hint which."""
    catalogues = _catalogues(folder)
    file = catalogues / "fault_classes.json" if catalogues else None
    if file is None or not file.is_file():
        return ()
    return _classes_in(file, file.stat().st_mtime_ns).get(catalogue, ())


def _is_plain(name: str) -> bool:
    return re.fullmatch(r"[\w-]+", name) is not None


def _catalogues(folder: Path) -> Path | None:
    beside = (folder / "catalogues", folder.parent / "catalogues")
    return next((path for path in beside if path.is_dir()), None)


@lru_cache(maxsize=32)
def _tools_in(file: Path, changed: int) -> tuple[ToolSchema, ...]:
    return tools_from_catalogue(json_of(file), f"catalogues/{file.name}")


@lru_cache(maxsize=32)
def _classes_in(file: Path, changed: int) -> dict[str, tuple[str, ...]]:
    sources = expect_object(json_of(file), f"catalogues/{file.name}")
    found = {}
    for source, groups in sources.items():
        where = f"catalogues/{file.name}: {source}"
        lists = expect_object(groups, where)
        found[source] = tuple(
            name for group, names in lists.items() for name in expect_texts(names, f"{where}.{group}")
        )
    return found
