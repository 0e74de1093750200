"""Millrace's tables. No Django here."""

from __future__ import annotations

from sandbox.lab.parameters import Table


def tables() -> tuple[Table, ...]:
    """The tables of every service that keeps some; the first index is the primary key."""
    key = ("id", "bigint not null")
    return (
        Table(
            "tolls",
            "tollbook",
            1_400_000,
            120,
            (key, ("grower_id", "bigint"), ("due", "date"), ("used", "numeric")),
            ("id", "grower_id"),
        ),
        Table(
            "lots",
            "garner",
            420_000,
            260,
            (key, ("mill_id", "integer"), ("graded", "date"), ("crop", "text")),
            ("id", "mill_id"),
        ),
        Table(
            "bins",
            "garner",
            900_000,
            64,
            (key, ("lot_id", "bigint"), ("place", "text"), ("kilos", "numeric")),
            ("id", "lot_id"),
        ),
        Table("samples", "garner", 420_000, 1100, (key, ("lot_id", "bigint"), ("sample", "jsonb")), ("id", "lot_id")),
        Table("grades", "garner", 380, 110, (key, ("name", "text"), ("floor", "numeric")), ("id",)),
        Table(
            "growers",
            "almanac",
            760_000,
            200,
            (key, ("email", "text"), ("name", "text"), ("seen_at", "timestamptz")),
            ("id", "email"),
        ),
        Table(
            "consents", "almanac", 1_200_000, 96, (key, ("grower_id", "bigint"), ("scope", "text")), ("id", "grower_id")
        ),
        Table("seals", "almanac", 290, 90, (key, ("code", "text"), ("wax", "text")), ("id",)),
        Table(
            "deeds",
            "deedbox",
            1_050_000,
            180,
            (key, ("grower_id", "bigint"), ("state", "text"), ("signed", "timestamptz")),
            ("id", "grower_id"),
        ),
        Table("seasons", "deedbox", 460, 96, (key, ("crop", "text"), ("opens", "date")), ("id",)),
        Table("loads", "drayman", 880_000, 120, (key, ("deed_id", "bigint"), ("haulier", "text")), ("id", "deed_id")),
    )
