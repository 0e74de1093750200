"""Doing a declared action: the objects and samples it changes, worked out before anything is written. No Django here."""

from __future__ import annotations

import json
import math
import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import yaml

from cases.calls import kind_of
from sandbox.environment.world.actions import OF_METRICS, OF_OBJECTS, Action, Asked, path_of
from sandbox.environment.world.base import BadQuery, NotCaptured
from sandbox.environment.world.lexing import duration
from sandbox.environment.world.opening import Edit, Store, naive

_COMPARES: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_VALUES = {"set": "CAST(? AS DOUBLE)", "times": "value * ?", "plus": "value + ?"}
_ABSENT = object()


@dataclass
class Version:
    """An object in one interval of its life, as far as the action has got with it."""

    row: int
    kind: str
    name: str
    namespace: str
    from_at: datetime
    until_at: datetime | None
    manifest: dict[str, Any]
    changed: bool = False
    gone: bool = False

    def __str__(self) -> str:
        return f"{self.kind} {f'{self.namespace}/' if self.namespace else ''}{self.name}"


@dataclass
class Done:
    """What an action comes to: what is said, what is written, and what it was in words. Without ``edits`` it was refused."""

    said: str
    edits: list[Edit] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    refused: bool = False


class _Refused(Exception):
    """A condition that does not hold; the message is what the tool says."""


def done(store: Store, action: Action, arguments: dict[str, Any], now: datetime) -> Done:
    """Work out ``action`` at ``now``: every condition, then every effect; nothing is written by this.

    NotCaptured for an argument that the action neither reads nor ignores.
    """
    unread = sorted(arguments.keys() - action.places - set(action.ignored))
    if unread:
        raise NotCaptured(f"what {unread[0]} does is not captured")
    asked = Asked(arguments, now)
    work = _Work(store, now)
    try:
        for condition in action.requires:
            work.require(asked.filled({name: part for name, part in condition.items() if name != "field"})
                         | _field(condition, asked))  # fmt: skip
        for effect in action.effects:
            work.make(asked.filled({name: part for name, part in effect.items() if name != "field"})
                      | _field(effect, asked))  # fmt: skip
    except (_Refused, BadQuery) as refusal:
        return Done(f"{refusal}\n", words=["refused, nothing changed"], refused=True)
    said = str(asked.filled(action.says))
    return Done(said if said.endswith("\n") else said + "\n", [*work.written(), *work.edits], work.words)


def _field(part: dict[str, Any], asked: Asked) -> dict[str, list[str]]:
    """The field's segments, split before they are filled: a name that comes in an argument may hold a dot."""
    return {"field": [str(asked.filled(one)) for one in path_of(part["field"])]} if "field" in part else {}


