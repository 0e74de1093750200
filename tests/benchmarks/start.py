"""How long until the page answers, and how much memory web and worker take together.

    python3 -m tests.benchmarks.start [--starts 5] [--idle]

Procedure: a first start on an empty data folder makes the database and brings in the starter library, and is
not timed; with ``--idle`` there is no library, so the worker has nothing to do, else it is at work on the
library's runs and explorations while its memory is read. Then, for each start: ``manage.py up`` in a new process, until GET /accounts/login/ answers 200, by
a monotonic clock; then 20 requests to it; 10 s later, the resident set size (RSS: pages shared between
processes counted in each) and the proportional one (PSS: shared pages divided) of every process that the
command started, itself included, summed, from /proc/PID/smaps_rollup. The least, median and greatest of
the starts are printed. The libraries are those of the Python it is run with; for the figures of a user's
machine run it with .venv/bin/python after ``manage.py up`` has made that from requirements.txt.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from cloudmate.up import SEEDED
from tests.cloudmate.running import Running


def memory(pid: int) -> tuple[float, float]:
    """(RSS, PSS) in MB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    sizes = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines if line.startswith(("Rss:", "Pss:"))}
    return sizes["Rss"], sizes["Pss"]


def one_start(data: Path, arguments: list[str]) -> tuple[float, float, float]:
    began = time.monotonic()
    with Running(data, arguments=arguments) as running:
        while running.status() != 200:
            time.sleep(0.02)
        seconds = time.monotonic() - began
        running.wait_for_page()
        for _ in range(20):
            running.status()
        time.sleep(10)
        sizes = [memory(pid) for pid in running.family()]
        running.stop()
    return seconds, sum(rss for rss, _ in sizes), sum(pss for _, pss in sizes)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--idle", action="store_true")
    options = parser.parse_args()
    arguments = ["--no-seed"] if options.idle else []
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        with Running(data, arguments=arguments) as first:
            first.wait_for_page()
            first.wait_until(lambda: options.idle or (data / SEEDED).exists(), seconds=300)
            time.sleep(5)
            first.stop()
        measured = [one_start(data, arguments) for _ in range(options.starts)]
    print(f"{options.starts} starts, {os.cpu_count()} cores, Python {sys.version.split()[0]}")
    for name, values in zip(("seconds to the page", "RSS, MB", "PSS, MB"), zip(*measured, strict=True), strict=True):
        print(
            f"{name:<20} {min(values):7.1f} {statistics.median(values):7.1f} {max(values):7.1f}  (least, median, greatest)"
        )


if __name__ == "__main__":
    main()
