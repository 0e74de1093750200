"""Which cases lie under a path, each read by the importer of its format. No Django here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sandbox.bundle import CaseBundle
from sandbox.importers import bundles, cloudopsbench, holmesgpt
from sandbox.importers.reading import ImportProblem, ReadError, json_of

_NO_CASES = ("catalogues", "golden-trajectory")


@dataclass(frozen=True)
class Found:
    """A place that holds a case, or should: a bundle's file, or a folder in its source's own format."""

    path: Path
    named: bool  # a person named this very file

    def read(self) -> Iterator[CaseBundle | ImportProblem]:
        """Its cases and problems; a JSON file met on the way that is no case bundle gives nothing."""
        if self.path.is_dir():
            yield from (cloudopsbench if cloudopsbench.is_case(self.path) else holmesgpt).read(self.path)
            return
        try:
            data = json_of(self.path)
            if self.named or (isinstance(data, dict) and "format" in data):
                yield bundles.bundle_of(data, self.path)
        except ReadError as error:
            yield error.at(self.path)


def find(path: Path) -> Iterator[Found | ImportProblem]:
    """Every place under ``path`` that may hold a case, in a stable order."""
    if path.is_file():
        yield Found(path, named=True)
    elif not path.is_dir():
        yield ImportProblem(str(path), "", "is not there: give the path of a file or a folder.")
    else:
        try:
            places = list(_walk(path))
        except OSError as error:
            yield ImportProblem(str(error.filename or path), "", f"cannot be read: {error.strerror}.")
            return
        yield from places
        if not places:
            yield ImportProblem(str(path), "", "holds no case bundle and no case folder of a known format.")


def _walk(folder: Path) -> Iterator[Found]:
    if cloudopsbench.is_case(folder) or holmesgpt.is_case(folder):
        yield Found(folder, named=False)
        return
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir() and not path.is_symlink() and path.name not in _NO_CASES:
            yield from _walk(path)
        elif path.suffix == ".json" and path.is_file():
            yield Found(path, named=False)
