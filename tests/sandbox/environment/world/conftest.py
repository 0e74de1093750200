"""A small world: a shop of three components, ten minutes before its alert and ten after."""

from datetime import UTC, datetime, timedelta

import pytest

from sandbox.environment.world.base import WorldSpec
from sandbox.environment.world.opening import Store
from sandbox.environment.world.tables import build_tables

ALERT = datetime(2026, 3, 1, 10, tzinfo=UTC)
END = ALERT + timedelta(minutes=10)


def at(minutes: float) -> datetime:
    return ALERT + timedelta(minutes=minutes)


def pod(name: str, ready: bool, restarts: int) -> dict:
    state = {"running": {}} if ready else {"waiting": {"reason": "CrashLoopBackOff"}}
    container = {"name": "main", "ready": ready, "restartCount": restarts, "state": state}
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop"},
        "status": {"phase": "Running", "containerStatuses": [container]},
    }


def rows() -> dict[str, list[dict]]:
    metrics = [
        {"at": at(k / 2 - 10), "component": component, "metric": metric, "labels": labels, "value": value}
        for k in range(40)
        for component, metric, labels, value in (
            ("cart", "cpu_usage", {"pod": "cart-1"}, 0.2 + 0.01 * k),
            ("cart", "cpu_usage", {"pod": "cart-2"}, 0.3),
            ("orders", "cpu_usage", {"pod": "orders-1"}, 0.5),
            ("cart", "requests_total", {"code": "200"}, float(30 * k)),
            ("cart", "requests_total", {"code": "500"}, float(3 * (k % 30))),
        )
    ]
    logs = [
        {"at": at(-9), "component": "cart", "pod": "cart-1", "level": "info", "line": "started on port 8080"},
        {
            "at": at(-3),
            "component": "cart",
            "pod": "cart-2",
            "level": "warn",
            "line": "slow answer from orders: 812 ms",
        },
        {
            "at": at(-1),
            "component": "orders",
            "pod": "orders-1",
            "level": "error",
            "line": "timeout waiting for a connection",
        },
        {"at": at(-1), "component": "orders", "pod": "orders-1", "level": "error", "line": "request failed: Timeout"},
        {"at": at(4), "component": "cart", "pod": "cart-1", "level": "error", "line": "connection refused"},
    ]
    spans = [
        ("t1", "a", "", "gateway", "GET /cart", at(-5), 100.0, False),
        ("t1", "b", "a", "cart", "list", at(-5) + timedelta(milliseconds=10), 80.0, False),
        ("t1", "c", "b", "orders", "select", at(-5) + timedelta(milliseconds=20), 60.0, False),
        ("t2", "d", "", "gateway", "GET /cart", at(-1), 900.0, True),
        ("t2", "e", "d", "cart", "list", at(-1) + timedelta(milliseconds=50), 800.0, True),
        ("t3", "f", "", "gateway", "GET /pay", at(3), 20.0, False),
    ]
    names = ("trace", "span", "parent", "component", "operation", "at", "duration_ms", "error")
    return {
        "metrics": metrics,
        "logs": logs,
        "spans": [dict(zip(names, span, strict=True)) for span in spans],
        "events": [
            {"at": at(-2), "kind": "Pod", "name": "cart-1", "namespace": "shop", "type": "Warning", "reason": "BackOff", "message": "restarting failed container", "times": 3},
            {"at": at(2), "kind": "Pod", "name": "cart-1", "namespace": "shop", "type": "Normal", "reason": "Pulled", "message": "image is there"},
        ],
        "objects": [
            {"kind": "Pod", "name": "cart-1", "namespace": "shop", "from_at": at(-60), "until_at": at(-2), "manifest": pod("cart-1", True, 0)},
            {"kind": "Pod", "name": "cart-1", "namespace": "shop", "from_at": at(-2), "manifest": pod("cart-1", False, 3)},
            {"kind": "Pod", "name": "cart-3", "namespace": "shop", "from_at": at(5), "manifest": pod("cart-3", True, 0)},
            {"kind": "Service", "name": "cart", "namespace": "shop", "from_at": at(-60), "manifest": {"kind": "Service", "spec": {"port": 80}}},
        ],
        "topology": [{"source": "gateway", "target": "cart", "relation": "calls", "from_at": at(-60), "until_at": at(6)}],
        "alerts": [{"name": "SlowCart", "component": "cart", "severity": "critical", "since": ALERT, "summary": "p95 is 900 ms"}],
    }  # fmt: skip


@pytest.fixture(scope="session")
def spec() -> WorldSpec:
    return WorldSpec(build_tables(rows()), {}, ALERT, end=END)


@pytest.fixture(scope="session")
def worlds(tmp_path_factory):
    return tmp_path_factory.mktemp("worlds")


@pytest.fixture(scope="session")
def store(spec, worlds) -> Store:
    return Store(spec, worlds)