class _Work:
    def __init__(self, store: Store, now: datetime):
        self.store, self.now = store, now
        self.edits: list[Edit] = []
        self.words: list[str] = []
        self._versions: list[Version] | None = None

    def require(self, condition: dict[str, Any]) -> None:
        compares, refusal = condition.get("is", "exists"), condition.get("else", "")
        if "metric" in condition:
            named, values = condition["metric"], [value for _, value in self._newest(condition)]
        else:
            found = [one for one in self._selected(condition["object"]) if one.from_at <= naive(self.now)]
            path = condition.get("field")
            named = ".".join(path) if path else _named(condition["object"])
            values = [value for one in found for value in (_read(one.manifest, path) if path else [one])]
            if not found and compares != "absent":
                raise _Refused(refusal or f"Error from server (NotFound): {_named(condition['object'])} not found")
        if compares in ("exists", "absent"):
            if bool(values) is (compares == "absent"):
                raise _Refused(refusal or f"error: {named} {'is there already' if values else 'is not there'}")
            return
        wanted = condition["value"]
        if not values or not all(_compared(value, compares, wanted) for value in values):
            held = ", ".join(_short(value) for value in values) or "nothing"
            raise _Refused(refusal or f"error: {named} is {held}; it must be {compares} {_short(wanted)}")

    def make(self, effect: dict[str, Any]) -> None:
        if "metric" in effect:
            return self._sampled(effect)
        found = self._selected(effect["object"])
        current = [one for one in found if one.from_at <= naive(self.now)]
        if not current and effect["object"].get("name"):
            raise _Refused(f"Error from server (NotFound): {_named(effect['object'])} not found")
        verb = next(name for name in OF_OBJECTS if name in effect)
        if verb == "remove":
            for one in found:
                one.gone = True
            self.words += [f"{one} removed" for one in current]
            return None
        path = effect["field"]
        for one in current:
            value = self._earlier(one, path) if verb == "earlier" else effect[verb]
            was = _read(one.manifest, path)
            # what is frozen of the object's later life is changed too, or the action would undo itself
            for later in (
                it for it in found if (it.kind, it.namespace, it.name) == (one.kind, one.namespace, one.name)
            ):
                if not _write(later.manifest, path, _added(value) if verb == "plus" else lambda _, new=value: new):
                    raise _Refused(f"error: {one} has no {'.'.join(path)}")
                later.changed = True
            became = _read(one.manifest, path)
            self.words.append(f"{one} {'.'.join(path)} {_listed(was)} -> {_listed(became)}")
        return None

    def written(self) -> list[Edit]:
        """The changed versions: what was frozen up to now stays, what is from now on is the action's."""
        now, edits = naive(self.now), []
        for one in self._versions or []:
            begun = one.from_at < now
            if one.gone and begun:
                edits.append(("UPDATE frozen.objects SET until_at = ? WHERE rowid = ?", [now, one.row]))
            elif one.gone:
                edits.append(("DELETE FROM frozen.objects WHERE rowid = ?", [one.row]))
            elif one.changed:
                text = yaml.safe_dump(one.manifest, sort_keys=False, allow_unicode=True)
                if begun:
                    edits.append(("UPDATE frozen.objects SET until_at = ? WHERE rowid = ?", [now, one.row]))
                    values = [one.kind, one.name, one.namespace, now, one.until_at, text]
                    columns = "kind, name, namespace, from_at, until_at, manifest"
                    edits.append((f"INSERT INTO frozen.objects ({columns}) VALUES (?, ?, ?, ?, ?, ?)", values))
                else:
                    edits.append(("UPDATE frozen.objects SET manifest = ? WHERE rowid = ?", [text, one.row]))
        return edits

    def _selected(self, wanted: dict[str, Any]) -> list[Version]:
        """Objects that are there now, and their later life; those that ``where`` fits now, or will."""
        kind = _kind(str(wanted["kind"]))
        return [
            one
            for one in self._live()
            if not one.gone
            and _kind(one.kind) == kind
            and all(not wanted.get(name) or str(wanted[name]) == getattr(one, name) for name in ("name", "namespace"))
            and all(value in _read(one.manifest, path_of(name)) for name, value in wanted.get("where", {}).items())
        ]

    def _live(self) -> list[Version]:
        if self._versions is None:
            self.store.holds("objects")
            found = self.store.rows(
                "SELECT rowid, kind, name, namespace, from_at, until_at, manifest FROM frozen.objects "
                "WHERE until_at IS NULL OR until_at > ? ORDER BY kind, namespace, name, from_at, rowid",
                [naive(self.now)],
                now=self.now,
            )
            self._versions = [Version(*row[:6], manifest=yaml.safe_load(row[6])) for row in found.rows]
        return self._versions

    def _earlier(self, one: Version, path: list[str]) -> Any:
        """The value that the field had last before the one it has."""
        held = _read(one.manifest, path)
        found = self.store.rows(
            "SELECT manifest FROM frozen.objects WHERE kind = ? AND namespace = ? AND name = ? AND from_at < ? "
            "ORDER BY from_at DESC, rowid DESC",
            [one.kind, one.namespace, one.name, one.from_at],
            now=self.now,
        )
        for (text,) in found.rows:
            value = _read(yaml.safe_load(text), path)
            if value and value != held:
                return value[0]
        raise _Refused(f"error: no earlier {'.'.join(path)} of {one} found")

    def _series(self, about: dict[str, Any]) -> tuple[str, list[Any]]:
        self.store.holds("metrics")
        tests, values = ["metric = ?"], [str(about["metric"])]
        if about.get("component"):
            tests.append("component = ?")
            values.append(str(about["component"]))
        for name, value in about.get("labels", {}).items():
            tests.append("json_extract_string(labels, ?) = ?")
            values += ['$."' + name.replace('"', "") + '"', str(value)]
        return f"SELECT id FROM frozen.series WHERE {' AND '.join(tests)}", values

    def _newest(self, about: dict[str, Any]) -> list[tuple[int, float]]:
        series, values = self._series(about)
        return self.store.rows(
            f'SELECT series, arg_max(value, "at") FROM frozen.metrics WHERE series IN ({series}) AND "at" <= ? '
            "GROUP BY series ORDER BY series",
            [*values, naive(self.now)],
            now=self.now,
        ).rows

    def _sampled(self, effect: dict[str, Any]) -> None:
        verb = next(name for name in OF_METRICS if name in effect)
        value = _number(verb, effect[verb])
        series, values = self._series(effect)
        begin = naive(self.now) + _length(effect.get("after"))
        tests, window = f'series IN ({series}) AND "at" > ?', [*values, begin]
        if effect.get("for"):
            tests, window = f'{tests} AND "at" <= ?', [*window, begin + _length(effect["for"])]
        count = self.store.rows(f"SELECT count(*) FROM frozen.metrics WHERE {tests}", window, now=self.now).rows[0][0]
        self.edits.append((f"UPDATE frozen.metrics SET value = {_VALUES[verb]} WHERE {tests}", [value, *window]))
        of = f" of {effect['component']}" if effect.get("component") else ""
        self.words.append(f"{effect['metric']}{of} {verb} {value:g} in {count} samples from {begin.isoformat()}Z on")


