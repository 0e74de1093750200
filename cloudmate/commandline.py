"""From a bare ``python3 manage.py ...`` to the command it names, installing what is missing first.

Standard library only, and no Django in the process that keeps the system up. No Django here.
"""

import os
import subprocess
import sys
from pathlib import Path

from cloudmate import install
from cloudmate.env import EnvError

ROOT = Path(__file__).resolve().parent.parent
SERVERS = ("CLOUDMATE_DATABASE_URL", "CLOUDMATE_BROKER_URL")  # speaking to PostgreSQL or Redis takes a library more
WELCOME = """\
CloudMate

  python3 manage.py up     installs what is missing and starts the page and its worker
  python3 manage.py test   runs all tests

  up takes --port, --host, --data FOLDER and --no-seed; the other commands are:
"""


def lock_for(command: str) -> Path:
    """The libraries that ``command`` needs, each pinned by its hash."""
    if command == "test":
        return ROOT / "requirements-dev.txt"
    if any(os.environ.get(name) for name in SERVERS):
        return ROOT / "requirements-team.txt"
    return ROOT / "requirements.txt"


def run(argv: list[str]) -> int:
    command = argv[1] if len(argv) > 1 else "help"
    try:
        install.ensure(lock_for(command), root=ROOT, argv=argv)
        if command == "up":
            from cloudmate import up

            return up.main(argv[2:])
        if command == "test":
            chosen = argv[2:] or ["-n", "2"]  # without a choice: all of them, two at a time
            os.environ.pop("DJANGO_SETTINGS_MODULE", None)  # the product's settings; pytest names the tests' own
            return subprocess.call([sys.executable, "-m", "pytest", *chosen], cwd=ROOT)
        if command == "help" and len(argv) <= 2:
            print(WELCOME, flush=True)
        from django.core.management import execute_from_command_line

        execute_from_command_line(argv)
    except (EnvError, install.InstallError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output has gone, as with "| head"
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0
