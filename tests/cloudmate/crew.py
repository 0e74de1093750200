"""A worker that only tests know: it writes down which messages it has done."""

import os
import sys
import time
from pathlib import Path

from celery import Celery

from cloudmate.broker import embedded

embedded.register()
FOLDER = Path(os.environ.get("CREW_FOLDER", "."))
LEASE = {"visibility_timeout": 2}
OPTIONS = {
    "embedded": {**LEASE, "path": str(FOLDER / "broker.sqlite3")},
    "redis": {**LEASE, "unacked_restore_interval": 1, "unacked_restore_throttle": 1, "unacked_mutex_expire": 2},
}
broker = os.environ.get("CREW_BROKER", "embedded://")

app = Celery("crew", broker=broker)
app.conf.update(
    broker_transport_options=OPTIONS[broker.split(":")[0]],
    broker_connection_retry_on_startup=True,
    task_default_queue=os.environ.get("CREW_QUEUE", "crew"),
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    worker_enable_remote_control=False,
)


@app.task(name="write_down")
def write_down(number):
    note("begun", number)
    time.sleep(0.3)
    note("done", number)


def note(file, number):
    with (FOLDER / file).open("a") as written:
        written.write(f"{number}\n")


if __name__ == "__main__":
    for number in range(int(sys.argv[1])):
        app.send_task("write_down", [number])
