"""Quayside's tables. No Django here."""

from __future__ import annotations

from sandbox.lab.parameters import Table


def tables() -> tuple[Table, ...]:
    """The tables of every service that keeps some; the first index is the primary key."""
    key = ("id", "bigint not null")
    return (
        Table(
            "items",
            "shelf",
            310_000,
            240,
            (key, ("category_id", "integer"), ("rank", "integer"), ("title", "text")),
            ("id", "category_id"),
        ),
        Table(
            "stock_levels",
            "shelf",
            620_000,
            60,
            (key, ("item_id", "bigint"), ("bin", "text"), ("quantity", "integer")),
            ("id", "item_id"),
        ),
        Table("item_texts", "shelf", 310_000, 900, (key, ("item_id", "bigint"), ("body", "text")), ("id", "item_id")),
        Table(
            "orders",
            "docket",
            1_150_000,
            150,
            (key, ("customer_id", "bigint"), ("state", "text"), ("placed_at", "timestamptz")),
            ("id", "customer_id"),
        ),
        Table(
            "order_lines",
            "docket",
            3_400_000,
            70,
            (key, ("order_id", "bigint"), ("item_id", "bigint"), ("quantity", "integer")),
            ("id", "order_id"),
        ),
        Table(
            "members",
            "bosun",
            870_000,
            190,
            (key, ("email", "text"), ("name", "text"), ("seen_at", "timestamptz")),
            ("id", "email"),
        ),
        Table(
            "addresses",
            "bosun",
            1_300_000,
            130,
            (key, ("member_id", "bigint"), ("street", "text"), ("city", "text")),
            ("id", "member_id"),
        ),
        Table(
            "waybills",
            "courier",
            940_000,
            110,
            (key, ("order_id", "bigint"), ("carrier", "text"), ("created_at", "timestamptz")),
            ("id", "order_id"),
        ),
        Table("tiers", "bosun", 320, 96, (key, ("code", "text"), ("discount", "numeric")), ("id",)),
        Table("carriers", "docket", 540, 88, (key, ("zone", "text"), ("cutoff", "time")), ("id",)),
        Table("campaigns", "shelf", 410, 120, (key, ("slot", "text"), ("weight", "integer")), ("id",)),
    )
