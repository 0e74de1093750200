"""Inside a run there is no network, no other process and no credential: trying any of them ends the run. No Django here.

The interpreter tells an audit hook of every connection, look-up, process and file before it happens (PEP 578); the
hook refuses those of FORBIDDEN, and files that hold secrets, while the code of a run is at work, in whatever library.
It cannot be taken away again. Variables of the environment that hold secrets are not there for it (sandbox.agents.sight).
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

from sandbox.agents.base import AgentError
from sandbox.agents.sight import holds_secrets, limited

MEMORY = 1024 * 2**20  # bytes that a process may grow by while one run is at work
SECONDS = 600  # of a run that no model is asked in, where its budget does not say less
_NETWORK = ("socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo")
_NETWORK += ("socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo")
_PROCESSES = (
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "os.fork",
    "os.forkpty",
    "pty.spawn",
)
_DATABASES = ("sqlite3.connect",)
FORBIDDEN = frozenset((*_NETWORK, *_PROCESSES, *_DATABASES))

_inside: ContextVar[bool] = ContextVar("inside a run", default=False)


class Forbidden(AgentError):
    """What a run tried to reach outside its environment."""


@contextmanager
def isolated() -> Iterator[None]:
    """Refuse network, processes and files with secrets to the code of the block, with Forbidden."""
    _watch()
    token = _inside.set(True)
    try:
        yield
    finally:
        _inside.reset(token)


def resident() -> int:
    """Bytes of memory that this process holds now."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:  # not Linux: the most it ever held, in kilobytes or, on a Mac, bytes
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024


@cache
def _watch() -> None:
    sys.addaudithook(_refuse)
    os.environ = limited(os.environ, _inside.get)  # noqa: B003 (nothing is to be cleared)
    if os.supports_bytes_environ:
        os.environb = limited(os.environb, _inside.get)


def _refuse(event: str, arguments: tuple) -> None:
    if event in FORBIDDEN and _inside.get():
        raise Forbidden(f"a run tried {event}: it has no network, starts no process and opens no database")
    if event == "open" and _inside.get() and holds_secrets(arguments[0]):
        raise Forbidden("a run tried to open a file with secrets")
