"""What replay costs: a call among a million recordings, real cases coming in, a worker with a hundred cases open.

    python -m tests.benchmarks.replay [--recordings N] [--cases FOLDER] [--open N]

R0 is asked as it was written, R1 as somebody else would write it. Memory is the process's own (VmRSS), before and
after. With --cases, the bundles of a folder come into a new SQLite database, then --open of them are opened for replay
in one process and each answers one call. Nothing is kept.
"""

import argparse
import gc
import io
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

PROMISED = {"p50_us": 50, "import_seconds": 60}
ASKED = 20_000


def resident() -> int:
    """Bytes of memory this process holds."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


def calls(count: int) -> dict:
    """R0 and R1 among ``count`` recordings of twenty tools; loading time and memory."""
    from cases.transcript import Level, ToolSchema
    from sandbox.environment.base import Recording
    from sandbox.environment.replay import ReplaySource

    properties = {name: {"type": "string"} for name in ("kind", "name", "namespace")}
    tools = [
        ToolSchema(f"tool_{n}", "", {"type": "object", "properties": {**properties, "lines": {"type": "integer"}}})
        for n in range(20)
    ]
    gc.collect()
    before, began = resident(), time.perf_counter()
    returns = [f"line of {n}\n" * 20 for n in range(1000)]
    source = ReplaySource(
        tools,
        (
            Recording(
                tools[n % 20].name, {"kind": "pods", "name": f"shelf-{n}", "lines": 50}, returns[n % 1000], order=n
            )
            for n in range(count)
        ),
    )
    loaded, environment = time.perf_counter() - began, source.open()
    timed = {}
    for level, kind, lines in ((Level.R0, "pods", 50), (Level.R1, "po", "50")):
        took = []
        for step in range(ASKED):
            n = step * 7919 % count
            arguments = {"kind": kind, "name": f"shelf-{n}", "lines": lines}
            started = time.perf_counter_ns()
            seen = environment.call(tools[n % 20].name, arguments)
            took.append((time.perf_counter_ns() - started) / 1000)
            assert (seen.level, seen.output) == (level, returns[n % 1000])
        timed[str(level)] = {
            "p50_us": round(statistics.median(took), 1),
            "p95_us": round(sorted(took)[-ASKED // 20], 1),
        }
    return {"recordings": count, "load_seconds": round(loaded, 1), "memory_mb": _mb(resident() - before), **timed}


def cases(folder: Path, opened: int) -> dict:
    """Bring in every bundle of ``folder``, then open ``opened`` of the cases in this process."""
    from django.core.management import call_command
    from django.db.models import Sum

    from cases.models import RawReturn
    from sandbox import capture
    from sandbox.models import Snapshot

    call_command("migrate", verbosity=0)
    started = time.perf_counter()
    call_command("import_cases", folder, stdout=io.StringIO())
    took = time.perf_counter() - started
    stored = Path(os.environ["CLOUDMATE_DATA"])
    size = sum(file.stat().st_size for file in stored.rglob("*.sqlite3*"))
    rows = Snapshot.objects.count()
    raw = RawReturn.objects.aggregate(bytes=Sum("size"))["bytes"]
    said = Snapshot.objects.aggregate(bytes=Sum("size"))["bytes"]
    result = {
        "cases": rows,
        "import_seconds": round(took, 1),
        "database_bytes_per_case": size // rows,
        "raw_bytes_per_case": said // rows,
        "raw_bytes_per_case_stored_once": raw // rows,
    }
    gc.collect()
    before, began, held = resident(), time.perf_counter(), []
    for snapshot in Snapshot.objects.select_related("case__current").order_by("pk")[:opened]:
        source = capture.source_of(snapshot)
        source.open().call(source.tools[0].name, {})
        held.append(source)
    return result | {
        "open": len(held),
        "open_memory_mb": _mb(resident() - before),
        "worker_memory_mb": _mb(resident()),
        "open_seconds": round(time.perf_counter() - began, 1),
    }


def _mb(size: int) -> float:
    return round(size / 2**20, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recordings", type=int, default=1_000_000)
    parser.add_argument("--cases", type=Path, metavar="FOLDER")
    parser.add_argument("--open", type=int, default=100)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as data:
        os.environ |= {"CLOUDMATE_DATA": data, "DJANGO_SETTINGS_MODULE": "cloudmate.settings"}
        os.environ.pop("CLOUDMATE_DATABASE_URL", None)
        import django

        django.setup()
        result = {"promised": PROMISED, "cores": os.cpu_count()}
        if given.cases:
            result["cases"] = cases(given.cases, given.open)
        result["calls"] = calls(given.recordings)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
