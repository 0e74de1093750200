"""Objects of a world as they were at a moment, and the events about them. No Django here."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import yaml

from cases.calls import kind_of
from sandbox.environment.clock import clipped
from sandbox.environment.world.asking import Asked, asked
from sandbox.environment.world.base import BadQuery
from sandbox.environment.world.opening import Rows, Store, aware, naive

PAGE = "objects.md"
VERBS = {
    "get": ("kind", "name", "namespace", "output"),
    "list": ("kind", "namespace"),
    "describe": ("kind", "name", "namespace"),
    "events": ("kind", "name", "namespace", "type"),
}
OUTPUTS = ("yaml", "json")


def object_query(store: Store, text: str, *, start: datetime | None, end: datetime, now: datetime) -> Rows | str:
    """Objects as they were at ``end``, never later than ``now``, as rows; a manifest or a description as text.

    Raises NotFound where no such object was there: that is an answer, and an error to whoever asked.
    """
    question = asked(text, VERBS, PAGE)
    at = clipped(end, end, now)[1]
    if question.verb == "events":
        store.holds("events")
        return _events(store, question, start, at)
    store.holds("objects")
    if question.verb != "list" and not question["kind"]:
        raise BadQuery(f'{question.verb}: of which kind? Give kind="..."')
    if question.verb == "list" or (question.verb == "get" and not question["name"]):
        return _listed(store, question, at)
    if not question["name"]:
        raise BadQuery('describe: which? Give name="..."')
    found = _objects(store, question, at)
    if not found:
        raise NotFound(question)
    if question.verb == "describe":
        return "\n".join(_described(store, row, at) for row in found)
    output = question["output"] or "yaml"
    if output not in OUTPUTS:
        raise BadQuery(f"get: output {output!r} is none of {', '.join(OUTPUTS)}")
    if output == "json":
        return "\n".join(json.dumps(yaml.safe_load(row[5]), indent=2, default=str) for row in found) + "\n"
    return "---\n".join(row[5] if row[5].endswith("\n") else row[5] + "\n" for row in found)


class NotFound(BadQuery):
    """No such object at that moment."""

    def __init__(self, question: Asked):
        kind = kind_of(question["kind"]) or question["kind"].lower()
        super().__init__(f'Error from server (NotFound): {kind} "{question["name"]}" not found')


def _objects(store: Store, question: Asked, at: datetime) -> list[tuple[Any, ...]]:
    tests, values = ['("until_at" IS NULL OR "until_at" > ?)'], [naive(at)]
    if question["kind"]:
        wanted = kind_of(question["kind"]) or question["kind"].lower()
        held = [row[0] for row in store.rows("SELECT DISTINCT kind FROM objects ORDER BY kind", now=at).rows]
        tests.append("list_contains(?, kind)")
        values.append([kind for kind in held if (kind_of(kind) or kind.lower()) == wanted])
    for name in ("name", "namespace"):
        if question[name]:
            tests.append(f"{name} = ?")
            values.append(question[name])
    return store.rows(
        "SELECT kind, namespace, name, from_at, until_at, manifest FROM objects "
        f"WHERE {' AND '.join(tests)} ORDER BY kind, namespace, name, from_at, manifest",
        values,
        now=at,
    ).rows


def _listed(store: Store, question: Asked, at: datetime) -> Rows:
    columns = ("namespace", "kind", "name", "ready", "status", "restarts", "age")
    rows = []
    for kind, namespace, name, begun, _, text in _objects(store, question, at):
        manifest = yaml.safe_load(text)
        rows.append((namespace, kind, name, *_state(manifest), age(at - _created(manifest, aware(begun), at))))
    return Rows(columns, rows)


def _state(manifest: dict[str, Any]) -> tuple[str, str, str]:
    """Ready, status and restarts, as far as the manifest says."""
    status = manifest.get("status")
    status = status if isinstance(status, dict) else {}
    containers = [one for one in status.get("containerStatuses") or [] if isinstance(one, dict)]
    if containers:
        ready = f"{sum(bool(one.get('ready')) for one in containers)}/{len(containers)}"
        waiting = [
            reason
            for one in containers
            for held in [one.get("state") or {}]
            for name in ("waiting", "terminated")
            if (reason := (held.get(name) or {}).get("reason"))
        ]
        restarts = str(sum(int(one.get("restartCount") or 0) for one in containers))
        return ready, str(waiting[0] if waiting else status.get("phase", "")), restarts
    if "replicas" in status:
        return f"{status.get('readyReplicas', 0)}/{status['replicas']}", str(status.get("phase", "")), ""
    return "", str(status.get("phase", "")), ""


def _created(manifest: dict[str, Any], begun: datetime, at: datetime) -> datetime:
    held = (manifest.get("metadata") or {}).get("creationTimestamp")
    try:
        created = held if isinstance(held, datetime) else datetime.fromisoformat(str(held))
    except ValueError:
        return begun
    created = aware(created) if created.tzinfo is None else created
    return min(created, at)


def age(length: timedelta) -> str:
    """How old, as kubectl has it: 45s, 12m, 5h, 3d."""
    seconds = max(0, int(length.total_seconds()))
    for size, unit, most in ((1, "s", 120), (60, "m", 120 * 60), (3600, "h", 48 * 3600)):
        if seconds < most:
            return f"{seconds // size}{unit}"
    return f"{seconds // 86400}d"


def _events(store: Store, question: Asked, start: datetime | None, at: datetime) -> Rows:
    tests, values = ["true"], []
    if start is not None:
        tests.append('"at" >= ?')
        values.append(naive(start))
    for name in ("name", "namespace", "type"):
        if question[name]:
            tests.append(f"{name} = ?")
            values.append(question[name])
    found = store.rows(
        'SELECT "at", type, reason, kind, name, namespace, times, message FROM events '
        f'WHERE {" AND ".join(tests)} ORDER BY "at", kind, name, reason, message, times, type, namespace',
        values,
        now=at,
    )
    wanted = kind_of(question["kind"]) or question["kind"].lower()
    rows = [row for row in found.rows if not wanted or (kind_of(row[3]) or row[3].lower()) == wanted]
    return Rows(found.columns, [(aware(row[0]), *row[1:]) for row in rows])


def _described(store: Store, row: tuple[Any, ...], at: datetime) -> str:
    kind, namespace, name, _, _, text = row
    lines = [
        f"Name:       {name}",
        f"Namespace:  {namespace or '<none>'}",
        f"Kind:       {kind}",
        "",
        text.rstrip("\n"),
        "",
    ]
    if store.spec.table("events") is None:
        lines.append("Events:     not captured")
        return "\n".join(lines) + "\n"
    about = Asked("events", {"kind": kind, "name": name} | ({"namespace": namespace} if namespace else {}))
    events = _events(store, about, None, at).rows
    lines.append("Events:" if events else "Events:     <none>")
    lines += [f"  {event[1]}  {event[2]}  {age(at - event[0])}  (x{event[6] or 1})  {event[7]}" for event in events]
    return "\n".join(lines) + "\n"
