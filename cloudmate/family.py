"""Children that cannot outlive their parent and are started again when they die. Standard library only."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SETTLED = 60  # seconds after which an earlier death is forgotten
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class Child:
    """One command, in a process group of its own: what it started ends with it."""

    def __init__(self, name: str, command: list[str], lock: int, *, once: bool = False):
        self.name = name
        self.deaths = 0
        self._command = command
        self._lock = lock
        self._once = once
        self._process: subprocess.Popen | None = None
        self._started = 0.0
        self._start_at = 0.0

    def start(self) -> None:
        parent = os.getpid()

        def end_with_parent():
            if _libc:
                _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
                if os.getppid() != parent:  # it died before we asked to be told
                    os._exit(1)

        self._process = subprocess.Popen(
            self._command, cwd=ROOT, start_new_session=True, pass_fds=[self._lock], preexec_fn=end_with_parent
        )
        self._started = time.monotonic()

    def look_after(self) -> None:
        """Start it again if it has died: at once, and ever later the more often it dies."""
        if self._process and self._process.poll() is not None:
            _kill_group(self._process)
            code, self._process = self._process.returncode, None
            if self._once:
                return
            if time.monotonic() - self._started > SETTLED:
                self.deaths = 0
            self.deaths += 1
            wait = min(30.0, 0.25 * 2 ** (self.deaths - 1))
            self._start_at = time.monotonic() + wait
            how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
            print(f"  {self.name:<10}{how}; starting it again", file=sys.stderr, flush=True)
        elif not self._process and not self._once and time.monotonic() >= self._start_at:
            self.start()

    def wait(self) -> int:
        """The exit code of a command that is run once, when it has ended."""
        return self._process.wait() if self._process else 0

    def ask_to_end(self) -> None:
        if self._process:
            self._process.terminate()

    def ended_by(self, deadline: float) -> None:
        """Wait until it has ended; what has not by then, and all it started, is killed."""
        process, self._process = self._process, None
        if process:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))
            _kill_group(process)
            process.wait()


def _kill_group(process: subprocess.Popen) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def end_all(children: list[Child], *, within: float) -> None:
    """Ask all to end, and kill what has not ended ``within`` seconds."""
    deadline = time.monotonic() + within
    for child in children:
        child.ask_to_end()
    for child in children:
        child.ended_by(deadline)
