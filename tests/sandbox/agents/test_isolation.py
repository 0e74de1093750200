import os
import socket
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from cases.transcript import Observation, Task
from sandbox.agents import isolation, loop
from sandbox.agents.base import Budget, Call, Conclude
from sandbox.agents.isolation import Forbidden, isolated
from sandbox.environment.base import Inventory
from sandbox.environment.replay import Replay
from tests.factories import RECORDINGS, TASK, make_diagnosis

TRIES = {
    "connect": lambda: socket.socket().connect(("127.0.0.1", 9)),
    "connect_ex": lambda: socket.socket().connect_ex(("127.0.0.1", 9)),
    "bind": lambda: socket.socket().bind(("127.0.0.1", 0)),
    "look-up": lambda: socket.getaddrinfo("localhost", 80),
    "datagram": lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9)),
    "create_connection": lambda: socket.create_connection(("127.0.0.1", 9)),
    "subprocess": lambda: subprocess.run([sys.executable, "-V"], check=False),
    "system": lambda: os.system("true"),
    "fork": os.fork,
    "database": lambda: sqlite3.connect(":memory:"),
    "variables of the process": lambda: Path("/proc/self/environ").read_bytes(),
    "key of the site": lambda: Path("data/secret-key").read_text(),
    "mounted secret": lambda: Path("/run/secrets/database").read_text(),
    "key of a person": lambda: Path.home().joinpath(".ssh", "id_ed25519").read_bytes(),
    "exec": lambda: os.execv(sys.executable, [sys.executable, "-V"]),
}


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("name", TRIES)
def test_run_has_no_network_and_no_process(name):
    with isolated(), pytest.raises(Forbidden):
        TRIES[name]()


def test_outside_a_run_both_are_as_before():
    with isolated():
        pass
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
    assert subprocess.run([sys.executable, "-c", ""], check=False).returncode == 0


SECRETS = {
    "CLOUDMATE_LLM_API_KEY": "sk-1",
    "CLOUDMATE_SECRET_KEY": "s",
    "CLOUDMATE_DATABASE_URL": "postgres://cloudmate:hunter2@db/cloudmate",
    "PGPASSWORD": "hunter2",
    "GITHUB_TOKEN": "ghp",
}


def test_run_sees_no_variable_with_a_secret_and_the_worker_all(monkeypatch):
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CLOUDMATE_SLOTS", "3")
    with isolated():
        seen = [os.environ.get(name) or os.getenv(name) or os.environb.get(name.encode()) for name in SECRETS]
        assert seen == [None] * len(SECRETS)
        assert SECRETS.keys().isdisjoint({*os.environ, *os.environ.copy(), *map(os.fsdecode, os.environb)})
        assert os.environ["CLOUDMATE_SLOTS"] == "3"
        assert len(os.environ) == len(list(os.environ))
    assert {name: os.environ[name] for name in SECRETS} == SECRETS


def test_environment_is_changed_as_before(monkeypatch):
    with isolated():
        pass
    monkeypatch.delenv("CLOUDMATE_TEST", raising=False)
    os.environ |= {"CLOUDMATE_TEST": "on"}
    script = "import os; print(os.environ['CLOUDMATE_TEST'])"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stdout == b"on\n"
    assert (os.environ | {"CLOUDMATE_TEST": "off"})["CLOUDMATE_TEST"] == "off"
    del os.environ["CLOUDMATE_TEST"]
    assert "CLOUDMATE_TEST" not in os.environ


class Peeking:
    """An environment whose tool prints every variable that it finds."""

    tools = TASK.tools

    def call(self, tool, arguments):
        return Observation(" ".join(f"{name}={value}" for name, value in os.environ.items()))

    def inventory(self):
        return Inventory()


def test_tool_that_prints_the_environment_prints_no_secret(monkeypatch):
    monkeypatch.setenv("CLOUDMATE_LLM_API_KEY", "sk-very-own")
    monkeypatch.setenv("CLOUDMATE_SLOTS", "3")
    transcript = loop.run(Asking(), Task("Slow."), Peeking(), budget=Budget(steps=1))
    (step,) = transcript.steps
    assert "CLOUDMATE_SLOTS=3" in step.observation.output
    assert "sk-very-own" not in step.observation.output


def test_what_a_run_needs_of_the_disk_it_may_read(tmp_path):
    path = tmp_path / "lexicon.txt"
    path.write_text("pool")
    with isolated():
        assert path.read_text() == "pool"


def test_another_thread_of_the_worker_is_not_held():
    found = []
    with isolated():
        other = threading.Thread(target=lambda: found.append(socket.getaddrinfo("127.0.0.1", 80)))
        other.start()
        other.join()
    assert found


class Reaching:
    """An agent that tries to reach the outside instead of deciding."""

    engine = "scripted"
    tokens = 0

    def start(self, task, *, knowledge, inventory, seed=0, profile=None):
        return self

    def decide(self, steps, *, steps_left):
        socket.getaddrinfo("localhost", 80)


class Asking(Reaching):
    """An agent that asks on for as long as it may."""

    def decide(self, steps, *, steps_left):
        if not steps_left:
            return Conclude(make_diagnosis())
        return Call("get_logs", {"service": f"s{len(steps)}"})


class ReachingEnvironment:
    tools = TASK.tools

    def call(self, tool, arguments):
        return Observation(str(socket.getaddrinfo("localhost", 80)))

    def inventory(self):
        return Inventory()


def test_agent_that_reaches_outside_ends_with_an_error():
    transcript = loop.run(Reaching(), TASK, Replay(TASK.tools, RECORDINGS))
    assert (transcript.stop_reason, transcript.steps, transcript.diagnosis) == ("error", (), None)


def test_tool_that_reaches_outside_ends_the_run_with_an_error():
    transcript = loop.run(Asking(), Task("Slow."), ReachingEnvironment())
    assert (transcript.stop_reason, transcript.steps) == ("error", ())


def test_run_over_its_memory_stops_and_the_worker_goes_on(monkeypatch):
    monkeypatch.setattr(loop, "MEMORY", -(2**40))
    transcript = loop.run(Asking(), TASK, Replay(TASK.tools, RECORDINGS))
    assert (transcript.stop_reason, transcript.steps) == ("memory", ())
    monkeypatch.undo()
    assert loop.run(Asking(), TASK, Replay(TASK.tools, RECORDINGS), budget=Budget(steps=2)).stop_reason == "max_steps"


def test_run_without_a_model_ends_after_ten_minutes_at_most():
    times = iter(range(0, 10_000, 400))
    transcript = loop.run(Asking(), TASK, Replay(TASK.tools, RECORDINGS), clock=lambda: next(times))
    assert (transcript.stop_reason, len(transcript.steps)) == ("deadline", 1)


def test_resident_memory_is_that_of_this_process():
    assert 10 * 2**20 < isolation.resident() < 8 * 2**30
