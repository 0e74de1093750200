"""R2: a call answered from a recorded return that provably contains the answer. No Django here.

Only three things are taken away from a recorded return: rows outside a narrower window, rows that an
added filter leaves out, rows beyond a smaller count; in this order, as a tool does it. What an argument means is
read off the tool's schema, what a row is off the return. Where a filter may be meant in more than one way
(literal or pattern, this level or this and above), all of them must give the same rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from cases.calls import CanonicalCall
from cases.transcript import ToolSchema
from sandbox.environment.base import Recording
from sandbox.environment.rows import SEVERITIES, Rows, normal, read, severity
from sandbox.knowledge.patterns import problem_of

_COUNTS = {"lines", "limit", "tail", "taillines", "count", "n", "top", "head", "max", "maxresults", "maxlines"}
_COUNTS |= {"numlines", "last", "size", "maxrows", "maxcount"}
_STARTS = {"start", "starttime", "from", "since", "begin", "startat", "fromtime", "sincetime"}
_ENDS = {"end", "endtime", "to", "until", "endat", "totime", "untiltime"}
_TEXTS = {"pattern", "query", "filter", "grep", "contains", "search", "keyword", "text", "match", "regex", "substring"}
_LEVELS = {"level", "severity", "loglevel", "minlevel"}
_STEPS = {"step", "resolution", "interval", "bucket", "granularity"}  # rows may be made otherwise in another window
_NEWEST = re.compile(r"\b(tail|last|latest|recent|newest)", re.IGNORECASE)
_RANKED = re.compile(r"\b(top|most|least|\w{3,}est)\b", re.IGNORECASE)
_FIRST = re.compile(r"\b(head|first)\b", re.IGNORECASE)
SLACK = timedelta(seconds=90)  # rows are stamped at their scrape, up to this far outside the window asked for


@dataclass(frozen=True)
class Derived:
    output: str
    recording: Recording
    words: str


@dataclass(frozen=True)
class Form:
    """What the arguments of one tool mean, by the shape of its schema."""

    count: str | None
    start: str | None
    end: str | None
    text: frozenset[str]
    level: frozenset[str]
    stepped: frozenset[str]
    schema: ToolSchema

    @classmethod
    def of(cls, schema: ToolSchema) -> Form:
        properties = schema.parameters.get("properties") or {}

        def named(words: set[str]) -> list[str]:
            return [name for name in properties if _plain(name) in words]

        counts = [name for name in named(_COUNTS) if _type(properties[name]) in ("integer", "number")]
        starts, ends = named(_STARTS), named(_ENDS)
        return cls(
            count=counts[0] if len(counts) == 1 else None,
            start=starts[0] if len(starts) == 1 else None,
            end=ends[0] if len(ends) == 1 else None,
            text=frozenset(named(_TEXTS)),
            level=frozenset(named(_LEVELS)),
            stepped=frozenset(named(_STEPS)),
            schema=schema,
        )

    @property
    def loose(self) -> frozenset[str]:
        """Arguments in which a recorded call may differ from one that it answers."""
        return frozenset(name for name in (self.count, self.start, self.end) if name) | self.text | self.level

    def frame(self, arguments: dict[str, Any]) -> str:
        """What must be the same in both calls, as a key."""
        return repr(sorted((name, repr(value)) for name, value in arguments.items() if name not in self.loose))

    def frames(self, arguments: dict[str, Any]) -> list[str]:
        """The frames under which a superset may stand: the call's own, and without any one of its arguments."""
        firm = [name for name in arguments if name not in self.loose]
        shorter = [{name: value for name, value in arguments.items() if name != left} for left in firm]
        return [self.frame(arguments), *(self.frame(fewer) for fewer in shorter)]

    def limit(self, arguments: dict[str, Any]) -> int | None:
        """How many rows a call asks for at most; None where it does not say."""
        if self.count is None:
            return None
        wanted = (self.schema.parameters.get("properties") or {})[self.count]
        value = arguments.get(self.count, wanted.get("default") if isinstance(wanted, dict) else None)
        return value if type(value) is int and value > 0 else None


def derive(asked: CanonicalCall, recorded: Iterable[tuple[CanonicalCall, Recording]], form: Form) -> Derived | None:
    """The answer to ``asked`` out of the first recording, in the order given, that provably contains it."""
    for call, recording in recorded:
        if recording.is_error or recording.match == "any":
            continue
        derived = _from(asked, call, recording, form)
        if derived:
            return derived
    return None


