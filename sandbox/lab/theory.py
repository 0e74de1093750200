"""What the simulator gives beside what queueing and database theory say, for ten faults. No Django here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random

from sandbox.lab import database, queueing, responses, wear
from sandbox.lab.model import Clockwork
from sandbox.lab.parameters import System
from sandbox.lab.quayside import quayside
from sandbox.lab.state import Minute
from sandbox.lab.traffic import rates


@dataclass(frozen=True)
class Study:
    """``simulated`` and ``theory`` at each of ``xs``; they differ by ``bound`` of the theory's value at most."""

    fault: str
    law: str
    x: str
    y: str
    xs: tuple[float, ...]
    simulated: tuple[float, ...]
    theory: tuple[float, ...]
    bound: float

    @property
    def deviation(self) -> float:
        """The largest, as a share of the theory's value."""
        pairs = zip(self.simulated, self.theory, strict=True)
        return max(abs(one - other) / max(abs(other), 1e-9) for one, other in pairs)


def _minutes(system: System, count: int = 1, surge: dict[str, float] | None = None) -> list[Minute]:
    works = Clockwork(system, "theory", Random("theory"))
    return [works.step(system, minute, surge or {}) for minute in range(count)]


def _study(fault: str, law: str, x: str, y: str, bound: float, xs: Sequence[float], points: Callable) -> Study:
    simulated, theory = zip(*(points(each) for each in xs), strict=True)
    return Study(fault, law, x, y, tuple(xs), tuple(simulated), tuple(theory), bound)


def _scan(rows: float) -> tuple[float, float]:
    table = replace(quayside().table("orders"), rows=int(rows), indexes=("id",))
    statement = quayside().service("docket").statements[0]
    cost = rows * table.row_bytes / 8192 + 0.0125 * rows  # a page costs 1, a row 0.01 + 0.0025
    return database.plan_of(statement, table).work_ms, cost * database.MS_PER_COST + database.ROUND_TRIP_MS


def _pool(rate: float) -> tuple[float, float]:
    line = queueing.station(rate, 50.0, 10, 60_000.0)
    return line.wait_ms, 1000 * queueing.erlang_c(10, rate * 0.05) / (200 - rate)


def _little(factor: float) -> tuple[float, float]:
    one = _minutes(quayside(), surge={"account": factor})[0].services["bosun"]
    return one.pool_used, one.rate * (1 - one.causes["pool"]) * one.hold_ms / 1000


def _leak(minutes: float) -> tuple[float, float]:
    system = quayside()
    pool = replace(system.service("bosun").pool, leaked_per_request=0.0001)
    works = Clockwork(changed := system.with_service("bosun", pool=pool), "theory", Random("theory"))
    served = sum(works.step(changed, minute, {}).services["bosun"].rate * 60 for minute in range(int(minutes)))
    return float(len(works.carried.leaked["bosun"])), served * 0.0001


def _retries(failing: float) -> tuple[float, float]:
    system = quayside()
    calls = tuple(replace(call, retries=3) for call in system.service("till").calls)
    routes = {route.name: 0.0 for route in system.routes} | {"checkout": 100.0}
    found = rates(system.with_service("till", calls=calls), routes, {"docket": failing})
    return found["docket"] / 100, (1 - failing**4) / (1 - failing)


def _backlog(minutes: float) -> tuple[float, float]:
    system = quayside()
    seen = _minutes(replace(system, queue=replace(system.queue, poison_messages=12)), int(minutes))
    free = system.queue.consumers_per_replica * 2 - 12
    return seen[-1].queue_backlog, sum(each.queue_in - free * 1000 / system.queue.work_ms for each in seen) * 60


def _misses(hits: float) -> tuple[float, float]:
    system = quayside()
    size = system.cache.working_set_mb * (hits / 0.985) ** (1 / 0.35)
    minute = _minutes(replace(system, cache=replace(system.cache, memory_mb=size)))[0]
    without = _minutes(replace(system, cache=replace(system.cache, memory_mb=1e9)))[0]
    text = next(each for each in system.service("shelf").statements if each.cached)
    passed = [each.services["shelf"].rate * (1 - each.services["shelf"].causes["pool"]) for each in (minute, without)]
    extra = minute.db_rows_read - without.db_rows_read
    return extra, text.rows * (passed[0] * (1 - hits) - passed[1] * 0.015)


def _sharing(cpu_ms: float) -> tuple[float, float]:
    system = quayside().with_service("sextant", cpu_ms=cpu_ms)
    one, service = _minutes(system)[0].services["sextant"], system.service("sextant")
    utilisation = one.rate / service.replicas * cpu_ms / 1000 / service.cpu_limit
    return one.mean_ms, cpu_ms / (1 - utilisation)


def _lag(applied: float) -> tuple[float, float]:
    seen = _minutes(quayside().with_database(replica_writes_per_second=applied), 10)
    system, last = quayside(), seen[-1]
    writes = sum(
        last.services[service.name].rate * each.times
        for service in system.services
        for each in service.statements
        if each.writes
    )
    return last.lag_s, wear.USUAL_LAG_S + 600 * (1 - applied / writes)


def _heap(size: float) -> tuple[float, float]:
    one = _minutes(quayside().with_service("shelf", heap_mb=size))[0].services["shelf"]
    live = quayside().service("shelf").live_mb
    garbage = responses.COLLECTING * live / (size - live)
    return one.collecting, garbage / (1 + garbage)


