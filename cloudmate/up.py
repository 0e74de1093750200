"""``manage.py up``: the page and its worker, kept running until told to stop. No Django here.

This process stays small: it prepares the data in a child, starts the web server and the worker as
children that cannot outlive it, and starts again whichever dies.
"""

import argparse
import os
import signal
import socket
import sqlite3
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

from cloudmate import env
from cloudmate.family import Child, end_all
from cloudmate.oneatatime import AlreadyRunning, only_one

ROOT = Path(__file__).resolve().parent.parent
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
SEEDED = "starter-library"  # a file in the data: the starter library is in
PREPARED = "prepared"  # a file in the data: from what it was last prepared
STOP_WITHIN = 20  # seconds: the worker gives back what it holds after 5


class UpError(Exception):
    """Why CloudMate does not start, and what to do; for people."""


class Stop(Exception):
    """Somebody asked it to stop."""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="manage.py up", description="Start CloudMate: the page and its worker.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on (8000)")
    parser.add_argument("--data", metavar="FOLDER", help="where everything is kept (var, or CLOUDMATE_DATA)")
    parser.add_argument("--no-seed", action="store_true", help="do not bring in the starter library")
    options = parser.parse_args(arguments)
    if not 1 <= options.port <= 65535:
        parser.error(f"--port {options.port}: write a number from 1 to 65535")
    if options.data:
        os.environ["CLOUDMATE_DATA"] = options.data
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    try:
        data = env.folder("CLOUDMATE_DATA", ROOT / "var")
        os.environ["CLOUDMATE_DATA"] = str(data)
        with only_one(data / "running", words=url(options)) as lock:
            keep_up(options, data, lock)
    except (UpError, AlreadyRunning, env.EnvError) as error:
        print(f"CloudMate is not started.\n{error}", file=sys.stderr)
        return 1
    except Stop:
        print("Stopped. The same command starts it again where it was.", flush=True)
    return 0


def keep_up(options, data: Path, lock: int) -> None:
    """Start everything and watch over it. Returns never: raises Stop when asked to, UpError where it cannot go on."""
    began = time.monotonic()
    require_free_port(options.host, options.port)
    require_writable_database(data)
    settings_of_children(options)
    say("data", data)
    made_from = sources()
    prepare = Child("data", [sys.executable, "manage.py", "prepare"], lock, once=True)
    children = [prepare]
    try:
        prepare.start()
        if not as_before(data, made_from):
            require_prepared(prepare)
        os.environ["CELERY_SKIP_CHECKS"] = "1"  # 'prepare' makes them; they would load every page into the worker
        children.append(Child("web", web(options), lock))
        wait_for_page(options, children[-1])
        say("page", f"{url(options)} (after {time.monotonic() - began:.1f} s)")
        require_prepared(prepare)
        (data / PREPARED).write_text(made_from)
        children.append(Child("worker", worker(), lock))
        children[-1].start()
        if not options.no_seed and not (data / SEEDED).exists():
            children.append(Child("library", [sys.executable, "manage.py", "starter_library"], lock, once=True))
            children[-1].start()
        print("Stop with Ctrl+C; everything is kept.", flush=True)
        while True:
            time.sleep(0.3)
            for child in children:
                child.look_after()
    except Stop:
        print("\nStopping", flush=True)
        raise
    finally:
        # asked again while stopping: at once
        signal.signal(signal.SIGTERM, lambda *_: end_all(children, within=0))
        signal.signal(signal.SIGINT, lambda *_: end_all(children, within=0))
        end_all(children, within=STOP_WITHIN)


def _stop(*_):
    raise Stop


def say(subject: str, words: object) -> None:
    print(f"  {subject:<10}{words}", flush=True)


def url(options) -> str:
    host = "127.0.0.1" if options.host in {"0.0.0.0", "::"} else options.host
    return f"http://[{host}]:{options.port}/" if ":" in host else f"http://{host}:{options.port}/"


def settings_of_children(options) -> None:
    """The page must answer to the name it is started under; more names are the person's to give."""
    if options.host not in LOOPBACK | {"0.0.0.0", "::"} and not os.environ.get("CLOUDMATE_HOSTS"):
        os.environ["CLOUDMATE_HOSTS"] = f"{options.host},127.0.0.1,localhost"
    os.environ["CLOUDMATE_LISTENS_ON"] = options.host
    os.environ.setdefault("MALLOC_ARENA_MAX", "2")  # else each thread keeps memory of its own: 20 MB in a busy worker
    if not os.environ.get("CLOUDMATE_BROKER_URL"):
        os.environ["CLOUDMATE_ONLY_WORKER"] = "1"


