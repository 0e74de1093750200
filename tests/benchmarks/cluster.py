"""A PostgreSQL of one's own for as long as it is wanted: on loopback, gone afterwards or kept for the next run."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

AS_POSTGRES = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--reset-env"]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@contextmanager
def postgres(keep: Path | None = None) -> Iterator[str]:
    """The address of a database: an empty one in a temporary folder, or the one that an earlier run left in ``keep``.

    PostgreSQL's own settings, but 256 MB of buffers and no waiting for the disk. It refuses to run as root:
    then its user ``postgres`` runs it, who must be able to reach the folder.
    """
    home = Path(max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name)))
    prefix = AS_POSTGRES if os.geteuid() == 0 else []
    port = free_port()
    folder = keep or Path(tempfile.mkdtemp(prefix="cm-bench-"))
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    data = folder / "pg"
    found = data.exists()
    data.mkdir(exist_ok=True)
    if prefix:
        shutil.chown(data, "postgres")

    def run(*command: str) -> None:
        subprocess.run([*prefix, *command], cwd="/", check=True, stdout=subprocess.DEVNULL)

    try:
        initdb = ["-A", "trust", "-U", "postgres", "--no-sync", "-E", "UTF8", "--locale=C"]
        if not found:
            run(str(home / "initdb"), "-D", str(data), *initdb)
        options = f"-k {data} -p {port} -c listen_addresses=127.0.0.1 -c fsync=off -c synchronous_commit=off"
        options += " -c shared_buffers=256MB -c max_wal_size=4GB"
        run(str(home / "pg_ctl"), "-D", str(data), "-s", "-w", "-l", str(data / "log"), "-o", options, "start")
        yield f"postgres://postgres@127.0.0.1:{port}/postgres"
    finally:
        with suppress(subprocess.CalledProcessError):
            run(str(home / "pg_ctl"), "-D", str(data), "-s", "-m", "fast" if keep else "immediate", "stop")
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
