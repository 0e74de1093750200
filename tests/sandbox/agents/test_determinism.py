"""Same case, knowledge, agent and seed: the same transcript, in any process, in any year, without a network."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
RUN = """
from sandbox.agents.base import Profile
from sandbox.agents.loop import run
from sandbox.agents.registry import agent_named
from sandbox.environment.inventory import inventory_of
from sandbox.environment.replay import ReplaySource
from sandbox.lab import make

bundle = make("quayside", "long_transaction_lock", 3)
source = ReplaySource(bundle.task.tools, bundle.recordings, inventory=inventory_of(bundle.recordings))
for seed, heat in ((0, 0.0), (7, 1.0)):
    transcript = run(agent_named("offline"), bundle.task, source.open(), seed=seed, profile=Profile(temperature=heat))
    print(len(transcript.steps), transcript.digest())
"""
NEXT_YEAR = """
import datetime, socket, time

AHEAD = 366 * 86400
real = time.time
time.time = lambda: real() + AHEAD
class Ahead(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return super().now(tz) + datetime.timedelta(seconds=AHEAD)
    @classmethod
    def utcnow(cls):
        return super().now() + datetime.timedelta(seconds=AHEAD)
datetime.datetime = Ahead
def down(*args, **kwargs):
    raise OSError("the network is down")
socket.socket.connect = socket.getaddrinfo = socket.create_connection = down
"""


def printed(script: str, hash_seed: str) -> list[str]:
    environment = {"PATH": os.environ["PATH"], "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout.splitlines()


def test_run_is_the_same_in_two_processes_a_year_apart_and_without_a_network():
    now, then = printed(RUN, "1"), printed(NEXT_YEAR + RUN, "2")
    assert now == then
    assert len(set(now)) == 2