def _from(asked: CanonicalCall, call: CanonicalCall, recording: Recording, form: Form) -> Derived | None:
    want, have = asked.arguments, call.arguments
    differ = {name for name in want.keys() | have.keys() if want.get(name) != have.get(name)}
    added = differ - form.loose
    if any(name in have for name in added | ((form.text | form.level) & differ)) or len(added) > 1:
        return None
    limit = form.limit(have)
    rows = read(recording.output, arguments=have.values(), limit=limit)
    if rows is None:
        return None
    kept: list[int] = list(range(len(rows.rows)))
    said: list[str] = []
    narrowing = differ - {form.count}
    if narrowing and not _whole(rows, form, limit):
        return None
    steps = [(_window, {form.start, form.end} & differ), (_texts, form.text & differ), (_levels, form.level & differ)]
    for narrow, names in [*steps, (_column, added)]:
        if names:
            left = narrow(rows, want, have, form, names)
            if left is None:
                return None
            chosen, words = left
            kept = [at for at in kept if at in chosen]
            said.append(words)
    counted = _counted(rows, kept, want, have, form)
    if counted is None:
        return None
    kept, words = counted
    said += [words] if words else []
    sentence = f"derived from the recorded {call.tool} {_shown(have)}: {'; '.join(said)}"
    return Derived(rows.keep(kept), recording, f"{sentence} ({len(kept)} of {len(rows.rows)} rows)")


def _whole(rows: Rows, form: Form, limit: int | None) -> bool:
    """Whether a return holds all there was: below the count it asked for, or of a tool that takes none."""
    if rows.cut:
        return False
    return form.count is None or (limit is not None and len(rows.rows) < limit)


Left = tuple[set[int], str] | None
STEPS = 10_000_000  # of matching one row, at the worst
_REPEAT = re.compile(r"[*+]|\{\d*,\d*\}")


def _window(rows: Rows, want: dict, have: dict, form: Form, names: Iterable[str]) -> Left:
    if form.stepped - want.keys():
        return None
    times = rows.times()
    start, end = _bound(want, form.start), _bound(want, form.end)
    recorded = _bound(have, form.start), _bound(have, form.end)
    if not times or any(bound is _UNREADABLE for bound in (start, end, *recorded)):
        return None
    since, until = recorded[0] or min(times), recorded[1] or max(times)
    if min(times) < since - SLACK or max(times) > until + SLACK:
        return None  # the rows' clock is not the window's
    if (start or since) < since or (end or until) > until or (recorded[0] and not start) or (recorded[1] and not end):
        return None
    low, high = start or since, end or until
    if low > high:
        return None
    words = f"rows from {_clock(low)} to {_clock(high)}, both included"
    return {at for at, when in enumerate(times) if low <= when <= high}, words


def _texts(rows: Rows, want: dict, have: dict, form: Form, names: Iterable[str]) -> Left:
    chosen, words = set(range(len(rows.rows))), []
    for name in sorted(names):
        value = want[name]
        if rows.heads or not isinstance(value, str) or not value.strip():
            return None
        ways = _text_readings(value, longest=max((len(row.text) for row in rows.rows), default=0))
        readings = {frozenset(at for at, row in enumerate(rows.rows) if holds(row.text)) for holds in ways}
        if len(readings) != 1:
            return None
        chosen &= readings.pop()
        words.append(f"rows that contain {value!r}")
    return chosen, "; ".join(words)


def _text_readings(value: str, *, longest: int) -> list[Callable[[str], bool]]:
    """Every way a tool may take the text; none for a pattern that could take for ever on a row of ``longest`` characters."""
    readings: list[Callable[[str], bool]] = [
        lambda text: value in text,
        lambda text: value.lower() in text.lower(),
    ]
    try:
        exact, loose = re.compile(value), re.compile(value, re.IGNORECASE)
    except re.error:
        return readings
    if problem_of(value) or longest ** len(_REPEAT.findall(value)) > STEPS:
        return []
    return [*readings, lambda text: bool(exact.search(text)), lambda text: bool(loose.search(text))]


