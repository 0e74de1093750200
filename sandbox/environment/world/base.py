"""What a world is made of: frozen tables, how tools are answered from them, when its clock starts. No Django here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

from cases.transcript import digest_of

ENGINES = ("promql", "logs", "traces", "sql", "objects")
FORMATS = ("csv", "lines", "json", "table", "kubectl")
TIMES = ("iso", "plain", "epoch")
TABLES = ("metrics", "logs", "spans", "events", "changes", "objects", "topology", "slow_queries", "alerts")


class WorldError(Exception):
    """What a world cannot do with a call or a file; its message is for whoever asked."""


class BadTable(WorldError):
    """Rows or a file that no table of a world can be made of."""


class BadBinding(WorldError):
    """A binding that no engine could answer by."""


class BadQuery(WorldError):
    """A query that means nothing in its language, or that asks for more than the limits; never a Miss."""


class Unsupported(WorldError):
    """A query outside the documented subset of its language: says the word and the page that lists what there is."""

    def __init__(self, word: str, page: str):
        self.word, self.page = word, page
        super().__init__(f"unsupported: {word}. What can be asked is in sandbox/environment/world/docs/{page}")


class NotCaptured(WorldError):
    """A table, a window or an argument that this world does not hold: not the same as an empty answer."""


@dataclass(frozen=True)
class TableFile:
    """One frozen table: a Parquet file (zstd) under its content's digest. ``data`` is b"" where the bytes are elsewhere."""

    name: str
    digest: str
    rows: int
    size: int  # bytes
    first_at: datetime | None = None
    last_at: datetime | None = None
    data: bytes = field(default=b"", repr=False, compare=False)

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "digest": self.digest,
            "rows": self.rows,
            "size": self.size,
            "first_at": _written(self.first_at),
            "last_at": _written(self.last_at),
        }


@dataclass(frozen=True)
class Binding:
    """How one tool is answered by an engine.

    ``query``, ``start``, ``end``, ``step``, ``limit`` and ``direction`` are templates: ``{{name}}`` is an argument of the call that it
    must give, ``{{name|text}}`` has a default, ``{{name:re}}`` is escaped for a pattern, and ``[[ ... ]]`` is left out
    unless every argument in it is given. Times are ISO, epoch seconds, ``now``, ``alert`` or an offset such as ``now-30m``.
    ``values`` translates what an argument says, ``ignored`` names arguments without effect; a call with any other
    argument is not captured. ``columns`` (shown name -> column) selects and renames; ``line`` is a template over a row.
    """

    engine: str
    query: str
    format: str = "table"
    start: str = ""  # promql: with start it is a range query, else an instant one at end
    end: str = ""
    step: str = ""
    limit: str = ""
    direction: str = ""  # logs: forward (the oldest first), backward (the newest first), tail (the newest, in order)
    ignored: tuple[str, ...] = ()
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)
    line: str = ""  # for lines
    time: str = "iso"  # iso | plain | epoch
    digits: int | None = None  # decimals of numbers; None: as they are
    header: bool = True  # for csv and table
    empty: str = ""  # what is said where there is no row; "" leaves it to the format
    as_set: bool = False  # the recorded text is a set: its lines may be compared in any order

    def as_json(self) -> dict[str, Any]:
        body = {item.name: getattr(self, item.name) for item in fields(self)}
        kept = {name: value for name, value in body.items() if value != _DEFAULTS.get(name, ...)}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in kept.items()}

    @classmethod
    def from_json(cls, body: Any) -> Binding:
        """The binding that ``as_json`` wrote; BadBinding, in words, for anything else. Its query is checked by `bindings`."""
        if not isinstance(body, dict):
            raise BadBinding(f"a binding is an object, not {type(body).__name__}")
        unknown = sorted(body.keys() - _KINDS.keys())
        if unknown:
            raise BadBinding(f"{unknown[0]}: no such field; a binding has {', '.join(_KINDS)}")
        for name, value in body.items():
            if not isinstance(value, _KINDS[name]) or (isinstance(value, bool) and _KINDS[name] is not bool):
                raise BadBinding(f"{name}: {type(value).__name__} where {_said(_KINDS[name])} is wanted")
        missing = [name for name in ("engine", "query") if name not in body]
        if missing:
            raise BadBinding(f"{missing[0]}: must be given")
        binding = cls(**{name: tuple(value) if name == "ignored" else value for name, value in body.items()})
        tables = list(binding.values.values())
        if not all(isinstance(table, dict) for table in tables):
            raise BadBinding("values: an object for each argument, from what it says to what is meant")
        words = [*binding.ignored, *binding.columns.values(), *(word for table in tables for word in table.values())]
        if not all(isinstance(word, str) for word in words):
            raise BadBinding("ignored, columns and values hold text only")
        if binding.digits is not None and not 0 <= binding.digits <= 15:
            raise BadBinding(f"digits: {binding.digits} is not from 0 to 15")
        for name, known in (("engine", ENGINES), ("format", FORMATS), ("time", TIMES)):
            if getattr(binding, name) not in known:
                raise BadBinding(f"{name}: {getattr(binding, name)!r} is none of {', '.join(known)}")
        return binding