def _kind(word: str) -> str:
    return kind_of(word) or word.lower()


def _named(wanted: dict[str, Any]) -> str:
    return f'{_kind(str(wanted["kind"]))} "{wanted.get("name") or json.dumps(wanted.get("where"))}"'


def _length(text: str | None) -> timedelta:
    return timedelta(microseconds=duration(str(text))) if text else timedelta(0)


def _read(held: Any, path: list[str]) -> list[Any]:
    """Every value at a path; ``*`` stands for every item of a list or an object."""
    if not path:
        return [held]
    return [value for key in _keys(held, path[0]) if (inner := _at(held, key)) is not _ABSENT for value in _read(inner, path[1:])]  # fmt: skip


def _write(held: Any, path: list[str], change: Callable[[Any], Any]) -> bool:
    """Put ``change(the value there, or None)`` at every place of a path; objects on the way are made. Whether one was."""
    keys, wrote = _keys(held, path[0]), False
    for key in keys or ([path[0]] if isinstance(held, dict) and path[0] != "*" else []):
        inner = _at(held, key)
        if len(path) == 1:
            held[key], wrote = change(None if inner is _ABSENT else inner), True
            continue
        if inner is _ABSENT or inner is None:
            inner = held[key] = {}
        wrote = _write(inner, path[1:], change) or wrote
    return wrote


def _keys(held: Any, part: str) -> list[Any]:
    if isinstance(held, dict):
        return list(held) if part == "*" else [part] if part in held else []
    if isinstance(held, list):
        if part == "*":
            return list(range(len(held)))
        return [int(part)] if part.isdecimal() and int(part) < len(held) else []
    return []


def _at(held: Any, key: Any) -> Any:
    return held.get(key, _ABSENT) if isinstance(held, dict) else held[key]


def _added(amount: Any) -> Callable[[Any], Any]:
    return lambda held: (0 if held is None else _number("plus", held)) + _number("plus", amount)


def _number(name: str, value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _Refused(f"error: {name}: {_short(value)} is not a number")
    return value


def _compared(value: Any, compares: str, wanted: Any) -> bool:
    try:
        return bool(_COMPARES[compares](value, wanted))
    except TypeError:  # text and number have no order
        return False


def _listed(values: list[Any]) -> str:
    return ", ".join(_short(value) for value in values) or "nothing"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= 60 else text[:60] + "…"
