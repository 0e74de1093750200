"""What a person meets before anything is installed."""

import ast
import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import manage
from cloudmate import commandline, install
from cloudmate.install import InstallError

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ["requirements.txt", "requirements-team.txt", "requirements-dev.txt"]
BARE = {"PATH": "/usr/bin:/bin", "PIP_NO_INDEX": "1"}


def test_an_old_python_can_read_the_first_file():
    source = (ROOT / "manage.py").read_text()
    ast.parse(source, feature_version=(3, 4))
    assert 'f"' not in source


def test_an_old_python_is_told_what_is_missing(monkeypatch, capsys):
    monkeypatch.setattr(sys, "version_info", (3, 9, 2, "final", 0))
    assert manage.main(["manage.py", "up"]) == 2
    assert capsys.readouterr().err.splitlines()[0] == "CloudMate needs Python 3.11 or newer; this is Python 3.9."


@pytest.mark.parametrize("name", ["manage.py", "cloudmate/commandline.py", "cloudmate/install.py", "cloudmate/up.py",
                                  "cloudmate/family.py", "cloudmate/oneatatime.py", "cloudmate/env.py"])  # fmt: skip
def test_what_runs_before_installing_needs_the_standard_library_alone(name):
    tree = ast.parse((ROOT / name).read_text())
    names = set()
    for node in tree.body:
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module.split(".")[0])
    assert names <= set(sys.stdlib_module_names) | {"cloudmate"}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_lock_pins_every_file_by_its_hash_and_names_no_host(lock):
    text = (ROOT / lock).read_text()
    assert "://" not in text
    blocks = [block for block in text.split("\n\n") for block in [block.strip()] if block]
    pinned = [line for line in text.splitlines() if "==" in line and not line.startswith((" ", "#"))]
    assert blocks and len(pinned) > 30
    assert all(line.endswith("\\") for line in pinned)
    assert install.missing(ROOT / "requirements.txt") == []


def test_each_lock_holds_the_smaller_one_unchanged():
    small, team, development = (install.pins(ROOT / lock) for lock in LOCKS)
    assert small.items() < team.items() < development.items()


def test_the_servers_libraries_are_installed_where_servers_are_used(monkeypatch):
    for name in commandline.SERVERS:
        monkeypatch.delenv(name, raising=False)
    assert commandline.lock_for("up").name == "requirements.txt"
    monkeypatch.setenv("CLOUDMATE_BROKER_URL", "redis://h/0")
    assert commandline.lock_for("up").name == "requirements-team.txt"
    assert commandline.lock_for("test").name == "requirements-dev.txt"


def wheel(folder, name="cloudmate-trial", version="1.0", body="WORD = 'hello'"):
    """A library of one module, as a package index would hand it out; returns its line in a lock."""
    stem = name.replace("-", "_")
    path = folder / f"{stem}-{version}-py3-none-any.whl"
    info = f"{stem}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{stem}.py", body)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", f"{stem}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    return f"{name}=={version} \\\n    --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


def start(root, index, lock_line):
    """What ``python3 manage.py`` does, in ``root``, with ``index`` in place of a package index."""
    (root / "lock.txt").write_text(lock_line)
    (root / "start.py").write_text(
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1])\n"
        "from cloudmate import install\n"
        "try:\n"
        "    install.ensure(Path('lock.txt'), root=Path.cwd().resolve(), argv=sys.argv)\n"
        "except install.InstallError as error:\n"
        "    sys.exit(str(error))\n"
        "import cloudmate_trial; print(cloudmate_trial.WORD)\n"
    )
    return subprocess.run(
        [sys.executable, "start.py", str(ROOT)], cwd=root, env={**BARE, "PIP_FIND_LINKS": str(index)},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def test_a_bare_python_installs_starts_and_installs_again_when_the_lock_changes(tmp_path):
    index, root = tmp_path / "index", tmp_path / "root"
    index.mkdir()
    root.mkdir()
    first = start(root, index, wheel(index))
    assert (first.returncode, first.stdout.splitlines()[-1]) == (0, "hello"), first.stderr
    assert "  1/1 cloudmate_trial" in first.stdout.splitlines()
    again = start(root, index, (root / "lock.txt").read_text())
    assert again.stdout == "hello\n"
    newer = start(root, index, wheel(index, version="2.0", body="WORD = 'hello again'"))
    assert newer.stdout.splitlines()[-1] == "hello again", newer.stderr
    tampered = start(root, index, wheel(index, version="3.0").replace("sha256:", "sha256:0")[:-2] + "\n")
    assert tampered.returncode == 1
    assert "is not the one that CloudMate was tested with" in tampered.stderr
    nowhere = start(root, tmp_path, wheel(index, version="4.0"))
    assert nowhere.returncode == 1
    assert nowhere.stderr.startswith("Installing CloudMate's libraries failed.\npip's last words:\n")
    assert nowhere.stderr.endswith("Start the same command again when that is mended: nothing is lost.\n")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("Failed to establish a new connection: [Errno -3] Temporary failure in name resolution", "could not be reached"),
        ("OSError: [Errno 28] No space left on device", "The disk is full"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "is not the one that CloudMate was tested with"),
        ("something else", "Installing CloudMate's libraries failed."),
    ],
)  # fmt: skip
def test_why_an_installation_failed_is_told(words, reason):
    assert reason in install._why(words).splitlines()[0]


def test_a_python_without_its_venv_package_is_told_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setattr(install, "find_spec", lambda name: None)
    with pytest.raises(InstallError, match="apt-get install python3-venv"):
        install.make(tmp_path / ".venv")
    assert not (tmp_path / ".venv").exists()
