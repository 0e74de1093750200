"""The world of a case bundle: its spec as JSON, and the bytes of its tables in base64 beside it. No Django here.

``world`` is what WorldSpec.as_json writes, with one field more: ``data``, from the digest of each table's Parquet
file to its bytes in base64. A table whose bytes are missing, or are not those of its digest, is refused.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Any

from sandbox.environment.world.base import TableFile, WorldError, WorldSpec
from sandbox.importers.reading import ReadError, expect_object, expect_text


def world_of(value: Any) -> WorldSpec | None:
    """The world in a bundle's field ``world``; None where the bundle has none. Raises ReadError."""
    if value is None:
        return None
    body = expect_object(value, "world")
    held = {
        digest: _bytes(text, f"world.data.{digest[:12]}")
        for digest, text in expect_object(body.get("data"), "world.data").items()
    }
    try:
        spec = WorldSpec.from_json({name: each for name, each in body.items() if name != "data"}, held)
    except WorldError as error:
        raise ReadError("world", f"{error}.") from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ReadError("world", f"is not a world's spec: {type(error).__name__} {error}.") from None
    for table in spec.tables:
        if hashlib.sha256(table.data).hexdigest() != table.digest:
            raise ReadError(f"world.data.{table.digest[:12]}", f"does not hold the bytes of the table {table.name}.")
    return spec


def world_data(spec: WorldSpec) -> dict[str, Any]:
    """The field ``world`` of a bundle, as ``world_of`` reads it back."""
    return spec.as_json() | {"data": {table.digest: _text(table) for table in spec.tables}}


def _text(table: TableFile) -> str:
    return base64.b64encode(table.data).decode("ascii")


def _bytes(text: Any, field: str) -> bytes:
    try:
        return base64.b64decode(expect_text(text, field), validate=True)
    except (binascii.Error, ValueError):
        raise ReadError(field, "is not base64.") from None
