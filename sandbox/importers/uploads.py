"""Files that a browser sent, kept until they are taken in or an hour has passed. No Django here."""

from __future__ import annotations

import re
import secrets
import shutil
import time
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from sandbox.importers.reading import MOST_BYTES, ReadError

MOST_FILES = 2_000
KEPT = 3600  # seconds
_NAME = re.compile(r"[0-9a-f]{32}")


def keep(files: Iterable[tuple[str, BinaryIO]], *, under: Path) -> str:
    """Store the files, zips unpacked; return the name they are kept by. ReadError, and nothing kept, for what is too large.

    No name of a file leads out of the folder, and what a zip holds is counted while it is unpacked, whatever it says.
    """
    forget_old(under)
    name = secrets.token_hex(16)
    folder = under / name
    folder.mkdir(parents=True, mode=0o700)
    room = _Room()
    try:
        for given, stream in files:
            if given.lower().endswith(".zip"):
                _unpack(given, stream, folder, room)
            else:
                room.take(stream, _inside(folder, given), given)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return name


def kept(name: str, *, under: Path) -> Path | None:
    """Where they are; None where the name is of nothing that is still kept."""
    folder = under / name
    return folder if _NAME.fullmatch(name) and folder.is_dir() else None


def forget(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def forget_old(under: Path) -> None:
    for folder in under.glob("*"):
        if time.time() - folder.stat().st_mtime > KEPT:
            forget(folder)


class _Room:
    """Counts what was stored, over all files."""

    def __init__(self):
        self.files = self.bytes = 0

    def take(self, stream: BinaryIO, path: Path, given: str) -> None:
        self.files += 1
        if self.files > MOST_FILES:
            raise ReadError("", f"{given}: more than {MOST_FILES:,} files. Bring them in with manage.py import_cases.")
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as out:
            while piece := stream.read(1 << 20):
                self.bytes += len(piece)
                if self.bytes > MOST_BYTES:
                    raise ReadError(
                        "",
                        f"{given}: more than {MOST_BYTES:,} bytes together. Bring them in with manage.py import_cases.",
                    )
                out.write(piece)


def _unpack(given: str, stream: BinaryIO, folder: Path, room: _Room) -> None:
    try:
        with zipfile.ZipFile(stream) as packed:
            for member in packed.infolist():
                if member.is_dir():
                    continue
                with packed.open(member) as inside:
                    room.take(inside, _inside(folder, member.filename), f"{given}, {member.filename}")
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError) as error:
        raise ReadError(
            "", f"{given}: is no zip that can be unpacked ({error}). Pack it anew, without a password."
        ) from None


def _inside(folder: Path, given: str) -> Path:
    """A path within ``folder``: what leads up or away is left out of the name."""
    parts = [part for part in PurePosixPath(given.replace("\\", "/")).parts if part not in ("/", "..", ".")]
    safe = [re.sub(r"[\x00-\x1f:]", "_", part)[:120] for part in parts]
    return folder.joinpath(*(safe or ["file"]))