def studies() -> tuple[Study, ...]:
    """Ten faults, one law each."""
    million = 1_000_000.0
    return (
        _study(
            "missing_index",
            "a scan costs in proportion to pages and rows",
            "rows",
            "ms",
            0.01,
            [million * n for n in (0.2, 0.5, 1, 2, 3, 4)],
            _scan,
        ),
        _study(
            "connection_pool_too_small",
            "M/M/c: W = C(c, a) / (c mu - lambda)",
            "requests/s",
            "wait, ms",
            0.01,
            [100, 120, 140, 160, 175, 185, 192],
            _pool,
        ),
        _study(
            "slow_storage",
            "Little: connections in use = rate x time held",
            "factor on traffic",
            "connections",
            0.01,
            [0.5, 1, 1.5, 2, 2.5, 3],
            _little,
        ),
        _study(
            "connection_leak",
            "lost connections = requests x share",
            "minutes",
            "connections",
            0.15,
            [4, 6, 8, 10, 12, 14],
            _leak,
        ),
        _study(
            "retry_storm",
            "attempts = (1 - f^(r+1)) / (1 - f)",
            "share that fails",
            "attempts a call",
            0.0001,
            [0.0, 0.2, 0.4, 0.6, 0.8, 0.9],
            _retries,
        ),
        _study(
            "poison_message", "backlog = (lambda - mu) t", "minutes", "messages", 0.01, [2, 4, 6, 8, 10, 12], _backlog
        ),
        _study(
            "cache_too_small",
            "reads passed on = rate x (1 - hits)",
            "hit ratio",
            "rows/s",
            0.01,
            [0.2, 0.35, 0.5, 0.65, 0.8],
            _misses,
        ),
        _study(
            "inefficient_code",
            "M/G/1-PS: R = S / (1 - U)",
            "CPU per request, ms",
            "response, ms",
            0.01,
            [8, 12, 16, 20, 24, 28],
            _sharing,
        ),
        _study(
            "replication_lag",
            "lag grows by 1 - applied / written",
            "changes applied a second",
            "seconds after 10 min",
            0.02,
            [20, 60, 100, 140, 180],
            _lag,
        ),
        _study(
            "heap_too_small",
            "share = c L / (H - L), over one more",
            "heap, MB",
            "share of CPU",
            0.001,
            [230, 250, 280, 320, 400],
            _heap,
        ),
    )


WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 420, 240, 56, 40, 16


def drawing(study: Study) -> str:
    """The study as SVG: theory a line, the simulator dots."""
    low, high = min(study.xs), max(study.xs)
    top = max(*study.simulated, *study.theory, 1e-9)

    def place(x: float, y: float) -> tuple[float, float]:
        across = LEFT + (x - low) / (high - low) * (WIDTH - LEFT - 16)
        return round(across, 1), round(HEIGHT - BOTTOM - max(y, 0) / top * (HEIGHT - BOTTOM - TOP), 1)

    line = " ".join(",".join(map(str, place(x, y))) for x, y in zip(study.xs, study.theory, strict=True))
    dots = "".join(
        '<circle cx="{}" cy="{}" r="3.5" fill="#b4530a"/>'.format(*place(x, y))
        for x, y in zip(study.xs, study.simulated, strict=True)
    )
    floor = HEIGHT - BOTTOM
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" font-family="sans-serif" font-size="11">'
        f"<title>{study.fault}: {study.law}</title>"
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>'
        f'<path d="M{LEFT},{TOP}V{floor}H{WIDTH - 16}" fill="none" stroke="#57606a"/>'
        f'<polyline points="{line}" fill="none" stroke="#1f6feb" stroke-width="2"/>{dots}'
        f'<text x="{LEFT - 6}" y="{TOP + 8}" text-anchor="end" fill="#24292f">{top:.4g}</text>'
        f'<text x="{LEFT - 6}" y="{floor}" text-anchor="end" fill="#24292f">0</text>'
        f'<text x="{LEFT}" y="{floor + 14}" fill="#24292f">{low:.4g}</text>'
        f'<text x="{WIDTH - 16}" y="{floor + 14}" text-anchor="end" fill="#24292f">{high:.4g}</text>'
        f'<text x="{WIDTH // 2}" y="{HEIGHT - 8}" text-anchor="middle" fill="#24292f">{study.x}</text>'
        f'<text x="{LEFT + 6}" y="{TOP + 8}" fill="#24292f">{study.y}</text></svg>\n'
    )


def page(found: Sequence[Study]) -> str:
    """The docs page in Markdown, beside whose file the drawings lie in ``theory/``."""
    parts = [
        "# The simulator beside theory\n",
        "Blue: what theory says. Dots: what the simulator gives. `manage.py lab theory --out sandbox/lab/docs` draws this page; a test holds each study to its bound with formulas of its own.\n",
    ]
    for study in found:
        said = f"largest deviation {study.deviation:.2%}, bound {study.bound:.2%}"
        parts.append(
            f"## {study.fault}\n\n{study.law}; {said}.\n\n![{study.y} over {study.x}](theory/{study.fault}.svg)\n"
        )
    return "\n".join(parts)
