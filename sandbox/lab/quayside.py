"""Quayside, an invented chandler's web shop: the lab's first system. No Django here."""

from __future__ import annotations

from sandbox.lab.parameters import (
    Cache,
    Call,
    Database,
    External,
    MessageQueue,
    Node,
    Pool,
    Route,
    Service,
    Statement,
    System,
)
from sandbox.lab.quayside_schema import tables


def _services() -> tuple[Service, ...]:
    return (
        Service(
            "gangway",
            "edge gateway",
            "go",
            cpu_request=1.2,
            replicas=3,
            workers=2000,
            cpu_ms=3.0,
            cpu_limit=1.5,
            version="3.14.2",
            calls=(
                Call("shelf", "GET /items", 0.40),
                Call("bosun", "GET /me", 0.22),
                Call("crate", "POST /basket", 0.12),
                Call("till", "POST /checkout", 0.08, timeout_ms=4000),
                Call("docket", "GET /orders", 0.18),
            ),
        ),
        Service(
            "shelf",
            "catalogue",
            "java",
            cpu_request=1.6,
            workers=900,
            cpu_ms=2.6,
            version="5.2.0",
            cache="locker",
            pool=Pool(12, held_ms=36.0),
            calls=(Call("sextant", "GET /search", 0.35),),
            statements=(
                Statement(
                    "4127750931",
                    "SELECT * FROM items WHERE category_id = $1 ORDER BY rank LIMIT 24",
                    "items",
                    "category_id",
                    24,
                ),
                Statement(
                    "8810243377",
                    "SELECT quantity, bin FROM stock_levels WHERE item_id = $1",
                    "stock_levels",
                    "item_id",
                    2,
                    1.0,
                ),
                Statement(
                    "3946072281",
                    "UPDATE stock_levels SET quantity = quantity - $2 WHERE id = $1",
                    "stock_levels",
                    "id",
                    1,
                    0.15,
                    writes=True,
                ),
                Statement(
                    "2390115604",
                    "SELECT body FROM item_texts WHERE item_id = $1",
                    "item_texts",
                    "item_id",
                    260,
                    1.0,
                    cached=True,
                ),
            ),
        ),
        Service(
            "sextant",
            "search",
            "rust",
            cpu_request=1.8,
            replicas=3,
            cpu_ms=12.0,
            cpu_limit=1.5,
            version="0.21.4",
            memory_mb=520,
        ),
        Service(
            "crate",
            "basket",
            "go",
            cpu_request=1.0,
            cpu_ms=2.0,
            version="2.8.1",
            cache="locker",
            calls=(Call("shelf", "GET /items/{id}"), Call("tariff", "POST /quote")),
        ),
        Service(
            "tariff",
            "pricing",
            "python",
            cpu_request=1.5,
            replicas=3,
            cpu_ms=11.5,
            cpu_limit=1.5,
            version="1.17.3",
            memory_mb=300,
        ),
        Service(
            "till",
            "checkout",
            "java",
            cpu_request=1.3,
            cpu_ms=5.0,
            version="4.6.0",
            publishes=1.0,
            calls=(
                Call("crate", "GET /basket"),
                Call("tariff", "POST /quote"),
                Call("bosun", "GET /me"),
                Call("purser", "POST /charge", timeout_ms=3000),
                Call("docket", "POST /orders", timeout_ms=2500),
            ),
        ),
        Service(
            "purser",
            "payments",
            "go",
            cpu_request=0.7,
            workers=120,
            cpu_ms=3.0,
            version="2.2.7",
            calls=(Call("cardbridge", "POST /v2/authorise", timeout_ms=2000, retries=1),),
        ),
        Service(
            "docket",
            "orders",
            "java",
            cpu_request=1.7,
            cpu_ms=4.0,
            version="6.3.1",
            pool=Pool(10, held_ms=50.0),
            statements=(
                Statement(
                    "6604918820",
                    "SELECT * FROM orders WHERE customer_id = $1 ORDER BY placed_at DESC LIMIT 20",
                    "orders",
                    "customer_id",
                    12,
                    0.7,
                ),
                Statement(
                    "1773029945", "SELECT * FROM order_lines WHERE order_id = $1", "order_lines", "order_id", 4, 1.0
                ),
                Statement(
                    "3058841167", "UPDATE orders SET state = $2 WHERE id = $1", "orders", "id", 1, 0.5, writes=True
                ),
                Statement(
                    "9216670458",
                    "INSERT INTO order_lines (order_id, item_id, quantity) VALUES ($1, $2, $3)",
                    "order_lines",
                    "id",
                    1,
                    0.9,
                    writes=True,
                ),
            ),
        ),
        Service(
            "bosun",
            "accounts",
            "python",
            cpu_ms=3.5,
            version="7.0.5",
            pool=Pool(10, held_ms=42.0),
            statements=(
                Statement("5549027316", "SELECT * FROM members WHERE email = $1", "members", "email", 1, 0.8),
                Statement(
                    "7182046593", "SELECT * FROM addresses WHERE member_id = $1", "addresses", "member_id", 3, 0.6
                ),
                Statement(
                    "1430957728",
                    "UPDATE members SET seen_at = now() WHERE id = $1",
                    "members",
                    "id",
                    1,
                    0.7,
                    writes=True,
                ),
            ),
        ),
        Service(
            "courier",
            "shipping",
            "python",
            cpu_request=0.9,
            replicas=2,
            cpu_ms=6.0,
            version="1.9.0",
            pool=Pool(6, held_ms=30.0),
            statements=(
                Statement(
                    "6093318254",
                    "INSERT INTO waybills (order_id, carrier) VALUES ($1, $2)",
                    "waybills",
                    "id",
                    1,
                    1.0,
                    writes=True,
                ),
            ),
        ),
    )


def quayside() -> System:
    """Ten services, one PostgreSQL, one cache, one queue, one payment provider, four nodes, all healthy."""
    return System(
        name="quayside",
        namespace="quay",
        edge="gangway",
        requests_per_second=600.0,
        routes=(
            Route("browse", "GET /items", 0.40, "shelf"),
            Route("account", "GET /me", 0.22, "bosun"),
            Route("basket", "POST /basket", 0.12, "crate"),
            Route("checkout", "POST /checkout", 0.08, "till"),
            Route("history", "GET /orders", 0.18, "docket"),
        ),
        services=_services(),
        database=Database("strongroom", cores=12, cpu_request=9.0, max_connections=200, tables=tables()),
        cache=Cache("locker", memory_mb=2048, working_set_mb=2300),
        queue=MessageQueue("conveyor", "parcels", "courier", consumers_per_replica=8, work_ms=190.0),
        externals=(External("cardbridge", 140.0),),
        nodes=tuple(Node(f"deck-{number}", 16.0, 64.0) for number in range(1, 5)),
    )
