"""What a query of a world's tables may hold: lists of functions, parts and types, and the check of DuckDB's own parse.

Nothing passes that no list names. No Django here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sandbox.environment.world.base import TABLES, Unsupported

PAGE = "sql.md"
FUNCTIONS = frozenset([
    "count", "count_star", "sum", "avg", "min", "max", "median", "mode", "stddev", "stddev_pop", "stddev_samp",
    "var_pop", "var_samp", "variance", "corr", "bool_and", "bool_or", "quantile_cont", "quantile_disc",
    "approx_quantile", "arg_min", "arg_max", "min_by", "max_by", "string_agg", "list", "array_agg", "row_number",
    "rank", "dense_rank", "percent_rank", "ntile", "lag", "lead", "first_value", "last_value", "nth_value", "first",
    "last", "+", "-", "*", "/", "//", "%", "**", "^", "||", "~~", "!~~", "~~*", "!~~*", "~", "!~", "->", "->>", "@>",
    "not", "abs", "ceil", "ceiling", "floor", "round", "sqrt", "ln", "log", "log2", "log10", "exp", "pow", "power",
    "sign", "mod", "greatest", "least", "isnan", "isfinite", "lower", "upper", "length", "strlen", "trim", "ltrim",
    "rtrim", "replace", "substr", "substring", "left", "right", "concat", "concat_ws", "contains", "starts_with",
    "ends_with", "prefix", "suffix", "position", "strpos", "instr", "split_part", "string_split", "reverse",
    "like_escape", "not_like_escape", "ilike_escape", "not_ilike_escape", "regexp_matches", "regexp_full_match",
    "regexp_extract", "regexp_extract_all", "regexp_replace", "printf", "coalesce", "ifnull", "nullif", "if",
    "date_trunc", "date_part", "datetrunc", "datepart", "date_diff", "datediff", "time_bucket", "epoch", "epoch_ms",
    "epoch_us", "to_timestamp", "to_seconds", "to_minutes", "to_hours", "to_days", "strftime", "strptime", "year",
    "month", "day", "hour", "minute", "second", "json_extract", "json_extract_string", "json_keys", "json_array_length",
    "json_type", "json_valid", "list_value", "list_contains", "list_sort", "len", "unnest", "array_length",
])  # fmt: skip
_TYPES = frozenset([
    "SELECT_NODE", "SET_OPERATION_NODE", "EMPTY", "BASE_TABLE", "JOIN", "SUBQUERY", "EXPRESSION_LIST", "ORDER_MODIFIER",
    "LIMIT_MODIFIER", "DISTINCT_MODIFIER", "ASCENDING", "DESCENDING", "ORDER_DEFAULT", "COLUMN_REF", "STAR",
    "VALUE_CONSTANT", "FUNCTION", "OPERATOR_CAST", "TYPE", "CASE_EXPR", "CASE", "CONJUNCTION_AND", "CONJUNCTION_OR",
    "OPERATOR_NOT", "OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL", "COMPARE_IN", "COMPARE_NOT_IN", "OPERATOR_COALESCE",
    "OPERATOR_NULLIF", "ARRAY_EXTRACT", "COMPARE_BETWEEN", "COMPARE_NOT_BETWEEN", "COMPARE_EQUAL", "COMPARE_NOTEQUAL",
    "COMPARE_LESSTHAN", "COMPARE_GREATERTHAN", "COMPARE_LESSTHANOREQUALTO", "COMPARE_GREATERTHANOREQUALTO",
    "COMPARE_DISTINCT_FROM", "COMPARE_NOT_DISTINCT_FROM", "WINDOW_AGGREGATE", "WINDOW_ROW_NUMBER", "WINDOW_RANK",
    "WINDOW_RANK_DENSE", "WINDOW_PERCENT_RANK", "WINDOW_NTILE", "WINDOW_LAG", "WINDOW_LEAD", "WINDOW_FIRST_VALUE",
    "WINDOW_LAST_VALUE", "WINDOW_NTH_VALUE",
])  # fmt: skip
_CASTS = frozenset([
    "boolean", "bool", "integer", "int", "int4", "int8", "bigint", "double", "float", "real", "varchar", "text",
    "string", "date", "time", "timestamp", "interval", "decimal", "numeric", "json",
])  # fmt: skip
_CLOCKS = frozenset([
    "current_date", "current_time", "current_timestamp", "localtime", "localtimestamp", "get_current_timestamp",
    "today", "now", "user", "current_user", "session_user", "current_role", "current_catalog", "current_schema",
    "current_database", "rowid",
])  # fmt: skip


def tables_read(tree: dict[str, Any]) -> list[str]:
    """The world's tables that a parsed query reads; Unsupported for anything in it that no list allows."""
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
