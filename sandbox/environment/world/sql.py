"""One SELECT over the tables of a world: checked against lists of what is allowed, always ordered. No Django here."""

from __future__ import annotations

import json
import os
import re
import threading
from datetime import datetime
from typing import Any

import duckdb

from sandbox.environment.world.base import BadQuery, Unsupported
from sandbox.environment.world.opening import Rows, Store, aware
from sandbox.environment.world.sql_allowed import PAGE, tables_read

LENGTH = 20_000  # characters of a query
_WORDS = re.compile(
    r"'(?:''|[^'])*'|\"(?:\"\"|[^\"])*\"|--[^\n]*|/\*.*?\*/|\$\w*\$|\bat\b(?!\s+time\b)", re.DOTALL | re.IGNORECASE
)


def sql_query(store: Store, text: str, *, now: datetime) -> Rows:
    """The rows of one SELECT at ``now``, in its own order with every column as tie-breaker.

    BadQuery where it is not SQL, Unsupported for what is not listed in docs/sql.md, NotCaptured for a table not held.
    """
    tree = _tree(text)
    for table in tables_read(tree):
        store.holds(table)
    found = store.rows(_text(_ordered(tree, store, now)), now=now)
    return Rows(found.columns, [tuple(_zoned(cell) for cell in row) for row in found.rows])


def check(text: str) -> None:
    """BadQuery or Unsupported where ``sql_query`` would refuse the text of the query, whatever the world holds."""
    tables_read(_tree(text))


def _tree(text: str) -> dict[str, Any]:
    """DuckDB's own parse of one SELECT, in which a column may be called at."""
    if len(text) > LENGTH:
        raise BadQuery(f"SQL: a query has at most {LENGTH} characters")
    if re.search(r"\$\w*\$", _WORDS.sub(lambda found: "" if found[0][:1] in "'\"-/" else found[0], text)):
        raise Unsupported("$$ text", PAGE)
    quoted = _WORDS.sub(lambda found: '"at"' if found[0].lower() == "at" else found[0], text.strip().rstrip(";"))
    try:
        body = json.loads(_PARSER.ask("SELECT json_serialize_sql(?)", quoted))
    except duckdb.Error as error:
        raise BadQuery(f"SQL: {str(error).splitlines()[0]}") from error
    except RecursionError as error:
        raise BadQuery("SQL: nested too deep") from error
    if body["error"]:
        if body["error_type"] == "not implemented":
            raise Unsupported((text.split() or ["an empty query"])[0].upper(), PAGE)
        raise BadQuery(f"SQL: {body['error_message']}")
    if len(body["statements"]) != 1:
        raise Unsupported("more than one statement", PAGE)
    return body


def _text(tree: dict[str, Any]) -> str:
    try:
        return _PARSER.ask("SELECT json_deserialize_sql(?)", json.dumps(tree))
    except RecursionError as error:
        raise BadQuery("SQL: nested too deep") from error


class _Parser:
    """An empty database that only reads and writes query texts; one per process, one question at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._process = 0

    def ask(self, sql: str, text: str) -> str:
        with self._lock:
            if self._connection is None or self._process != os.getpid():
                self._connection = duckdb.connect(config={"threads": 1, "enable_external_access": False})
                self._process = os.getpid()
            return self._connection.execute(sql, [text]).fetchone()[0]


_PARSER = _Parser()


def _ordered(tree: dict[str, Any], store: Store, now: datetime) -> dict[str, Any]:
    """The query with every output column behind its own order, so that ties are never left to chance."""
    shown = store.rows(f"DESCRIBE {_text(tree)}", now=now)
    node = tree["statements"][0]["node"]
    held = next((modifier for modifier in node["modifiers"] if modifier["type"] == "ORDER_MODIFIER"), None)
    if held is None:
        held = {"type": "ORDER_MODIFIER", "orders": []}
        at = next(
            (k for k, modifier in enumerate(node["modifiers"]) if modifier["type"] == "LIMIT_MODIFIER"),
            len(node["modifiers"]),
        )
        node["modifiers"].insert(at, held)
    held["orders"] += [_by(number) for number in range(1, len(shown.rows) + 1)]
    return tree


def _by(number: int) -> dict[str, Any]:
    literal = {"kind": "INTEGER", "text": str(number)}
    constant = {"class": "CONSTANT", "type": "VALUE_CONSTANT", "alias": "", "query_location": 0, "literal": literal}
    return {"type": "ASCENDING", "null_order": "ORDER_DEFAULT", "expression": constant}


def _zoned(cell: Any) -> Any:
    return aware(cell) if isinstance(cell, datetime) and cell.tzinfo is None else cell
