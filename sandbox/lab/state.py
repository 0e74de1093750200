"""What a minute of a system's life holds, and what it leaves for the next. No Django here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sandbox.lab.cluster import Pod


@dataclass
class Carried:
    """What one minute leaves for the next."""

    leaked: dict[str, list[int]] = field(default_factory=dict)  # service -> minutes in which connections were lost
    leak_debt: dict[str, float] = field(default_factory=dict)
    heap_mb: dict[str, float] = field(default_factory=dict)
    restarts: dict[str, list[int]] = field(default_factory=dict)  # service -> minutes of restarts
    errors: dict[Any, float] = field(default_factory=dict)  # by service, and by (caller, callee)
    node_cpu: dict[str, float] = field(default_factory=dict)  # cores the shop's pods used
    backlog: float = 0.0
    disk_gb: float = 0.0
    kept_gb: dict[str, float] = field(default_factory=dict)  # what fills the disk -> its size
    dead_rows: dict[str, float] = field(default_factory=dict)  # table -> row versions nobody removed
    lag_s: float = 0.0  # of the replica
    age: dict[str, int] = field(default_factory=dict)  # service -> minutes since its containers started
    debt: dict[str, float] = field(default_factory=dict)  # service -> restarts due
    killed_by: dict[str, str] = field(default_factory=dict)  # service -> what ended its containers: memory, probe


@dataclass
class ServiceMinute:
    """A response takes ``fixed_ms`` plus an exponential part of ``mean_ms``."""

    rate: float = 0.0
    errors: float = 0.0  # share of requests that fail
    fixed_ms: float = 0.0
    mean_ms: float = 0.0
    cpu: float = 0.0  # of the limit, over ready pods
    memory_mb: float = 0.0
    collecting: float = 0.0  # share of its processor time that goes into garbage
    threads: float = 0.0
    threads_max: int = 0
    ready: int = 0
    pool_used: float = 0.0
    pool_max: int = 0
    pool_open: int = 0  # of them, those that the database lets it have
    pool_waiting: float = 0.0
    pool_wait_ms: float = 0.0
    hold_ms: float = 0.0
    causes: dict[str, float] = field(default_factory=dict)  # what requests fail of -> share

    def quantile_ms(self, factor: float) -> float:
        """``factor`` is -ln(1 - q) of the exponential part."""
        return self.fixed_ms + self.mean_ms * factor


@dataclass
class Minute:
    services: dict[str, ServiceMinute]
    calls: dict[tuple[str, str], tuple[float, float, float]]  # (caller, target) -> mean ms, error share, time-out share
    pods: tuple[Pod, ...]
    db_cpu: float
    db_stretch: float  # how much slower statements are than alone on the machine
    db_connections: float
    db_rows_read: float
    cache_hits: float
    cache_up: bool
    queue_in: float
    queue_out: float
    queue_backlog: float
    queue_redelivered: float
    disk_ratio: float
    node_cpu: dict[str, float]
    counts: dict[str, float] = field(default_factory=dict)  # store of the saga -> records a second
    work_ms: float = 0.0  # a consumer takes for a message
    lag_s: float = 0.0
    page_ms: float = 0.0
    kept_gb: dict[str, float] = field(default_factory=dict)