def _levels(rows: Rows, want: dict, have: dict, form: Form, names: Iterable[str]) -> Left:
    stated = rows.levels()
    wanted = [severity(want[name]) if isinstance(want[name], str) else None for name in names]
    if stated is None or len(wanted) != 1 or wanted[0] is None:
        return None
    floor = SEVERITIES.index(wanted[0])
    exact = {at for at, level in enumerate(stated) if level == wanted[0]}
    above = {at for at, level in enumerate(stated) if SEVERITIES.index(level) >= floor}
    return (exact, f"rows of level {wanted[0]}") if exact == above else None


def _column(rows: Rows, want: dict, have: dict, form: Form, names: Iterable[str]) -> Left:
    """Rows by one column of theirs that bears the argument's name; none at all may be an error, so it is none of ours."""
    (name,) = names
    head, value = normal(name), want[name]
    if head not in rows.heads or not isinstance(value, str) or normal(name) in {normal(other) for other in have}:
        return None
    equal = {at for at, row in enumerate(rows.rows) if row.cells.get(head) == value}
    within = {at for at, row in enumerate(rows.rows) if value.lower() in row.cells.get(head, "").lower()}
    return (equal, f"rows whose {name} is {value!r}") if equal and equal == within else None


def _counted(rows: Rows, kept: list[int], want: dict, have: dict, form: Form) -> tuple[list[int], str] | None:
    """The rows a count leaves of ``kept``; None where it cannot be told which, or whether there were more."""
    if form.count is None:
        return kept, ""
    asked, recorded = form.limit(want), form.limit(have)
    if asked is None:
        return (kept, "") if recorded is None else None
    if recorded is None or asked > recorded:
        if recorded is None and asked > len(rows.rows):
            return None
        if recorded is not None and not _whole(rows, form, recorded):
            return None
    if asked >= len(kept):
        whole = f"all {len(kept)} rows there were, of {asked} asked for"
        return kept, whole if asked != recorded else ""
    end = _end(rows, form)
    if end is None:
        return None
    return (kept[:asked], f"the first {asked} rows") if end == "first" else (kept[-asked:], f"the last {asked} rows")


def _end(rows: Rows, form: Form) -> str | None:
    """Which end of the rows a smaller count keeps: first, last, or None where it cannot be told."""
    wanted = (form.schema.parameters.get("properties") or {}).get(form.count) or {}
    own = f"{form.count} {wanted.get('description', '') if isinstance(wanted, dict) else ''}".replace("_", " ")
    called = re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", form.schema.name)
    for said in (own, called, form.schema.description):
        if _NEWEST.search(said):
            times = rows.times()
            order = _order(times) if times else "rising"
            return {"rising": "last", "falling": "first"}.get(order)
        if _FIRST.search(said):
            return "first"
        if _RANKED.search(said):
            return "first" if _is_ranked(rows) else None
    return None


def _order(values: Sequence[Any]) -> str:
    pairs = list(pairwise(values))
    if all(a <= b for a, b in pairs):
        return "rising"
    return "falling" if all(a >= b for a, b in pairs) else "mixed"


def _is_ranked(rows: Rows) -> bool:
    """Whether some column of numbers only rises or only falls from row to row."""
    for head in rows.heads:
        try:
            numbers = [float(row.cells[head]) for row in rows.rows]
        except (KeyError, ValueError):
            continue
        if len(set(numbers)) > 1 and _order(numbers) != "mixed":
            return True
    return False


_UNREADABLE: Any = object()


def _bound(arguments: dict[str, Any], name: str | None) -> Any:
    """A window's bound as an instant; None where there is none, _UNREADABLE for now-1h and the like."""
    value = arguments.get(name) if name else None
    if value is None:
        return None
    if isinstance(value, int | float) and 1e9 <= value < 1e11:
        return datetime.fromtimestamp(value, UTC)
    try:
        found = datetime.fromisoformat(value)
        return found.astimezone(UTC) if found.tzinfo else _UNREADABLE
    except (TypeError, ValueError, OverflowError):
        return _UNREADABLE


def _clock(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _type(wanted: Any) -> Any:
    return wanted.get("type") if isinstance(wanted, dict) else None


def _shown(arguments: dict[str, Any]) -> str:
    return ", ".join(f"{name}={str(value)[:80]}" for name, value in arguments.items()) or "(no arguments)"
