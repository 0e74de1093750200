"""What an effectful tool does to a world, declared: what it needs, what it changes, what it says. No Django here.

An action is data that travels with its world; docs/actions.md is its page. Nothing is guessed: what no effect names
stays as it was frozen, and a tool without an action stays refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cases.transcript import ToolSchema
from sandbox.environment.world.base import BadQuery, NotCaptured, WorldError
from sandbox.environment.world.lexing import duration
from sandbox.environment.world.rendering import PLACE

COMPARES = ("exists", "absent", "=", "!=", "<", "<=", ">", ">=")
OF_OBJECTS = ("set", "plus", "earlier", "remove")
OF_METRICS = ("set", "times", "plus")
NOW = "now"  # a placeholder of its own: the moment of the action
_ACTION = {"says": str, "requires": list, "effects": list, "leaves": list, "ignored": list}
_OBJECT = {"kind": str, "name": str, "namespace": str, "where": dict}
_ABOUT = {"object": dict, "field": (str, list), "metric": str, "component": str, "labels": dict}
_CONDITION = _ABOUT | {"is": str, "value": object, "else": str}
_EFFECT = _ABOUT | {name: object for name in (*OF_OBJECTS, *OF_METRICS)} | {"after": str, "for": str}


class BadAction(WorldError):
    """An action that could never be done; its message says where and what to write instead."""


@dataclass(frozen=True)
class Action:
    """One tool's declared effects. ``requires`` are looked at in turn, then ``effects`` are made in turn, all or none.

    Every text in it is a template over the call's arguments: ``{{name}}``, ``{{name|default}}``; one that is nothing
    else keeps the argument's type. ``leaves`` names tools whose recordings still hold afterwards, ``ignored``
    arguments without effect.
    """

    says: str
    requires: tuple[dict[str, Any], ...] = ()
    effects: tuple[dict[str, Any], ...] = ()
    leaves: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        body = {name: getattr(self, name) for name in _ACTION}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in body.items() if value}

    @classmethod
    def from_json(cls, body: Any) -> Action:
        """The action that ``as_json`` wrote; BadAction, in words, for anything else."""
        _fields(body, _ACTION, "an action")
        if not body.get("says"):
            raise BadAction("says: must be given: what the tool prints when it is done")
        for number, condition in enumerate(body.get("requires", []), 1):
            _within(f"requires {number}", _check_condition, condition)
        for number, effect in enumerate(body.get("effects", []), 1):
            _within(f"effects {number}", _check_effect, effect)
        for name in ("leaves", "ignored"):
            if any(not isinstance(item, str) for item in body.get(name, [])):
                raise BadAction(f"{name}: a list of names is wanted")
        return cls(body["says"], *(tuple(body.get(name, ())) for name in ("requires", "effects", "leaves", "ignored")))

    @property
    def places(self) -> set[str]:
        """The arguments that it reads."""
        return {found[1] for text in _texts(self.as_json()) for found in PLACE.finditer(text)} - {NOW}


@dataclass(frozen=True)
class Asked:
    """The arguments of one call of an action, at one moment."""

    arguments: Mapping[str, Any]
    now: datetime
    given: dict[str, Any] = field(default_factory=dict)

    def filled(self, value: Any) -> Any:
        """``value`` with every template in it filled."""
        if isinstance(value, dict):
            return {self._text(name): self.filled(item) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.filled(item) for item in value]
        if not isinstance(value, str):
            return value
        whole = PLACE.fullmatch(value)
        return self._argument(whole) if whole else self._text(value)

    def _text(self, template: str) -> str:
        return PLACE.sub(lambda found: _said(self._argument(found)), template)

    def _argument(self, found: re.Match[str]) -> Any:
        if found[1] == NOW:
            return self.now.isoformat().replace("+00:00", "Z")
        if found[1] in self.arguments:
            return self.arguments[found[1]]
        if found[3] is None:
            raise NotCaptured(f"without {found[1]} it is not captured")
        try:
            return json.loads(found[3])
        except ValueError:
            return found[3]


def check_action(tool: str, action: Action, schema: ToolSchema | None, tables: set[str]) -> None:
    """BadAction where the tool is none, changes nothing by its own word, or the action reads what it has not."""
    if schema is not None and not schema.effectful:
        raise BadAction(f"{tool}: the tool says that it changes nothing; mark it effectful, or leave its action out")
    if schema is not None:
        properties = set(schema.parameters.get("properties") or {})
        unknown = sorted(action.places - properties)
        if unknown:
            known = ", ".join(sorted(properties)) or "none"
            raise BadAction(f"{tool}: {{{{{unknown[0]}}}}} is no argument; the tool takes {known}")
        required = set(schema.parameters.get("required") or [])
        for text in _texts(action.as_json()):
            for found in PLACE.finditer(text):
                if found[3] is None and found[1] not in required | {NOW}:
                    raise BadAction(f"{tool}: {found[0]} may be missing from a call; write {{{{{found[1]}|default}}}}")
    for part in (*action.requires, *action.effects):
        table = "objects" if "object" in part else "metrics"
        if table not in tables:
            raise BadAction(f"{tool}: it is about {table}, which this world does not hold; add the table")


def path_of(written: str | list[str]) -> list[str]:
    """A field as its segments; one that holds a dot itself is written as a list."""
    return written.split(".") if isinstance(written, str) else list(written)


def _check_condition(body: Any) -> None:
    _fields(body, _CONDITION, "a condition")
    _check_about(body)
    compares = body.get("is", "exists")
    if compares not in COMPARES:
        raise BadAction(f"is: {compares!r} is none of {', '.join(COMPARES)}")
    if compares not in ("exists", "absent"):
        if "value" not in body:
            raise BadAction(f"value: must be given with is: {compares!r}")
        if "object" in body and "field" not in body:
            raise BadAction(f"field: must be given with is: {compares!r}")


def _check_effect(body: Any) -> None:
    _fields(body, _EFFECT, "an effect")
    _check_about(body)
    verbs = OF_OBJECTS if "object" in body else OF_METRICS
    said = [name for name in {**dict.fromkeys(OF_OBJECTS), **dict.fromkeys(OF_METRICS)} if name in body]
    if len(said) != 1 or said[0] not in verbs:
        raise BadAction(f"one of {', '.join(verbs)} must be given, not {', '.join(said) or 'none'}")
    if said[0] in ("remove", "earlier") and body[said[0]] is not True:
        raise BadAction(f"{said[0]}: true is wanted")
    if "object" in body:
        if ("field" in body) == (said[0] == "remove"):
            raise BadAction("field: must be given, except to remove the object")
        if "after" in body or "for" in body:
            raise BadAction("after: an object changes at once; only a metric takes after and for")
    else:
        for name in ("after", "for"):
            if name in body and not PLACE.search(body[name]):
                try:
                    duration(body[name])
                except BadQuery as error:
                    raise BadAction(f"{name}: {error}") from error
    if said[0] in ("times", "plus") or "metric" in body:
        _check_number(said[0], body[said[0]])


def _check_about(body: dict[str, Any]) -> None:
    if ("object" in body) == ("metric" in body):
        raise BadAction("either object or metric must be given")
    if "object" in body:
        _within("object", lambda held: _fields(held, _OBJECT, "an object"), body["object"])
        if not body["object"].get("kind"):
            raise BadAction("object: kind: must be given")
        if not body["object"].get("name") and not body["object"].get("where"):
            raise BadAction("object: name or where: must be given, or it would be every object of the kind")
        if "component" in body or "labels" in body:
            raise BadAction("component: it selects metrics; an object is selected by kind, name, namespace and where")
        path = path_of(body.get("field", "a"))
        if any(not isinstance(part, str) or not part for part in path) or not path:
            raise BadAction("field: it is written as spec.replicas, or as a list of its segments")
    elif "field" in body:
        raise BadAction("field: a metric has none")


def _check_number(name: str, value: Any) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number and not (isinstance(value, str) and PLACE.fullmatch(value)):
        raise BadAction(f"{name}: a number or {{{{an argument}}}} is wanted, not {value!r}")


def _fields(body: Any, known: Mapping[str, Any], what: str) -> None:
    if not isinstance(body, dict):
        raise BadAction(f"{what} is an object, not {type(body).__name__}")
    for name, value in body.items():
        if name not in known:
            raise BadAction(f"{name}: no such field; {what} has {', '.join(known)}")
        if not isinstance(value, known[name]):
            wanted = {str: "text", list: "a list", dict: "an object"}.get(known[name], "text or a list")
            raise BadAction(f"{name}: {wanted} is wanted, not {type(value).__name__}")


def _within(where: str, check: Any, body: Any) -> None:
    try:
        check(body)
    except BadAction as error:
        raise BadAction(f"{where}: {error}") from error


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for name, item in value.items() for text in (name, *_texts(item))]
    if isinstance(value, list | tuple):
        return [text for item in value for text in _texts(item)]
    return [value] if isinstance(value, str) else []


def _said(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
