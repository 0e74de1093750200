"""Cases of the lab for benchmarks, made once where a folder to keep them in is given."""

import hashlib
import pickle
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from sandbox.bundle import CaseBundle
from sandbox.lab import faults, library, make, systems

ROOT = Path(__file__).resolve().parents[2]
MAKERS = (
    "sandbox/lab",
    "sandbox/bundle.py",
    *(f"sandbox/environment/{name}.py" for name in ("base", "world/base", "world/tables")),
)
Key = tuple[str, str, int]  # system, fault, seed


def held_out_keys(system: str, *, seeds: int, first: int) -> list[Key]:
    """So many seeds of every class, from the ``first`` up; no library uses them."""
    if first < library.HELD_OUT_FROM:
        raise SystemExit(f"seeds below {library.HELD_OUT_FROM} are the library's: begin at or above it")
    return [(system, name, seed) for name in faults() for seed in range(first, first + seeds)]


def second_system() -> str:
    return list(systems())[-1]


def made(keys: Iterable[Key], keep: Path | None = None) -> Iterator[tuple[str, CaseBundle]]:
    """(name, case) of each; a fault that a system has no part for is left out.

    What is kept is filed under the source that made it, so a changed lab makes its cases anew.
    """
    for key in keys:
        bundle = _kept(key, keep / _source()) if keep else _made(key)
        if bundle is not None:
            yield "/".join(map(str, key)), bundle


def _made(key: Key) -> CaseBundle | None:
    try:
        return make(*key)
    except ValueError:
        return None


def _kept(key: Key, folder: Path) -> CaseBundle | None:
    """Our own pickles, of a folder that only its owner writes to."""
    file = folder / f"{'-'.join(map(str, key))}.pickle"
    if not file.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        written = file.with_suffix(".part")
        written.write_bytes(pickle.dumps(_made(key)))
        written.rename(file)
    return pickle.loads(file.read_bytes())


@lru_cache(maxsize=1)
def _source() -> str:
    """Digest of the code that cases come from."""
    digest = hashlib.sha256()
    for place in MAKERS:
        at = ROOT / place
        for file in sorted(at.rglob("*.py")) if at.is_dir() else [at]:
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
