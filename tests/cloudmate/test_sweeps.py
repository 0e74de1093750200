import logging
import threading
from datetime import timedelta

import pytest
from django.utils import timezone

from cloudmate import sweeps, work
from cloudmate.sweeps import Sweeper
from tests.cloudmate.errands import Errand

pytestmark = [pytest.mark.usefixtures("errand_table"), pytest.mark.django_db(transaction=True)]


class App:
    """What the sweeper needs of Celery: tasks by name."""

    def __init__(self, **tasks):
        self.tasks = tasks


@pytest.fixture
def sweeping(settings):
    started = []

    def start(seconds=0.01, **tasks):
        settings.SWEEPS = dict.fromkeys(tasks, seconds)
        started.append(Sweeper(App(**tasks)))
        started[-1].start()
        return started[-1]

    yield start
    for sweeper in started:
        sweeper.end()
        sweeper.join(5)


def claimed(ago):
    errand = Errand.objects.create()
    work.claim(errand, now=timezone.now() - ago)
    return errand


def test_each_sweep_is_called_again_and_again(sweeping):
    calls, enough = [], threading.Event()

    def sweep():
        calls.append(threading.current_thread().name)
        if len(calls) == 3:
            enough.set()

    sweeping(a=sweep)
    assert enough.wait(5)
    assert set(calls) == {"sweeps"}


def test_a_sweep_that_fails_is_told_once_and_called_again_and_stops_no_other(sweeping, caplog):
    calls, enough = [], threading.Event()

    def failing():
        calls.append("failing")
        raise ValueError("no such table")

    def other():
        if calls.append("other") or calls.count("other") == 3:
            enough.set()

    with caplog.at_level(logging.ERROR):
        sweeping(failing=failing, other=other)
        assert enough.wait(5)
    assert calls.count("failing") >= 3
    assert [record.message for record in caplog.records] == ["the sweep failing failed and will be called again"]


def test_what_a_silent_worker_left_is_queued_again(sweeping):
    lost, living = claimed(ago=work.LEASE + timedelta(seconds=1)), claimed(ago=timedelta(0))
    assert sweeps.requeue_all() == 1
    assert (Errand.objects.get(pk=lost.pk).state, Errand.objects.get(pk=living.pk).state) == ("queued", "running")


def test_the_only_worker_takes_up_at_once_what_the_one_before_it_ran(sweeping, monkeypatch):
    monkeypatch.setenv(sweeps.ONLY_WORKER, "1")
    left, swept = claimed(ago=timedelta(0)), threading.Event()
    sweeping(a=swept.set)
    assert swept.wait(5)
    left.refresh_from_db()
    assert (left.state, left.attempt, left.losses) == ("queued", 2, 1)


def test_every_sweep_named_in_the_settings_is_a_task(settings):
    from cloudmate.celery import app

    app.loader.import_default_modules()
    assert set(settings.SWEEPS) <= set(app.tasks)
