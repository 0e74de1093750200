"""What a system is made of: frozen parameters, changed by faults with dataclasses.replace. No Django here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf
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
    own_write_share: float = 0.0  # asked of the replica; this share of it looks for what was written a moment ago
    same_row: float = 0.0  # share of executions that update one and the same row


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
class StartProblem:
    """Why new pods do not come up; ``pods`` of a service's replicas are affected."""

    reason: str  # as kubectl prints it: ImagePullBackOff, CreateContainerConfigError, CrashLoopBackOff
    message: str
    pods: int


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
    rollout: int = 0  # deployments rolled out later find less room on nodes and in the quota
    live_mb: float = 0.0  # of a collected heap, what is in use for good; 0: memory is not collected
    heap_mb: float = 0.0
    image: str = ""  # where it is not the usual one of this version
    start_problem: StartProblem | None = None
    probe_timeout_ms: float = 10_000.0  # of the liveness probe; three failures in a row kill the container
    certificate_until: float = inf  # minutes from the start of the observed time
    issuer: str = "meshca2"  # who signed the certificate
    trusts: tuple[str, ...] = ("meshca1", "meshca2")  # issuers it accepts from what it calls

    @property
    def template(self) -> tuple[object, ...]:
        """What, when changed, replaces the pods."""
        return (
            self.version,
            self.image,
            self.start_problem,
            self.rollout,
            self.cpu_request,
            self.cpu_limit,
            self.memory_limit_mb,
            self.heap_mb,
            self.workers,
            self.probe_timeout_ms,
            self.trusts,
            self.calls,
            self.generation,
        )


@dataclass(frozen=True)
class Table:
    name: str
    owner: str  # the service whose schema it is
    rows: int
    row_bytes: int
    columns: tuple[tuple[str, str], ...]
    indexes: tuple[str, ...]  # columns that have one; the first is the primary key
    distinct: Mapping[str, int] = field(default_factory=dict)  # values a column has by the planner's statistics
    dead_rows: float = 0.0  # row versions that updates left behind and no vacuum has removed
    dead_per_minute: float = 0.0  # how fast they grow in number


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
    other_sessions: int = 6  # of clients that are no service of the system
    other_client: str = "dashboards"
    page_ms: float = 0.0  # time the volume takes for a page that is not in memory
    replica: str = ""
    replica_writes_per_second: float = 5000.0  # row changes the replica can apply
    temp_gb_per_minute: float = 0.0  # files of sorts and hashes that do not fit in memory
    temp_user: str = ""
    archive_error: str = ""  # while it holds, finished log segments are kept on the disk
    log_gb_per_minute: float = 3.6  # write-ahead log written
    cpu_request: float = 4.0


@dataclass(frozen=True)
class Cache:
    name: str
    memory_mb: float
    working_set_mb: float
    connect_timeout_ms: float = 75.0
    startup_error: str = ""  # it cannot start while this holds
    reason: str = "CrashLoopBackOff"  # how kubectl shows that it cannot start
    engine: str = "redis"
    port: int = 6379


@dataclass(frozen=True)
class MessageQueue:
    name: str
    queue: str
    consumer: str
    consumers_per_replica: int
    work_ms: float
    poison_messages: int = 0  # each occupies one consumer for ever: taken, failed, put back at the head
    acknowledge_ms: float = 60_000.0  # a message not acknowledged by then is given to another consumer too
    relayed: float = 1.0  # share of committed outbox rows that the relay publishes
    relay: str = "outbox-relay"
    engine: str = "rabbitmq"
    port: int = 5672


@dataclass(frozen=True)
class External:
    name: str
    mean_ms: float
    error_share: float = 0.0
    limit_per_second: float = inf  # requests above are refused


@dataclass(frozen=True)
class Node:
    name: str
    cores: float
    memory_gb: float
    delay_ms: float = 0.0
    loss: float = 0.0
    cordoned: bool = False  # no pod is placed here
    clock_s: float = 0.0  # ahead of true time


@dataclass(frozen=True)
class Resolver:
    """The cluster's name service."""

    name: str
    failing: float = 0.0  # share of look-ups that time out


@dataclass(frozen=True)
class Saga:
    """A transaction over stores: money is taken by ``payer``, the order written by ``recorder``, the delivery by a message.

    ``conflicts`` of the orders cannot be written after payment; ``compensates`` says whether money is then given
    back. A retried payment is taken twice unless ``idempotent``.
    """

    coordinator: str
    payer: str
    recorder: str
    conflicts: float = 0.03
    compensates: bool = True
    idempotent: bool = True


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
    resolver: Resolver = Resolver("names")
    saga: Saga | None = None
    cpu_quota: float = inf  # cores that the namespace's pods may request together
    sites: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # fault class -> where it can happen here
    business: str = "shop"

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
