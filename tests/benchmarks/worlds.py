"""What a large world costs: R3 query times, loading, bytes on disk, memory of a process with many open worlds.

    .venv/bin/python -m tests.benchmarks.worlds

A world of 1,000,000 metric points, 200,000 log lines and 60,000 spans is made, opened, and asked a mix of questions over
all engines: each once right after opening (cold), then in turns (warm). Nothing leaves the temporary folder.
"""

from __future__ import annotations

import random
import resource
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cases.calls import canonical
from sandbox.environment.world.base import Binding, WorldSpec
from sandbox.environment.world.tables import build_tables
from sandbox.environment.world.world import open_world

BEGIN = datetime(2026, 3, 1, 8, tzinfo=UTC)
END = BEGIN + timedelta(hours=4)
COMPONENTS = [f"service-{number:02}" for number in range(40)]
METRICS = ["cpu_usage", "memory_bytes", "requests_total", "errors_total", "latency_ms", "queue_length", "pool_in_use"]
POINTS, LINES, SPANS = 1_000_000, 200_000, 60_000
OPEN = 100
ROUNDS = 15

QUESTIONS = [
    ("metrics", {"promql": 'cpu_usage{component="service-07"}'}),
    ("metrics", {"promql": "topk(5, sum by (component) (rate(requests_total[5m])))"}),
    ("metrics", {"promql": "sum(rate(errors_total[5m])) / sum(rate(requests_total[5m]))"}),
    ("metrics", {"promql": "quantile_over_time(0.95, latency_ms[30m])"}),
    ("metrics", {"promql": 'max by (component) (pool_in_use{component=~"service-0.*"}) > 40'}),
    ("series", {"promql": 'rate(requests_total{component="service-03"}[5m])'}),
    ("series", {"promql": "sum by (component) (rate(errors_total[5m]))"}),
    ("series", {"promql": 'avg_over_time(latency_ms{component=~"service-1.*"}[10m])'}),
    ("logs", {"query": '{component="service-05", level="error"}'}),
    ("logs", {"query": '{} |= "timeout" != "retry"'}),
    ("logs", {"query": '{level=~"warn|error"} |~ "connection (refused|reset)"'}),
    ("logs", {"query": "sum by (component) (count_over_time({level=\"error\"}[30m]))"}),
    ("logs", {"query": "grep -i -c 'TIMEOUT'"}),
    ("traces", {"query": "trace id=t00042"}),
    ("traces", {"query": "search component=service-09 min_duration=300ms"}),
    ("traces", {"query": "critical_path id=t00042"}),
    ("traces", {"query": "service_graph"}),
    ("sql", {"query": "select component, count(*) n from logs where level = 'error' group by component order by n desc limit 10"}),
    ("sql", {"query": "select metric, avg(value), max(value) from metrics where component = 'service-11' group by metric"}),
    ("sql", {"query": "select date_trunc('minute', at) m, count(*) from spans where error group by all order by m desc limit 30"}),
    ("objects", {"query": "list kind=pods"}),
]  # fmt: skip

BINDINGS = {
    "metrics": Binding("promql", "{{promql}}", "csv"),
    "series": Binding("promql", "{{promql}}", "csv", start="now-1h", step="30s"),
    "logs": Binding("logs", "{{query}}", "lines", limit="200", direction="tail"),
    "traces": Binding("traces", "{{query}}"),
    "sql": Binding("sql", "{{query}}"),
    "objects": Binding("objects", "{{query}}", "kubectl"),
}


