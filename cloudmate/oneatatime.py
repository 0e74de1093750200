"""Never two of them on the same data. Standard library only."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STILL_STOPPING = 25  # seconds that the children of one that was killed may take to end


class AlreadyRunning(Exception):
    """Another one has the data; the message says which and what to do."""


@contextmanager
def only_one(path: Path, *, words: str) -> Iterator[int]:
    """Hold ``path`` locked while the block runs; yields its file descriptor, for children to hold too.

    The lock is the system's, so it ends with the last process that holds it, however that ends.
    Raises AlreadyRunning, naming the process and the ``words`` it left. Where that process was
    killed and only its children are left, waits for them.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        waited = time.monotonic()
        while not _locked(handle):
            process, _, its_words = _read(handle).partition(" ")
            if _alive(process):
                raise AlreadyRunning(
                    f"CloudMate already runs on the data in {path.parent} (process {process}): {its_words}\n"
                    f"Open that page, or stop it (kill {process}), or start on other data: "
                    "python3 manage.py up --data FOLDER --port PORT"
                )
            if time.monotonic() - waited > STILL_STOPPING:
                raise AlreadyRunning(
                    f"What is left of an earlier CloudMate still uses the data in {path.parent}.\n"
                    f"End the processes that have {path} open (fuser {path} names them) and start again."
                )
            time.sleep(0.2)
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()} {words}".encode(), 0)
        yield handle
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(handle: int) -> str:
    return os.pread(handle, 500, 0).decode(errors="replace")


def _alive(process: str) -> bool:
    if not process.isdigit():
        return True  # it has just locked and not yet written who it is
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
