"""CloudMate as a person starts it, for tests that stop, kill and start it again."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        return probe.getsockname()[1]


def environment(**changes) -> dict[str, str]:
    """Of a person's shell: nothing of this test run's own settings."""
    outside = {k: v for k, v in os.environ.items() if not k.startswith("CLOUDMATE_") and k != "DJANGO_SETTINGS_MODULE"}
    return outside | changes


def manage(*arguments, timeout=60, **changes) -> subprocess.CompletedProcess:
    command = [sys.executable, "manage.py", *map(str, arguments)]
    return subprocess.run(
        command, cwd=ROOT, env=environment(**changes), capture_output=True, text=True, timeout=timeout
    )


class Running:
    """One ``manage.py up``."""

    def __init__(self, data: Path, *, port: int | None = None, arguments=("--no-seed",), **changes):
        self.port = port or free_port()
        self.output = data.parent / f"{data.name}-{self.port}-{time.monotonic_ns()}.log"
        command = [sys.executable, "manage.py", "up", "--data", str(data), "--port", str(self.port), *arguments]
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environment(**changes), stdout=output, stderr=subprocess.STDOUT
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()

    @property
    def said(self) -> str:
        return self.output.read_text()

    def wait_until(self, true, seconds=40):
        deadline = time.monotonic() + seconds
        while not true():
            assert self.process.poll() is None, f"it ended\n{self.said}"
            assert time.monotonic() < deadline, f"not within {seconds} s\n{self.said}"
            time.sleep(0.05)

    def wait_for_page(self):
        self.wait_until(lambda: "Stop with Ctrl+C" in self.said)
        return self

    def status(self, path="/accounts/login/") -> int | None:
        try:
            with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)) as page:
                page.request("GET", path)
                return page.getresponse().status
        except OSError:
            return None

    def passwords(self) -> dict[str, str]:
        found = re.findall(r"^ +(\w+) +((?:\w{4}-){3}\w{4})$", self.said, re.MULTILINE)
        return dict(found)

    def child(self, name: str) -> int | None:
        """The process of the ``web`` server or the ``worker`` that this one started."""
        word = {"web": "granian", "worker": "celery"}[name]
        for pid in children(self.process.pid):
            if word in Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0"):
                return pid
        return None

    def family(self) -> list[int]:
        """Every process of it, itself first."""
        found = [self.process.pid]
        for pid in found:
            found += children(pid)
        return found

    def stop(self, with_signal=signal.SIGINT) -> int:
        self.process.send_signal(with_signal)
        return self.process.wait(40)


def children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
