"""The embedded queue: at least once, in order, and nothing of a killed worker is lost."""

import os
import signal
import subprocess
import sys
import time
from queue import Empty

import pytest
from kombu import Connection, Queue

from cloudmate.broker import embedded

embedded.register()


@pytest.fixture
def connect(tmp_path):
    """Opens connections to one queue file, each as a process of its own would."""
    opened = []

    def connection(lease=30):
        options = {"path": str(tmp_path / "broker.sqlite3"), "visibility_timeout": lease}
        opened.append(Connection("embedded://", transport_options=options))
        return opened[-1]

    yield connection
    for connection in opened:
        connection.release()


def queue(connection):
    return connection.SimpleQueue("work")


def received(simple):
    found = []
    while True:
        try:
            found.append(simple.get(block=False))
        except (Empty, simple.Empty):
            return found


def test_messages_arrive_in_order_and_once(connect):
    sender, receiver = queue(connect()), queue(connect())
    for number in range(3):
        sender.put({"number": number})
    assert [message.payload["number"] for message in received(receiver)] == [0, 1, 2]
    assert received(receiver) == []


def test_a_taken_message_is_hidden_from_others_until_it_is_done(connect):
    mine, other = queue(connect()), queue(connect())
    mine.put({"a": 1})
    [message] = received(mine)
    assert received(other) == []
    message.ack()
    assert (mine.qsize(), received(other)) == (0, [])


def test_a_message_whose_worker_went_silent_is_delivered_again_and_says_so(connect):
    silent, other = queue(connect(lease=0.2)), queue(connect())
    silent.put({"a": 1})
    [first] = received(silent)
    time.sleep(0.3)
    [second] = received(other)
    assert (first.delivery_info["redelivered"], second.delivery_info["redelivered"]) == (False, True)
    assert second.payload == {"a": 1}


def test_a_living_worker_keeps_its_message_longer_than_a_lease(connect):
    busy, other = connect(lease=0.4), queue(connect())
    taken = []
    queue(busy).put({"a": 1})
    with busy.Consumer(Queue("work"), callbacks=[lambda body, message: taken.append(message)], prefetch_count=1):
        for _ in range(10):
            try:
                busy.drain_events(timeout=0.1)
            except OSError:
                assert received(other) == []
    assert [message.payload for message in taken] == [{"a": 1}]


def test_a_rejected_message_comes_back_or_goes(connect):
    simple = queue(connect())
    simple.put({"a": 1})
    [message] = received(simple)
    message.reject(requeue=True)
    [again] = received(simple)
    assert again.payload == {"a": 1}
    again.reject()
    assert (simple.qsize(), received(simple)) == (0, [])


def test_what_a_worker_leaves_at_a_clean_end_is_there_at_once(connect):
    ending = connect()
    simple = queue(ending)
    simple.put({"a": 1})
    received(simple)
    ending.release()
    assert [message.payload for message in received(queue(connect()))] == [{"a": 1}]


def test_purge_empties_one_queue(connect):
    simple, other = queue(connect()), connect().SimpleQueue("other")
    simple.put({"a": 1})
    other.put({"b": 1})
    assert simple.clear() == 1
    assert (simple.qsize(), other.qsize()) == (0, 1)


BROKERS = [
    pytest.param(lambda folder: f"{embedded.SCHEME}://", id="embedded"),
    pytest.param(lambda folder: os.environ["CLOUDMATE_TEST_REDIS"], id="redis", marks=pytest.mark.redis),
]


@pytest.mark.parametrize("broker", BROKERS)
def test_a_worker_killed_in_the_middle_loses_no_message(broker, tmp_path):
    """Twelve messages, two slots; the worker is killed with SIGKILL when some are done and some are running."""
    done, begun = tmp_path / "done", tmp_path / "begun"
    done.touch()
    begun.touch()

    def both_at_work():
        """Then nothing is on its way: what is taken from Redis and not yet noted dies with the worker (a sweep finds it)."""
        ended = len(done.read_text().split())
        return len(begun.read_text().split()) == ended + 2

    outside = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    crew = {**outside, "CREW_BROKER": broker(tmp_path), "CREW_FOLDER": str(tmp_path), "CREW_QUEUE": tmp_path.name}
    subprocess.run([sys.executable, "-m", "tests.cloudmate.crew", "12"], env=crew, check=True)
    command = [sys.executable, "-m", "celery", "--quiet", "-A", "tests.cloudmate.crew", "worker", "-P", "threads"]
    command += ["-c", "2", "--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "ERROR"]
    first = subprocess.Popen(command, env=crew, start_new_session=True)
    try:
        _wait_until(lambda: both_at_work() and len(done.read_text().split()) >= 4)
    finally:
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
    assert len(set(done.read_text().split())) < 12
    second = subprocess.Popen(command, env=crew, start_new_session=True)
    try:
        _wait_until(lambda: len(set(done.read_text().split())) == 12)
    finally:
        second.terminate()
        assert second.wait(20) == 0


def _wait_until(true, seconds=40):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)
