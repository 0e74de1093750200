"""Installing what a lock file names into the project's own virtual environment. Standard library only.

A Python that already has exactly what the lock pins is used as it is.
"""

import os
import re
import subprocess
import sys
import venv
from collections import deque
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)(\s*;)?")
NEXT = re.compile(r"^(?:Collecting|Processing|Requirement already satisfied:) (\S+)")
ONCE = "CLOUDMATE_INSTALLED"  # set for the process that is started anew after installing
OFFLINE = re.compile(
    r"name resolution|NewConnectionError|Connection refused|Network is unreachable|timed out|Max retries", re.I
)


class InstallError(Exception):
    """What could not be installed, why, and what to do; for people."""


def pins(lock: Path) -> dict[str, str]:
    """Name -> version of what every platform needs; what a lock gives a condition is pip's to judge."""
    found = (PIN.match(line) for line in lock.read_text().splitlines())
    return {pin[1]: pin[2] for pin in found if pin and not pin[3]}


def missing(lock: Path) -> list[str]:
    """The pins that this Python does not have in exactly this version."""
    lacking = []
    for name, wanted in pins(lock).items():
        try:
            if version(name) != wanted:
                lacking.append(name)
        except PackageNotFoundError:
            lacking.append(name)
    return lacking


def ensure(lock: Path, *, root: Path, argv: list[str]) -> None:
    """Return where this Python has what ``lock`` pins; else make ``root``/.venv have it and start ``argv`` there.

    Raises InstallError.
    """
    lacking = missing(lock)
    if not lacking:
        return
    environment = root / ".venv"
    python = environment / "bin" / "python"
    if Path(sys.prefix).resolve() != environment:
        if not python.exists():
            make(environment)
        _start_again(python, argv)
    if os.environ.get(ONCE) == str(lock):
        raise InstallError(
            f"{environment} still lacks {', '.join(lacking)} after installing. Delete it and start again:\n"
            f"  rm -r {environment}"
        )
    pip_install(lock)
    os.environ[ONCE] = str(lock)
    _start_again(python, argv)


def _start_again(python: Path, argv: list[str]) -> None:
    sys.stdout.flush()
    os.execv(python, [str(python), *argv])


def make(environment: Path) -> None:
    if find_spec("ensurepip") is None:
        raise InstallError(
            "This Python has no venv package, which CloudMate needs to install its libraries beside itself.\n"
            "Debian and Ubuntu: apt-get install python3-venv\nThen start the same command again."
        )
    print(f"Making {environment} for CloudMate's libraries", flush=True)
    try:
        venv.create(environment, clear=True, symlinks=True, with_pip=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise InstallError(
            f"{environment} could not be made: {error}\nMend that and start the same command again."
        ) from None


def pip_install(lock: Path) -> None:
    """Install exactly what ``lock`` pins, each file checked against its hash, telling how far it is."""
    if find_spec("pip") is None:
        subprocess.run([sys.executable, "-m", "ensurepip"], check=True, stdout=subprocess.DEVNULL)
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    command += ["--progress-bar", "off", "--require-hashes", "--no-deps", "-r", str(lock)]
    count = sum(PIN.match(line) is not None for line in lock.read_text().splitlines())
    print(f"Installing up to {count} libraries (once)", flush=True)
    words: deque[str] = deque(maxlen=200)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        seen = 0
        for line in pip.stdout:
            words.append(line.rstrip())
            if at := NEXT.match(line):
                seen += 1
                _progress(f"  {seen}/{count} {_name(at[1])}")
            elif line.startswith("Installing collected"):
                _progress("  all there, unpacking")
    print(flush=True)
    if pip.returncode:
        raise InstallError(_why("\n".join(words)))


def _name(said: str) -> str:
    """Of a library, as pip says it: ``django==5.2``, or the name of a file."""
    return Path(said).name.split("-" if said.endswith(".whl") else "==")[0]


def _progress(line: str) -> None:
    if sys.stdout.isatty():
        print(f"\r\x1b[K{line}", end="", flush=True)
    else:
        print(line, flush=True)


def _why(words: str) -> str:
    last = "\n".join(f"  {line}" for line in words.splitlines()[-6:])
    if OFFLINE.search(words):
        reason = "The package index could not be reached. Is this machine connected, or does it need a proxy or a mirror set for pip?"
    elif "No space left" in words:
        reason = "The disk is full: the libraries need about 300 MB."
    elif "HASHES" in words:
        reason = "A downloaded file is not the one that CloudMate was tested with, so nothing of it was installed."
    else:
        reason = "Installing CloudMate's libraries failed."
    return f"{reason}\npip's last words:\n{last}\nStart the same command again when that is mended: nothing is lost."
