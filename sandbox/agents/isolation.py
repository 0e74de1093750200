"""Inside a run there is no network and no other process: trying either ends the run. No Django here.

The interpreter tells an audit hook of every connection, look-up and process before it happens (PEP 578); the hook
refuses them while the code of a run is at work, in whatever thread or library. It cannot be taken away again.
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
FORBIDDEN = frozenset((*_NETWORK, *_PROCESSES))

_inside: ContextVar[bool] = ContextVar("inside a run", default=False)


class Forbidden(AgentError):
    """What a run tried to reach outside its environment."""


@contextmanager
def isolated() -> Iterator[None]:
    """Refuse network and processes to the code of the block, with Forbidden."""
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


def _refuse(event: str, arguments: tuple) -> None:
    if event in FORBIDDEN and _inside.get():
        raise Forbidden(f"a run tried {event}: it has no network and starts no process")
