"""One SELECT over the tables of a world: checked against lists of what is allowed, always ordered. No Django here."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import duckdb

from sandbox.environment.world.base import TABLES, BadQuery, Unsupported
from sandbox.environment.world.opening import Rows, Store, aware

PAGE = "sql.md"
LENGTH = 20_000  # characters of a query
FUNCTIONS = frozenset(
    [
        "count",
        "count_star",
        "sum",
        "avg",
        "min",
        "max",
        "median",
        "mode",
        "stddev",
        "stddev_pop",
        "stddev_samp",
        "var_pop",
        "var_samp",
        "variance",
        "corr",
        "bool_and",
        "bool_or",
        "quantile_cont",
        "quantile_disc",
        "approx_quantile",
        "arg_min",
        "arg_max",
        "min_by",
        "max_by",
        "string_agg",
        "list",
        "array_agg",
        "row_number",
        "rank",
        "dense_rank",
        "percent_rank",
        "ntile",
        "lag",
        "lead",
        "first_value",
        "last_value",
        "nth_value",
        "first",
        "last",
        "+",
        "-",
        "*",
        "/",
        "//",
        "%",
        "**",
        "^",
        "||",
        "~~",
        "!~~",
        "~~*",
        "!~~*",
        "~",
        "!~",
        "->",
        "->>",
        "@>",
        "not",
        "abs",
        "ceil",
        "ceiling",
        "floor",
        "round",
        "sqrt",
        "ln",
        "log",
        "log2",
        "log10",
        "exp",
        "pow",
        "power",
        "sign",
        "mod",
        "greatest",
        "least",
        "isnan",
        "isfinite",
        "lower",
        "upper",
        "length",
        "strlen",
        "trim",
        "ltrim",
        "rtrim",
        "replace",
        "substr",
        "substring",
        "left",
        "right",
        "concat",
        "concat_ws",
        "contains",
        "starts_with",
        "ends_with",
        "prefix",
        "suffix",
        "position",
        "strpos",
        "instr",
        "split_part",
        "string_split",
        "reverse",
        "like_escape",
        "not_like_escape",
        "ilike_escape",
        "not_ilike_escape",
        "regexp_matches",
        "regexp_full_match",
        "regexp_extract",
        "regexp_extract_all",
        "regexp_replace",
        "printf",
        "coalesce",
        "ifnull",
        "nullif",
        "if",
        "date_trunc",
        "date_part",
        "datetrunc",
        "datepart",
        "date_diff",
        "datediff",
        "time_bucket",
        "epoch",
        "epoch_ms",
        "epoch_us",
        "to_timestamp",
        "to_seconds",
        "to_minutes",
        "to_hours",
        "to_days",
        "strftime",
        "strptime",
        "year",
        "month",
        "day",
        "hour",
        "minute",
        "second",
        "json_extract",
        "json_extract_string",
        "json_keys",
        "json_array_length",
        "json_type",
        "json_valid",
        "list_value",
        "list_contains",
        "list_sort",
        "len",
        "unnest",
        "array_length",
    ]
)
_TYPES = frozenset(
    [
        "SELECT_NODE",
        "SET_OPERATION_NODE",
        "EMPTY",
        "BASE_TABLE",
        "JOIN",
        "SUBQUERY",
        "EXPRESSION_LIST",
        "ORDER_MODIFIER",
        "LIMIT_MODIFIER",
        "DISTINCT_MODIFIER",
        "ASCENDING",
        "DESCENDING",
        "ORDER_DEFAULT",
        "COLUMN_REF",
        "STAR",
        "VALUE_CONSTANT",
        "FUNCTION",
        "OPERATOR_CAST",
        "TYPE",
        "CASE_EXPR",
        "CASE",
        "CONJUNCTION_AND",
        "CONJUNCTION_OR",
        "OPERATOR_NOT",
        "OPERATOR_IS_NULL",
        "OPERATOR_IS_NOT_NULL",
        "COMPARE_IN",
        "COMPARE_NOT_IN",
        "OPERATOR_COALESCE",
        "OPERATOR_NULLIF",
        "ARRAY_EXTRACT",
        "COMPARE_BETWEEN",
        "COMPARE_NOT_BETWEEN",
        "COMPARE_EQUAL",
        "COMPARE_NOTEQUAL",
        "COMPARE_LESSTHAN",
        "COMPARE_GREATERTHAN",
        "COMPARE_LESSTHANOREQUALTO",
        "COMPARE_GREATERTHANOREQUALTO",
        "COMPARE_DISTINCT_FROM",
        "COMPARE_NOT_DISTINCT_FROM",
        "WINDOW_AGGREGATE",
        "WINDOW_ROW_NUMBER",
        "WINDOW_RANK",
        "WINDOW_RANK_DENSE",
        "WINDOW_PERCENT_RANK",
        "WINDOW_NTILE",
        "WINDOW_LAG",
        "WINDOW_LEAD",
        "WINDOW_FIRST_VALUE",
        "WINDOW_LAST_VALUE",
        "WINDOW_NTH_VALUE",
    ]
)
_CASTS = frozenset(
    [
        "boolean",
        "bool",
        "integer",
        "int",
        "int4",
        "int8",
        "bigint",
        "double",
        "float",
        "real",
        "varchar",
        "text",
        "string",
        "date",
        "time",
        "timestamp",
        "interval",
        "decimal",
        "numeric",
        "json",
    ]
)
_CLOCKS = frozenset(
    [
        "current_date",
        "current_time",
        "current_timestamp",
        "localtime",
        "localtimestamp",
        "get_current_timestamp",
        "today",
        "now",
        "user",
        "current_user",
        "session_user",
        "current_role",
        "current_catalog",
        "current_schema",
        "current_database",
        "rowid",
    ]
)
_WORDS = re.compile(
    r"'(?:''|[^'])*'|\"(?:\"\"|[^\"])*\"|--[^\n]*|/\*.*?\*/|\$\w*\$|\bat\b(?!\s+time\b)", re.DOTALL | re.IGNORECASE
)


def sql_query(store: Store, text: str, *, now: datetime) -> Rows:
    """The rows of one SELECT at ``now``, in its own order with every column as tie-breaker.

    BadQuery where it is not SQL, Unsupported for what is not listed in docs/sql.md, NotCaptured for a table not held.
    """
    tree = _tree(text)
    for table in _checked(tree):
        store.holds(table)
    found = store.rows(_text(_ordered(tree, store, now)), now=now)
    return Rows(found.columns, [tuple(_zoned(cell) for cell in row) for row in found.rows])


def check(text: str) -> None:
    """BadQuery or Unsupported where ``sql_query`` would refuse the text of the query, whatever the world holds."""
    _checked(_tree(text))


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


def _checked(tree: dict[str, Any]) -> list[str]:
    """The world's tables that a query reads; Unsupported for anything in it that no list allows."""
    nodes = list(_nodes(tree["statements"][0]["node"]))
    named = {
        entry["key"].lower()
        for node in nodes
        if isinstance(node.get("cte_map"), dict)
        for entry in node["cte_map"]["map"]
    }
    for name in sorted(named):
        if re.match(r"(duckdb|sqlite|pg|pragma)_", name):
            raise Unsupported(f"WITH {name}", PAGE)
    for node in nodes:
        _check(node, named)
    read = {node["table_name"].lower() for node in nodes if node.get("type") == "BASE_TABLE"}
    return sorted(read - named)


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            yield one
            left.extend(reversed(one.values()))
        elif isinstance(one, list):
            left.extend(reversed(one))