def metric_rows(draw: random.Random, points: int):
    series = [(component, metric, pod) for component in COMPONENTS for metric in METRICS for pod in range(4)]
    steps = -(-points // len(series))
    for component, metric, pod in series:
        value = draw.uniform(10, 50)
        for step in range(steps):
            value = value + draw.uniform(0, 9) if metric.endswith("total") else max(0.0, value + draw.gauss(0, 1))
            at = BEGIN + (END - BEGIN) * step / steps
            yield {
                "at": at,
                "component": component,
                "metric": metric,
                "labels": {"pod": f"{component}-{pod}"},
                "value": value,
            }


def log_rows(draw: random.Random, lines: int):
    texts = (
        ("info", "request {n} served in {m} ms"),
        ("info", "cache entry {n} refreshed"),
        ("warn", "retry {m} of call {n} after timeout"),
        ("error", "timeout of {m} ms waiting for connection {n}"),
        ("error", "connection refused by peer {n}"),
    )
    for number in range(lines):
        level, text = draw.choices(texts, (60, 30, 5, 3, 2))[0]
        component = draw.choice(COMPONENTS)
        yield {
            "at": BEGIN + (END - BEGIN) * number / lines,
            "component": component,
            "pod": f"{component}-{number % 4}",
            "level": level,
            "line": text.format(n=draw.randrange(10**6), m=draw.randrange(900)),
        }


def span_rows(draw: random.Random, spans: int):
    for trace in range(spans // 6):
        at = BEGIN + (END - BEGIN) * trace / (spans // 6)
        for depth in range(6):
            yield {
                "trace": f"t{trace:05}",
                "span": f"s{depth}",
                "parent": f"s{depth - 1}" if depth else "",
                "component": draw.choice(COMPONENTS),
                "operation": f"op-{depth}",
                "at": at + timedelta(milliseconds=5 * depth),
                "duration_ms": draw.uniform(20, 500) * (6 - depth) / 6,
                "error": draw.random() < 0.02,
            }


def made(seed: int, points: int, lines: int, spans: int) -> WorldSpec:
    draw = random.Random(seed)
    pods = [
        {"kind": "Pod", "name": f"{component}-{pod}", "namespace": "shop", "from_at": BEGIN, "manifest": "{kind: Pod, status: {phase: Running}}"}
        for component in COMPONENTS
        for pod in range(4)
    ]  # fmt: skip
    rows = {
        "metrics": metric_rows(draw, points),
        "logs": log_rows(draw, lines),
        "spans": span_rows(draw, spans),
        "objects": pods,
    }
    return WorldSpec(build_tables(rows), BINDINGS, END - timedelta(hours=1), end=END)


def asked(world, question) -> tuple[float, float]:
    """Milliseconds by the wall's clock, and of this process alone: the second does not see who else is on the machine."""
    tool, arguments = question
    call = canonical(tool, arguments)
    begun, own = time.perf_counter(), time.process_time()
    answer = world.answer(call, now=END - timedelta(hours=1))
    taken = 1000 * (time.perf_counter() - begun), 1000 * (time.process_time() - own)
    assert answer and not answer.is_error, (question, answer)
    return taken


def said(taken: list[tuple[float, float]]) -> str:
    wall, own = (list(column) for column in zip(*taken, strict=True))
    shown = (
        f"{name} p50 {statistics.median(of):6.1f}  p95 {statistics.quantiles(of, n=20)[-1]:6.1f}"
        for name, of in (("wall", wall), ("CPU", own))
    )
    return f"{'   '.join(shown)}   ms, n = {len(taken)}"


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        spec = made(1, POINTS, LINES, SPANS)
        print(
            f"tables made          {time.perf_counter() - begun:7.1f} s   {POINTS:,} points, {LINES:,} lines, {SPANS:,} spans"
        )
        print(f"Parquet              {sum(table.size for table in spec.tables) / 1e6:7.1f} MB")
        begun = time.perf_counter()
        world = open_world(spec, folder)
        print(f"loaded, first time   {time.perf_counter() - begun:7.1f} s")
        print(f"database file        {sum(file.stat().st_size for file in Path(folder).iterdir()) / 1e6:7.1f} MB")
        begun = time.perf_counter()
        world = open_world(spec, folder)
        world.store.rows("SELECT 1", now=END)
        print(f"loaded, from cache   {1000 * (time.perf_counter() - begun):7.1f} ms")
        cold = []
        for question in QUESTIONS:
            world.close()
            cold.append(asked(world, question))
        warm = {question[1].get("promql") or question[1]["query"]: [] for question in QUESTIONS}
        for _ in range(ROUNDS):
            for question, taken in zip(QUESTIONS, warm.values(), strict=True):
                taken.append(asked(world, question))
        every = [one for taken in warm.values() for one in taken]
        print(f"cold, each connection new  {said(cold)}")
        print(f"warm                       {said(every)}")
        for text, taken in sorted(warm.items(), key=lambda pair: -statistics.median(wall for wall, _ in pair[1]))[:6]:
            print(f"    {said(taken)}  {text[:60]}")
        world.close()
        small = [made(seed, 20_000, 2_000, 1_200) for seed in range(OPEN)]
        print(
            f"a small world        {statistics.median(sum(t.size for t in one.tables) for one in small) / 1e6:7.2f} MB Parquet"
        )
        before = resident_mb()
        worlds = [open_world(one, folder) for one in small]
        for one in worlds:
            asked(one, QUESTIONS[1])
            asked(one, QUESTIONS[8])
        print(f"memory of {OPEN} open small worlds, all asked: {resident_mb() - before:.0f} MB over {before:.0f} MB")


if __name__ == "__main__":
    main()