@dataclass(frozen=True)
class WorldSpec:
    """Everything of a world that is frozen. Its clock starts at ``now`` (the alert, if not said), and ends at ``end``."""

    tables: tuple[TableFile, ...]
    bindings: dict[str, Binding]
    alert_at: datetime
    now: datetime | None = None
    end: datetime | None = None
    manifest: dict[str, Any] = field(default_factory=dict)
    actions: dict[str, dict[str, Any]] = field(default_factory=dict)  # tool -> Action.as_json(), see actions.py

    @property
    def starts(self) -> datetime:
        return self.now or self.alert_at

    @property
    def digest(self) -> str:
        return digest_of(self.as_json())

    def table(self, name: str) -> TableFile | None:
        return next((table for table in self.tables if table.name == name), None)

    def as_json(self) -> dict[str, Any]:
        """The spec without the tables' bytes, as JSON."""
        return {
            "tables": [table.as_json() for table in sorted(self.tables, key=lambda table: table.name)],
            "bindings": {tool: self.bindings[tool].as_json() for tool in sorted(self.bindings)},
            "alert_at": _written(self.alert_at),
            "now": _written(self.now),
            "end": _written(self.end),
            "manifest": self.manifest,
        } | ({"actions": self.actions} if self.actions else {})

    @classmethod
    def from_json(cls, body: Mapping[str, Any], data: Mapping[str, bytes] | None = None) -> WorldSpec:
        """The spec that ``as_json`` wrote, with the bytes of each table by digest where given."""
        times = {"first_at", "last_at"}
        held = data or {}
        tables = tuple(
            TableFile(
                **{name: _read(value) if name in times else value for name, value in table.items()},
                data=held.get(table["digest"], b""),
            )
            for table in body["tables"]
        )
        alert_at = _read(body["alert_at"])
        if alert_at is None:
            raise BadTable("alert_at: a world's clock needs the moment of the alert")
        bindings = {tool: Binding.from_json(binding) for tool, binding in body["bindings"].items()}
        now, end = _read(body["now"]), _read(body["end"])
        return cls(tables, bindings, alert_at, now, end, body.get("manifest") or {}, body.get("actions") or {})


@dataclass(frozen=True)
class WorldAnswer:
    """What a world says to a call, at level R3. ``derivation`` names engine, query and window, for who checks it."""

    output: str
    is_error: bool = False
    derivation: str = ""


def utc(moment: datetime) -> datetime:
    """The moment in UTC; one without a zone is taken to be UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _written(moment: datetime | None) -> str | None:
    return utc(moment).isoformat().replace("+00:00", "Z") if moment else None


def _read(text: str | None) -> datetime | None:
    return utc(datetime.fromisoformat(text)) if text else None


def _said(kind: Any) -> str:
    kinds = kind if isinstance(kind, tuple) else (kind,)
    return " or ".join(
        {"str": "text", "dict": "an object", "NoneType": "null"}.get(k.__name__, k.__name__) for k in kinds
    )


_DEFAULTS: dict[str, Any] = {
    "format": "table",
    "ignored": (),
    "values": {},
    "columns": {},
    "time": "iso",
    "header": True,
}
_DEFAULTS |= dict.fromkeys(("start", "end", "step", "limit", "direction", "line", "empty"), "") | {
    "digits": None,
    "as_set": False,
}
_KINDS: dict[str, Any] = {item.name: str for item in fields(Binding)}
_KINDS |= {"ignored": (list, tuple), "values": dict, "columns": dict, "digits": (int, type(None))}
_KINDS |= {"header": bool, "as_set": bool}
