"""The one command, for real: it starts, is killed in every way, and starts again where it was."""

import os
import signal
import socket
import sqlite3
from contextlib import closing

import pytest

from tests.cloudmate.running import Running, alive, free_port, manage

pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="looks for processes as Linux lists them")


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


def test_a_first_start_a_stop_and_a_second_start(data):
    with Running(data) as first:
        first.wait_for_page()
        passwords = first.passwords()
        assert list(passwords) == ["expert", "reviewer", "lead", "admin"]
        assert first.status() == 200
        assert f"http://127.0.0.1:{first.port}/" in first.said
        family = first.family()
        assert len(family) >= 3
        assert first.stop() == 0
        assert first.said.endswith("Stopped. The same command starts it again where it was.\n")
        assert not any(alive(pid) for pid in family)
    with Running(data) as second:
        second.wait_for_page()
        assert (second.passwords(), second.status()) == ({}, 200)
        assert second.stop(signal.SIGTERM) == 0
    checked = manage(
        "shell", "--verbosity=0", "-c",
        "from django.contrib.auth import authenticate as a, models\n"
        f"print([bool(a(username=n, password=p)) for n, p in {passwords!r}.items()], models.User.objects.count())",
        CLOUDMATE_DATA=str(data),
    )  # fmt: skip
    assert checked.stdout == "[True, True, True, True] 4\n", checked.stderr
    assert not any(
        password in path.read_text(errors="replace")
        for password in passwords.values()
        for path in [*data.glob("*")]
        if path.is_file()
    )


def test_a_killed_worker_and_a_killed_web_server_are_started_again(data):
    with Running(data) as running:
        running.wait_for_page()
        for name in ("worker", "web"):
            before = running.child(name)
            os.kill(before, signal.SIGKILL)
            running.wait_until(lambda: running.child(name) not in (None, before))  # noqa: B023
            assert f"{name:<10}was ended by signal 9; starting it again" in running.said
        running.wait_until(lambda: running.status() == 200)
        assert running.stop() == 0


def test_nothing_outlives_a_killed_start_and_the_next_one_takes_over(data):
    with Running(data) as running:
        running.wait_for_page()
        family = running.family()
        running.process.kill()
        running.process.wait()
    with Running(data, port=running.port) as again:
        again.wait_for_page()
        assert again.status() == 200
        assert not any(alive(pid) for pid in family)
        assert again.stop() == 0


def test_a_second_start_on_the_same_data_is_refused_in_words(data):
    with Running(data) as running:
        running.wait_for_page()
        second = manage("up", "--data", data, "--port", free_port())
        assert (second.returncode, second.stdout) == (1, "")
        assert second.stderr == (
            "CloudMate is not started.\n"
            f"CloudMate already runs on the data in {data} (process {running.process.pid}): http://127.0.0.1:{running.port}/\n"
            f"Open that page, or stop it (kill {running.process.pid}), or start on other data: "
            "python3 manage.py up --data FOLDER --port PORT\n"
        )
        assert running.status() == 200


def test_a_taken_port_is_named_with_one_that_is_free(data):
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        refused = manage("up", "--data", data, "--port", port)
    assert refused.returncode == 1
    first, second, third, _ = refused.stderr.split("\n")
    assert (first, second) == (
        "CloudMate is not started.",
        f"Port {port} on 127.0.0.1 is taken by another program. Stop that program, or choose another port:",
    )
    assert third.startswith("  python3 manage.py up --port ")
    assert int(third.split()[-1]) > port
    assert not (data / "cloudmate.sqlite3").exists()


def test_a_locked_database_is_told(data):
    data.mkdir()
    with closing(sqlite3.connect(data / "cloudmate.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        refused = manage("up", "--data", data, "--port", free_port())
    assert refused.returncode == 1
    assert f"The database {data / 'cloudmate.sqlite3'} is locked by another program." in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_file_that_is_no_database_is_told_and_left_alone(data):
    data.mkdir()
    (data / "cloudmate.sqlite3").write_text("these are my holiday notes " * 100)
    refused = manage("up", "--data", data, "--port", free_port())
    assert refused.returncode == 1
    assert "is not a database that CloudMate can read" in refused.stderr
    assert (data / "cloudmate.sqlite3").read_text().startswith("these are my holiday notes")


@pytest.mark.parametrize(
    ("arguments", "changes", "words"),
    [
        (["--port", "99999"], {}, "--port 99999: write a number from 1 to 65535"),
        (["--host", "nowhere.invalid"], {}, "--host nowhere.invalid: no such address."),
        (["--data", "/proc/none"], {}, "CLOUDMATE_DATA='/proc/none': this folder cannot be made"),
        ([], {"CLOUDMATE_SLOTS": "many"}, "CLOUDMATE_SLOTS='many': write a whole number"),
        ([], {"CLOUDMATE_DATABASE_URL": "mysql://x/y"}, "CLOUDMATE_DATABASE_URL begins with 'mysql'"),
        ([], {"CLOUDMATE_DATABASE_URL": "postgres://u@127.0.0.1:1/y"}, "PostgreSQL at 127.0.0.1 port 1, database y"),
    ],
)
def test_what_stops_a_start_is_told_in_words(tmp_path, arguments, changes, words):
    data = [] if "--data" in arguments else ["--data", tmp_path]
    port = [] if "--port" in arguments else ["--port", free_port()]
    refused = manage("up", *data, *port, *arguments, **changes)
    assert refused.returncode in (1, 2)
    assert words in refused.stderr
    assert "Traceback" not in refused.stderr


def test_another_command_tells_a_wrong_setting_in_one_line():
    refused = manage("check", CLOUDMATE_DEBUG="perhaps")
    assert (refused.returncode, refused.stderr) == (2, "CLOUDMATE_DEBUG='perhaps': write true or false\n")
