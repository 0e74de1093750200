"""The units for a team, run as they are written: one web server and two workers over PostgreSQL and Redis."""

import http.client
import os
import re
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.cloudmate.running import ROOT, Running, environment, free_port
from tests.test_readme import known_settings

DEPLOY = ROOT / "deploy"
BIN = Path(sys.executable).parent
DATABASE = "cloudmate_deploy"


def unit(name: str, **replaced: str) -> tuple[list[str], dict[str, str]]:
    """A unit's command and its own environment, at this machine's place."""
    text = (DEPLOY / "systemd" / name).read_text()
    command = re.search(r"^ExecStart=(.*)$", text, re.MULTILINE)[1].replace("/opt/cloudmate/.venv/bin", str(BIN))
    for old, new in replaced.items():
        command = command.replace(old, new)
    return command.split(), dict(re.findall(r"^Environment=(\w+)=(.*)$", text, re.MULTILINE))


def test_each_setting_of_the_example_exists():
    names = re.findall(r"^(\w+)=", (DEPLOY / "cloudmate.env").read_text(), re.MULTILINE)
    assert set(names) <= known_settings()


@pytest.fixture
def team(tmp_path):
    """The environment of a team's machine, with a database of its own."""
    import psycopg

    server = os.environ["CLOUDMATE_TEST_POSTGRES"]
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {DATABASE}")
    parts = urlsplit(server)
    yield environment(
        CLOUDMATE_DATA=str(tmp_path / "data"),
        CLOUDMATE_DATABASE_URL=parts._replace(path=f"/{DATABASE}").geturl(),
        CLOUDMATE_BROKER_URL=urlsplit(os.environ["CLOUDMATE_TEST_REDIS"])._replace(path="/7").geturl(),
        CLOUDMATE_SECRET_KEY="of this test only " * 3,
    )
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")


def wait_until(true, words, seconds=60):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, words
        time.sleep(0.2)


@pytest.mark.postgres
@pytest.mark.redis
def test_a_web_server_and_two_workers_start_answer_and_stop(team, tmp_path):
    port = free_port()
    prepare, _ = unit("cloudmate-prepare.service")
    prepared = subprocess.run(prepare, cwd=ROOT, env=team, capture_output=True, text=True, timeout=120)
    assert prepared.returncode == 0, prepared.stderr
    assert prepared.stdout.count("-") >= 12  # four passwords of four groups

    commands = [unit("cloudmate-web.service", **{"--port 8000": f"--port {port}"})]
    commands += [unit("cloudmate-worker@.service", **{"%i": number, "%%h": "here"}) for number in ("1", "2")]
    processes = [subprocess.Popen(command, cwd=ROOT, env=team | own) for command, own in commands]
    try:
        wait_until(lambda: status(port) == 200, "the page does not answer")
        wait_until(lambda: answering_workers(team) == ["worker1@here", "worker2@here"], "not both workers answer")
        assert all(process.poll() is None for process in processes)
    finally:
        for process in processes:
            process.terminate()
        codes = [process.wait(30) for process in processes]
    assert codes == [0, 0, 0]


@pytest.mark.postgres
@pytest.mark.redis
def test_the_one_command_works_on_postgresql_and_redis_too(team, tmp_path):
    ours = {name: value for name, value in team.items() if name.startswith("CLOUDMATE_")}
    with Running(tmp_path / "data", **ours) as running:
        running.wait_for_page()
        assert (list(running.passwords()), running.status()) == (["expert", "reviewer", "lead", "admin"], 200)
        assert running.stop() == 0


def status(port: int) -> int | None:
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as page:
            page.request("GET", "/accounts/login/")
            return page.getresponse().status
    except OSError:
        return None


def answering_workers(team) -> list[str]:
    command = [BIN / "celery", "-A", "cloudmate", "inspect", "ping", "--timeout", "2"]
    answer = subprocess.run(command, cwd=ROOT, env=team, capture_output=True, text=True, timeout=60).stdout
    return sorted(re.findall(r"->\s+(\S+): OK", answer))
