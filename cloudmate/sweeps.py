"""Every worker looks for due work itself: no separate beat process, nothing that piles up in a queue.

The sweeps named in settings.SWEEPS are called one after the other in one thread of the worker. They
lease what is due, so any number of workers may sweep at the same time.
"""

import logging
import os
import threading
import time

from celery import bootsteps, signals
from django.apps import apps
from django.conf import settings
from django.db import connections
from django.utils import timezone

from cloudmate import work

log = logging.getLogger(__name__)

ONLY_WORKER = "CLOUDMATE_ONLY_WORKER"  # set by ``manage.py up`` for the one worker that it starts
SHORTEST_WAIT = 0.2
GRACE = 5  # seconds that a stopping worker has to finish what it holds, before it gives it back


def kinds_of_work() -> list[type[work.Work]]:
    return [model for model in apps.get_models() if issubclass(model, work.Work)]


def requeue_all(*, now=None) -> int:
    """Queue again whatever a silent worker left behind."""
    return sum(work.requeue_abandoned(kind.objects.all(), now=now) for kind in kinds_of_work())


class Sweeper(threading.Thread):
    """Calls each sweep when its seconds have passed. One that raises is logged and called at its next turn."""

    def __init__(self, app):
        super().__init__(name="sweeps", daemon=True)
        self._app = app
        self._ended = threading.Event()
        self._last_words: dict[str, str] = {}

    def run(self):
        try:
            self._sweep_until_ended()
        finally:
            connections.close_all()

    def _sweep_until_ended(self):
        sweeps = {"requeue": (10, requeue_all)}
        for name, seconds in settings.SWEEPS.items():
            sweeps[name] = (seconds, self._app.tasks[name])
        if os.environ.get(ONLY_WORKER):  # then nobody else can be at work on what is running
            self._call("requeue", lambda: requeue_all(now=timezone.now() + work.LEASE))
        due = dict.fromkeys(sweeps, 0.0)
        while not self._ended.wait(max(SHORTEST_WAIT, min(due.values()) - time.monotonic())):
            for name, (seconds, sweep) in sweeps.items():
                if due[name] <= time.monotonic() and not self._ended.is_set():
                    self._call(name, sweep)
                    due[name] = time.monotonic() + seconds

    def _call(self, name, sweep):
        try:
            sweep()
            self._last_words.pop(name, None)
        except Exception as error:
            # the same trouble every second is told once, until it changes or passes
            words = f"{type(error).__name__}: {error}"
            if self._last_words.get(name) != words:
                self._last_words[name] = words
                log.exception("the sweep %s failed and will be called again", name)
        finally:
            for connection in connections.all(initialized_only=True):
                connection.close_if_unusable_or_obsolete()

    def end(self):
        self._ended.set()


class Sweeps(bootsteps.StartStopStep):
    """The sweeper as a part of the worker: starts with its pool and ends before it."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, worker, **options):
        super().__init__(worker, **options)
        self.sweeper = None

    def start(self, worker):
        self.sweeper = Sweeper(worker.app)
        self.sweeper.start()

    def stop(self, worker):
        if self.sweeper:
            self.sweeper.end()


@signals.worker_shutting_down.connect
def finish_or_give_back(**signal):
    """What this worker cannot finish now need not wait for its lease to run out."""
    threading.Thread(target=_give_back_later, name="give back", daemon=True).start()


def _give_back_later():
    time.sleep(GRACE)
    try:
        work.give_back_held()
    finally:
        connections.close_all()
