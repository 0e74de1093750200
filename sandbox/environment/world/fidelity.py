"""How faithful a world is: what of each table was captured, and do its engines say what the real tools said? No Django here."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from cases.transcript import ToolSchema
from sandbox.environment.base import Recording
from sandbox.environment.world.base import TABLES, WorldSpec, utc
from sandbox.environment.world.opening import Store
from sandbox.environment.world.oracles import Agreement, Disagreement, agreement

ORACLES = 20  # recorded calls of a tool that are asked again, spread evenly over all of them
SHOWN = 160  # characters of an argument list's or a return's line in a disagreement
CAPTURED, SAMPLED, MISSING = "captured", "sampled", "missing"

_STEP = (
    "SELECT median(step) FROM (SELECT epoch(\"at\" - lag(\"at\") OVER (PARTITION BY series ORDER BY \"at\", rowid)) AS step "
    "FROM frozen.metrics) WHERE step > 0"
)  # fmt: skip
_ORPHANS = (
    "SELECT count(*) FROM frozen.spans AS child WHERE parent <> '' AND NOT EXISTS "
    "(SELECT 1 FROM frozen.spans AS held WHERE held.trace = child.trace AND held.span = child.parent)"
)


@dataclass(frozen=True)
class TableFidelity:
    """``state`` is captured, sampled (the source or the rows themselves say that some are left out) or missing."""

    table: str
    state: str
    rows: int = 0
    words: str = ""


@dataclass(frozen=True)
class ToolFidelity:
    """``by`` is what answers a call that was never recorded: an engine, an action, or nothing but the ``recorded`` calls.

    Of these, ``asked`` were asked of the world again, and ``agreeing`` got the recorded answer.
    """

    tool: str
    by: str
    recorded: int
    asked: int = 0
    agreeing: int = 0
    first: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True)
class Fidelity:
    tables: tuple[TableFidelity, ...]
    tools: tuple[ToolFidelity, ...]

    def as_dict(self) -> dict[str, Any]:
        states = {state: sum(table.state == state for table in self.tables) for state in (CAPTURED, SAMPLED, MISSING)}
        asked, agreeing = (sum(getattr(tool, name) for tool in self.tools) for name in ("asked", "agreeing"))
        return {**asdict(self), "states": states, "asked": asked, "agreeing": agreeing}


def fidelity(
    spec: WorldSpec, recordings: Iterable[Recording], tools: Iterable[ToolSchema], *, folder: Path
) -> Fidelity:
    """Measure a world that is laid out in ``folder``; the same world and recordings give the same figures."""
    by_tool: dict[str, list[Recording]] = defaultdict(list)
    for recording in recordings:
        by_tool[recording.tool].append(recording)
    tools = tuple(tools)
    chosen = [one for tool in spec.bindings for one in _spread([r for r in by_tool[tool] if r.match == "exact"])]
    agreed = agreement(spec, chosen, tools, folder=folder)
    return Fidelity(
        tables=_tables(spec, folder),
        tools=tuple(_tool(tool.name, spec, len(by_tool[tool.name]), agreed.get(tool.name)) for tool in tools),
    )


def _spread(recordings: list[Recording]) -> list[Recording]:
    count = min(ORACLES, len(recordings))
    return [recordings[k * len(recordings) // count] for k in range(count)]


def _tables(spec: WorldSpec, folder: Path) -> tuple[TableFidelity, ...]:
    store = Store(spec, folder)
    found = tuple(_table(name, spec, store) for name in TABLES)
    store.close()
    return found


def _table(name: str, spec: WorldSpec, store: Store) -> TableFidelity:
    table = spec.table(name)
    if table is None:
        return TableFidelity(name, MISSING)
    declared = spec.manifest.get("sampled")
    sampled = declared.get(name) if isinstance(declared, dict) else None
    words = [str(sampled)] if sampled else []
    if table.first_at and table.last_at:
        alert = utc(spec.alert_at)
        words.append(" to ".join(_from_alert(at - alert) for at in (table.first_at, table.last_at)))
    if name == "metrics" and (step := _one(store, spec, _STEP)):
        words.append(f"a value every {step:g} s")
    orphans = _one(store, spec, _ORPHANS) if name == "spans" else 0
    if orphans:
        words.append(f"{orphans} spans whose parent is not held")
    return TableFidelity(name, SAMPLED if sampled or orphans else CAPTURED, table.rows, "; ".join(words))


def _one(store: Store, spec: WorldSpec, sql: str) -> Any:
    return store.rows(sql, now=spec.end or spec.starts).rows[0][0]


def _from_alert(gap: timedelta) -> str:
    minutes = round(gap.total_seconds() / 60)
    return f"{abs(minutes)} min {'before' if minutes < 0 else 'after'} the alert" if minutes else "the alert"


def _tool(name: str, spec: WorldSpec, recorded: int, agreed: Agreement | None) -> ToolFidelity:
    binding = spec.bindings.get(name)
    by = binding.engine if binding else "action" if name in spec.actions else ""
    if agreed is None:
        return ToolFidelity(name, by, recorded)
    return ToolFidelity(name, by, recorded, agreed.asked, agreed.agreeing, tuple(_shown(one) for one in agreed.first))


def _shown(one: Disagreement) -> dict[str, str]:
    """A disagreement by its first line that differs."""
    pairs = itertools.zip_longest(one.recorded.splitlines(), one.answered.splitlines(), fillvalue="")
    recorded, answered = next((pair for pair in pairs if pair[0] != pair[1]), ("", ""))
    arguments = ", ".join(f"{name}={value}" for name, value in one.arguments.items())
    return {"arguments": arguments[:SHOWN], "recorded": recorded[:SHOWN], "answered": answered[:SHOWN]}
