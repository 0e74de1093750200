"""A worker killed in the middle of a regression: every pair is counted once, none is lost."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WORKER = ["-m", "celery", "--quiet", "-A", "cloudmate", "worker", "-P", "threads", "-c", "2", "--loglevel", "WARNING"]


@pytest.fixture
def scene(tmp_path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CLOUDMATE_")}
    environment |= {
        "CLOUDMATE_DATA": str(tmp_path),
        "CLOUDMATE_ONLY_WORKER": "1",
        "DJANGO_SETTINGS_MODULE": "cloudmate.settings",
        "PYTHONPATH": str(ROOT),
    }
    return Scene(environment, tmp_path / "worker.log")


class Scene:
    def __init__(self, environment, log):
        self.environment, self.log = environment, log

    def tell(self, verb):
        done = subprocess.run(
            [sys.executable, "-m", "tests.flows.scene", verb],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=180,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    def worker(self):
        with self.log.open("a") as log:
            return subprocess.Popen(
                [sys.executable, *WORKER],
                env=self.environment,
                cwd=ROOT,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def until(self, condition, *, seconds=150):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            seen = self.tell("look")
            if condition(seen):
                return seen
        raise AssertionError(f"not within {seconds} s: {seen}\n{self.log.read_text()[-2000:]}")


def test_pairs_are_counted_once_when_the_worker_is_killed(scene):
    scene.tell("set")
    worker = scene.worker()
    try:
        halfway = scene.until(lambda seen: 10 <= seen["ended"] < seen["pairs"])
    finally:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
    killed = scene.tell("look")
    assert killed["state"] == "open"
    assert halfway["ended"] <= killed["ended"] < killed["pairs"] == 100

    worker = scene.worker()
    try:
        after = scene.until(lambda seen: seen["state"] == "closed")
    finally:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
    assert after["ended"] == after["pairs"] == sum(after["outcomes"].values()) == 100
    assert after["running"] == 0
    assert after["taken_over"] >= killed["running"] > 0
    assert after["unfinished_sessions"] == 0