def _check(node: dict[str, Any], named: set[str]) -> None:
    kind = node.get("type")
    if node.get("sample"):
        raise Unsupported("TABLESAMPLE", PAGE)
    if node.get("at_clause"):
        raise Unsupported("AT", PAGE)
    if not isinstance(kind, str) or set(node) <= {"id", "type_info", "type", "value", "is_null"}:
        return
    if kind == "TABLE_FUNCTION":
        raise Unsupported(f"{node['function']['function_name']}() as a table", PAGE)
    if kind == "SHOW_REF":
        raise Unsupported("SHOW, DESCRIBE and SUMMARIZE", PAGE)
    if kind not in _TYPES:
        raise Unsupported(kind.replace("_", " ").lower(), PAGE)
    path = (node.get("qualified_name") or {}).get("path", [])
    if len(path) > 1 or any(node.get(name) for name in ("schema", "schema_name", "catalog", "catalog_name")):
        raise Unsupported(".".join(path) or "a schema", PAGE)
    if kind == "BASE_TABLE" and node["table_name"].lower() not in {*TABLES, *named}:
        raise Unsupported(f"table {node['table_name']}", PAGE)
    if kind == "FUNCTION" or kind.startswith("WINDOW"):
        name = node["function_name"].lower()
        if name not in FUNCTIONS:
            raise Unsupported(f"{name}()", PAGE)
        if name == "printf" and not _is_narrow(node):
            raise Unsupported("printf() of a format that is no plain text, or wider than 999", PAGE)
    if kind == "TYPE" and node["type_name"].lower() not in _CASTS:
        raise Unsupported(f"type {node['type_name']}", PAGE)
    if kind == "COLUMN_REF" and len(node["column_names"]) == 1 and node["column_names"][0].lower() in _CLOCKS:
        raise Unsupported(node["column_names"][0], PAGE)
    if kind == "STAR" and (node.get("columns") or node.get("expr")):
        raise Unsupported("COLUMNS()", PAGE)
    if kind == "DISTINCT_MODIFIER" and node.get("distinct_on_targets"):
        raise Unsupported("DISTINCT ON", PAGE)
    if kind == "LIMIT_MODIFIER" and node.get("limit_type", "ROW_COUNT") != "ROW_COUNT":
        raise Unsupported("LIMIT %", PAGE)


def _is_narrow(printf: dict[str, Any]) -> bool:
    """Whether its format says a width that is no attack: 2,000,000,000 columns would fill the memory, past any limit."""
    literal = printf["arguments"][0]["expression"].get("literal") if printf["arguments"] else None
    return bool(literal) and literal["kind"] == "STRING" and not re.search(r"\d{4}|\*", literal["text"])


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
