"""What a system is made of: frozen parameters, changed by faults with dataclasses.replace. No Django here."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Call:
    """A request of the caller makes ``times`` requests to ``target`` on average."""

    target: str
    operation: str
    times: float = 1.0
    timeout_ms: float = 2000.0
    retries: int = 0


@dataclass(frozen=True)
class Statement:
    """One kind of query of a service: ``times`` per request, found by ``column``."""

    id: str
    text: str
    table: str
    column: str
    rows: int = 1
    times: float = 1.0
    writes: bool = False
    cached: bool = False  # asked of the database only on a cache miss


@dataclass(frozen=True)
class Pool:
    size: int  # per replica
    acquire_timeout_ms: float = 1000.0
    held_ms: float = 30.0  # the service's own work while it holds a connection
    leaked_per_request: float = 0.0


@dataclass(frozen=True)
class Defect:
    """Code that fails by itself: ``share`` of requests end in ``exception``."""

    exception: str
    message: str
    share: float


@dataclass(frozen=True)
class Service:
    name: str
    role: str
    language: str
    replicas: int = 2
    workers: int = 400  # requests in flight per replica
    cpu_ms: float = 4.0
    cpu_limit: float = 2.0
    cpu_request: float = 1.4
    memory_mb: float = 380.0
    memory_limit_mb: float = 768.0
    memory_leak_kb: float = 0.0  # per request
    port: int = 8080
    version: str = "1.0.0"
    calls: tuple[Call, ...] = ()
    statements: tuple[Statement, ...] = ()
    pool: Pool | None = None
    cache: str = ""
    publishes: float = 0.0  # messages per request, to the system's queue
    defect: Defect | None = None
    secret_version: int = 3
    generation: int = 0  # times its pods were replaced though nothing of it changed

    @property
    def template(self) -> tuple[object, ...]:
        """What, when changed, replaces the pods."""
        return self.version, self.cpu_request, self.calls, self.generation


@dataclass(frozen=True)
class Table:
    name: str
    owner: str  # the service whose schema it is
    rows: int
    row_bytes: int
    columns: tuple[tuple[str, str], ...]
    indexes: tuple[str, ...]  # columns that have one; the first is the primary key


@dataclass(frozen=True)
class LongTransaction:
    """A session that keeps a transaction open with locks on ``table``: ``share`` of its writers want the same rows."""

    application: str
    table: str
    statement: str
    share: float


@dataclass(frozen=True)
class Database:
    name: str
    cores: int
    max_connections: int
    tables: tuple[Table, ...]
    lock_timeout_ms: float = 10000.0
    disk_gb: float = 200.0
    disk_used_gb: float = 168.0
    inactive_slot: str = ""  # a replication slot nobody reads: the log is kept for it
    wal_retained_gb_per_minute: float = 0.0
    transaction: LongTransaction | None = None
    role_secret_version: dict[str, int] = field(default_factory=dict)  # service -> version the server accepts
    cpu_request: float = 4.0


@dataclass(frozen=True)
class Cache:
    name: str
    memory_mb: float
    working_set_mb: float
    connect_timeout_ms: float = 75.0
    startup_error: str = ""  # it cannot start while this holds


@dataclass(frozen=True)
class MessageQueue:
    name: str
    queue: str
    consumer: str
    consumers_per_replica: int
    work_ms: float
    poison_messages: int = 0  # each occupies one consumer for ever: taken, failed, put back at the head


@dataclass(frozen=True)
class External:
    name: str
    mean_ms: float
    error_share: float = 0.0


@dataclass(frozen=True)
class Node:
    name: str
    cores: float
    memory_gb: float
    delay_ms: float = 0.0
    loss: float = 0.0
    cordoned: bool = False  # no pod is placed here


@dataclass(frozen=True)
class Batch:
    """A workload beside the shop, tied to a node, without a CPU limit."""

    name: str
    node: str
    cores: float


@dataclass(frozen=True)
class NetworkPolicy:
    """Only ``allowed`` may reach ``target``."""

    name: str
    target: str
    allowed: tuple[str, ...]


@dataclass(frozen=True)
class Route:
    name: str
    path: str
    share: float
    target: str


@dataclass(frozen=True)
class System:
    name: str
    namespace: str
    edge: str
    requests_per_second: float
    routes: tuple[Route, ...]
    services: tuple[Service, ...]
    database: Database
    cache: Cache
    queue: MessageQueue
    externals: tuple[External, ...]
    nodes: tuple[Node, ...]
    batches: tuple[Batch, ...] = ()
    policies: tuple[NetworkPolicy, ...] = ()

    def service(self, name: str) -> Service:
        return next(service for service in self.services if service.name == name)

    def has_service(self, name: str) -> bool:
        return any(service.name == name for service in self.services)

    def table(self, name: str) -> Table:
        return next(table for table in self.database.tables if table.name == name)

    def node(self, name: str) -> Node:
        return next(node for node in self.nodes if node.name == name)

    def callers_of(self, name: str) -> tuple[str, ...]:
        return tuple(service.name for service in self.services if any(call.target == name for call in service.calls))

    def shuts_out(self, source: str, target: str) -> bool:
        """Whether a network policy keeps ``source`` from ``target``."""
        return any(policy.target == target and source not in policy.allowed for policy in self.policies)

    def with_service(self, name: str, **changes: Any) -> System:
        services = tuple(replace(one, **changes) if one.name == name else one for one in self.services)
        return replace(self, services=services)

    def with_database(self, **changes: Any) -> System:
        return replace(self, database=replace(self.database, **changes))

    def with_table(self, name: str, **changes: Any) -> System:
        tables = tuple(replace(one, **changes) if one.name == name else one for one in self.database.tables)
        return self.with_database(tables=tables)

    def with_node(self, name: str, **changes: Any) -> System:
        return replace(self, nodes=tuple(replace(one, **changes) if one.name == name else one for one in self.nodes))
