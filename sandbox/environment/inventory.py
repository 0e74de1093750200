"""What exists in a system, read off the shapes of its tools' returns: tables and JSON. No Django here."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable
from typing import Any

from cases.calls import KIND_ARGUMENTS, kind_of
from sandbox.environment.base import Inventory, Recording

MOST = 500  # names of one kind: an inventory is for choosing from, not for reading
_NAME = re.compile(r"(?![\d.:]+$)[A-Za-z0-9][\w.:/@-]{0,199}")  # an address is no name
_HEADLESS = re.compile(r"(?P<namespace>[a-z0-9-]+)\s{2,}(?P<name>[a-z0-9.-]+)\s{2,}\d+/\d+\s")
# column heads and JSON keys that hold names -> the kind of thing they name
_HEADS = {
    "namespace": "namespaces",
    "node": "nodes",
    "nodename": "nodes",
    "pod": "pods",
    "podname": "pods",
    "pod_name": "pods",
    "service": "services",
    "servicename": "services",
    "service_name": "services",
    "source": "services",
    "target": "services",
    "deployment": "deployments",
    "metric": "metrics",
    "metric_name": "metrics",
    "traceid": "traces",
    "trace_id": "traces",
}


def inventory_of(recordings: Iterable[Recording]) -> Inventory:
    """Names by kind (canonical plurals, metrics, traces), in the order in which the returns give them."""
    found: dict[str, dict[str, None]] = {}
    for recording in recordings:
        if not recording.is_error:
            for kind, name in _named(recording):
                names = found.setdefault(kind, {})
                if len(names) < MOST and _NAME.fullmatch(name):
                    names[name] = None
    return Inventory({kind: tuple(names) for kind, names in sorted(found.items()) if names})


def _named(recording: Recording) -> Iterable[tuple[str, str]]:
    text = recording.output.removeprefix("stdout:\n").lstrip()
    if text[:1] in "{[":
        return _in_json(text)
    head = text.partition("\n")[0]
    kind = _kind_asked(recording.arguments)
    if head.isupper() and "NAME" in head.split():
        return _in_table(text, kind)
    if kind and _HEADLESS.match(head):
        return _in_headless_table(text, kind)
    if head.count(",") >= 1 and len(head) < 400 and " " not in head.strip():
        return _in_csv(text)
    return ()


def _kind_asked(arguments: dict[str, Any]) -> str | None:
    asked = (arguments.get(name) for name in KIND_ARGUMENTS)
    return next((kind_of(word) for word in asked if isinstance(word, str)), None)


def _in_table(text: str, kind: str | None) -> Iterable[tuple[str, str]]:
    """A table as kubectl prints it: upper-case heads, a column ends where two spaces follow."""
    lines = text.splitlines()
    heads = re.split(r"\s{2,}", lines[0].strip())
    for line in lines[1:]:
        for head, cell in zip(heads, re.split(r"\s{2,}", line.strip()), strict=False):
            of = kind if head == "NAME" else _HEADS.get(head.lower())
            short, slash, name = cell.lstrip("│├└─ ").partition("/")
            if head == "NAME" and slash:
                of, cell = kind_of(short.partition(".")[0]), name
            if of:
                yield of, cell


def _in_headless_table(text: str, kind: str) -> Iterable[tuple[str, str]]:
    """The same without its heads, for all namespaces: namespace, name, ready."""
    for line in text.splitlines():
        row = _HEADLESS.match(line)
        if row:
            yield "namespaces", row["namespace"]
            yield kind, row["name"]


def _in_csv(text: str) -> Iterable[tuple[str, str]]:
    rows = csv.reader(io.StringIO(text))
    kinds = [_HEADS.get(head.strip().lower()) for head in next(rows, [])]
    for row in rows:
        for kind, cell in zip(kinds, row, strict=False):
            if kind:
                yield kind, cell


def _in_json(text: str) -> Iterable[tuple[str, str]]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return
    stack: list[tuple[str | None, Any]] = [(None, data)]
    while stack:
        of, value = stack.pop()
        if isinstance(value, dict):
            for key, item in value.items():
                if isinstance(item, str):
                    kind = of if key == "name" else _HEADS.get(key.lower())
                    if kind:
                        yield kind, item
                else:
                    stack.append((kind_of(key) or ("metrics" if key == "metrics" else None), item))
        elif isinstance(value, list):
            stack.extend((of, item) for item in reversed(value))
