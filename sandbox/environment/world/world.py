"""A world that is open: each bound tool answered by an engine, at the world's own now. No Django here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from cases.calls import CanonicalCall
from cases.transcript import ToolSchema
from sandbox.environment.world.acting import done
from sandbox.environment.world.actions import Action, BadAction, check_action
from sandbox.environment.world.base import (
    BadBinding,
    BadQuery,
    Binding,
    NotCaptured,
    TableFile,
    WorldAnswer,
    WorldSpec,
    utc,
)
from sandbox.environment.world.bindings import check_binding, filled
from sandbox.environment.world.lexing import duration, moment, whole
from sandbox.environment.world.logs import LIMIT, log_query
from sandbox.environment.world.objects import object_query
from sandbox.environment.world.opening import Limits, Rows, Store
from sandbox.environment.world.promql.evaluation import instant_query, range_query
from sandbox.environment.world.rendering import rendered
from sandbox.environment.world.sql import sql_query
from sandbox.environment.world.traces import trace_query

LONGEST = 4_000_000  # characters of an answer
TABLE = {"promql": "metrics", "logs": "logs", "traces": "spans"}  # what an engine's window is a window of


def open_world(
    spec: WorldSpec, folder: Path | str, *, tools: Iterable[ToolSchema] = (), limits: Limits = Limits()
) -> World:
    """Open a world over its database file in ``folder``, made there if need be; the folder may be emptied at any time.

    BadTable where a table's bytes are missing or changed, BadBinding where a binding could never be answered,
    BadAction where an action could never be done.
    """
    schemas = {tool.name: tool for tool in tools}
    check_actions(spec, schemas)
    for name, binding in spec.bindings.items():
        check_binding(name, binding, schemas.get(name))
    return World(spec, Store(spec, Path(folder), limits))


def check_actions(spec: WorldSpec, schemas: Mapping[str, ToolSchema]) -> None:
    """BadAction, naming the tool, for what no Action can be read from, or could never be done."""
    tables = {table.name for table in spec.tables}
    for name, body in spec.actions.items():
        try:
            check_action(name, Action.from_json(body), schemas.get(name), tables)
        except BadAction as error:
            raise error if str(error).startswith(f"{name}: ") else BadAction(f"{name}: {error}") from error


class World:
    """Frozen tables and bindings. The same call at the same ``now`` gives the same bytes, whenever it is asked.

    ``acts`` is what was done to it since it was opened, in words; ``leaves`` the tools whose recordings hold all the same.
    """

    def __init__(
        self, spec: WorldSpec, store: Store, *, acts: tuple[str, ...] = (), leaves: frozenset[str] = frozenset()
    ):
        self.spec, self.store, self.acts, self.leaves = spec, store, acts, leaves

    def act(self, call: CanonicalCall, *, now: datetime) -> tuple[World, WorldAnswer] | None:
        """The world after a declared action at ``now``, and what its tool says; None where none is declared.

        This world stays as it is; refused by a condition, it is the world afterwards too. NotCaptured for an argument
        that the action does not know.
        """
        body = self.spec.actions.get(call.tool)
        if body is None:
            return None
        action, now = Action.from_json(body), utc(now)
        outcome = done(self.store, action, call.arguments, now)
        words = f"{call.tool} at {_iso(now)}: {'; '.join(outcome.words) or 'nothing changed'}"
        answer = WorldAnswer(outcome.said, outcome.refused, words)
        if outcome.refused:
            return self, answer
        leaves = frozenset(action.leaves)
        kept = leaves & self.leaves if self.acts else leaves
        return World(self.spec, self.store.edited(outcome.edits), acts=(*self.acts, words), leaves=kept), answer

    def answer(self, call: CanonicalCall, *, now: datetime) -> WorldAnswer | None:
        """What the bound tool says at ``now``; None where the tool is not bound.

        A query that is wrong is answered by an error, as the real tool would. Raises Unsupported for one outside the
        documented subset, NotCaptured for a table, a window or an argument that this world does not hold.
        """
        binding = self.spec.bindings.get(call.tool)
        if binding is None:
            return None
        now = utc(now)
        texts = filled(binding, call.arguments)
        try:
            found, window = self._found(binding, texts, now)
            output = found if isinstance(found, str) else rendered(found, binding)
            if len(output) > LONGEST:
                raise BadQuery(f"the answer has more than {LONGEST:,} characters; narrow it")
        except BadQuery as error:
            return WorldAnswer(f"{error}\n", True, f"{binding.engine}: {texts['query']}")
        except BadBinding as error:
            raise NotCaptured(f"the binding of {call.tool} does not fit its tables: {error}") from error
        return WorldAnswer(output, False, f"{binding.engine}: {texts['query']}{window}")

    def close(self) -> None:
        """Let go of the database file; asking again opens it again."""
        self.store.close()

    def _found(self, binding: Binding, texts: dict[str, str], now: datetime) -> tuple[Rows | str, str]:
        query, step = texts["query"], texts["step"] and duration(texts["step"])
        end = self._moment(texts["end"] or "now", now)
        start = self._moment(texts["start"], now) if texts["start"] else None
        limit = whole(texts["limit"])
        if texts["limit"] and limit is None:
            raise BadQuery(f"limit: {texts['limit'][:20]!r} is not a whole number")
        held = self._held(binding.engine, start, end, now)
        window = f" [{_iso(start or (held.first_at if held else None))} .. {_iso(min(end, now))}]"
        begin = start or (held.first_at if held and held.first_at else end)
        match binding.engine:
            case "promql" if start is not None:
                step = step or max(1, (end - start) // timedelta(microseconds=60))
                return range_query(self.store, query, start=start, end=end, step=int(step), now=now), window
            case "promql":
                return instant_query(self.store, query, at=end, now=now), f" at {_iso(min(end, now))}"
            case "logs":
                most, order = LIMIT if limit is None else limit, texts["direction"] or "forward"
                found = log_query(
                    self.store, query, start=begin, end=end, now=now, limit=most, direction=order, step=step or None
                )
                return found, window
            case "traces":
                return trace_query(self.store, query, start=begin, end=end, now=now, limit=limit), window
            case "objects":
                return object_query(self.store, query, start=start, end=end, now=now), f" at {_iso(min(end, now))}"
            case _:
                return sql_query(self.store, query, now=now), f" at {_iso(now)}"

    def _held(self, engine: str, start: datetime | None, end: datetime, now: datetime) -> TableFile | None:
        """The table that the engine's window is of; NotCaptured where the window is wholly outside what is held."""
        table = self.spec.table(TABLE.get(engine, ""))
        if table is not None and table.first_at is not None:
            if end < table.first_at and end < now:
                raise NotCaptured(
                    f"{table.name} were captured from {_iso(table.first_at)} on, nothing up to {_iso(end)}"
                )
            last = self.spec.end and utc(self.spec.end)
            if start is not None and last is not None and last < start < now:
                raise NotCaptured(f"{table.name} were captured up to {_iso(last)}, nothing from {_iso(start)} on")
        return table

    def _moment(self, text: str, now: datetime) -> datetime:
        return moment(text, now=now, alert=self.spec.alert_at)


def _iso(at: datetime | None) -> str:
    return utc(at).isoformat().replace("+00:00", "Z") if at else "-"