def web(options) -> list[str]:
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", "1", "--blocking-threads", "4"]
    command += ["--host", options.host, "--port", str(options.port), "--no-ws", "--log-level", "warning"]
    return [*command, "cloudmate.wsgi:application"]


def worker() -> list[str]:
    slots = os.environ.get("CLOUDMATE_SLOTS", "4")
    command = [sys.executable, "-m", "celery", "--quiet", "-A", "cloudmate", "worker", "-P", "threads", "-c", slots]
    return [*command, "--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING"]


def require_free_port(host: str, port: int) -> None:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with closing(socket.socket(family, kind, protocol)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except socket.gaierror:
        raise UpError(f"--host {host}: no such address. Leave it out to listen on 127.0.0.1.") from None
    except PermissionError:
        raise UpError(f"Port {port} is only for the administrator. Choose one from 1024 up:\n{again(8000)}") from None
    except OSError as error:
        if error.errno != 98 and "in use" not in str(error):
            raise UpError(f"--host {host} --port {port}: {error.strerror}.") from None
        raise UpError(
            f"Port {port} on {host} is taken by another program. Stop that program, or choose another port:\n"
            f"{again(free_port(host, port))}"
        ) from None


def free_port(host: str, taken: int) -> int:
    for port in range(taken + 1, min(taken + 50, 65536)):
        with suppress(OSError), closing(socket.create_server((host, port))):
            return port
    return taken + 1


def again(port: int) -> str:
    return f"  python3 manage.py up --port {port}"


def require_writable_database(data: Path) -> None:
    """A database that another program keeps locked is told here, at once, not by a page that hangs."""
    path = data / "cloudmate.sqlite3"
    if os.environ.get("CLOUDMATE_DATABASE_URL") or not path.exists():
        return
    try:
        with closing(sqlite3.connect(path, timeout=3, isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE")
            database.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise UpError(
                f"The database {path} is locked by another program. Close what has it open"
                " (a database browser, a backup, another command of CloudMate) and start again."
            ) from None
        raise UpError(f"The database {path} cannot be written: {error}.") from None
    except sqlite3.DatabaseError as error:
        raise UpError(
            f"{path} is not a database that CloudMate can read ({error}). Put a backup in its place,"
            " or move it away to start with an empty one."
        ) from None


def sources() -> str:
    """Everything that 'prepare' works from, with size and age: libraries, migrations, static files, which database."""
    files = [ROOT / "requirements.txt", *ROOT.glob("*/migrations/*.py"), *(ROOT / "static").rglob("*")]
    seen = [f"{file} {file.stat().st_size} {file.stat().st_mtime_ns}" for file in sorted(files)]
    where = os.environ.get("CLOUDMATE_DATABASE_URL", "").rpartition("@")[2]  # without the password
    return "\n".join([where, *seen])


def as_before(data: Path, made_from: str) -> bool:
    """Whether the data were prepared from just this: then the page need not wait until that is looked at again."""
    mark = data / PREPARED
    stored = os.environ.get("CLOUDMATE_DATABASE_URL") or (data / "cloudmate.sqlite3").exists()
    return bool(stored) and mark.exists() and mark.read_text() == made_from


def require_prepared(prepare: Child) -> None:
    if prepare.wait() != 0:
        raise UpError("Its data could not be prepared, for the reason above.")


def wait_for_page(options, server: Child) -> None:
    """Return when the page answers. Raises UpError where the web server keeps dying instead."""
    server.start()
    told = time.monotonic()
    while True:
        server.look_after()
        if server.deaths >= 3:
            raise UpError("The web server keeps ending while it starts; its own words are above.")
        if answers(options):
            return
        if time.monotonic() - told > 10:
            told = time.monotonic()
            say("page", "still starting")
        time.sleep(0.05)


def answers(options) -> bool:
    """Whether the page says anything in HTTP. By hand, as an HTTP library would double the memory of this process."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(options.host, options.host)
    name = next(iter(env.items("CLOUDMATE_HOSTS", ("127.0.0.1",)))).lstrip(".*") or "127.0.0.1"
    try:
        with socket.create_connection((host, options.port), timeout=10) as page:
            page.sendall(f"HEAD /accounts/login/ HTTP/1.0\r\nHost: {name}\r\n\r\n".encode())
            return page.recv(5) == b"HTTP/"
    except OSError:
        return False
