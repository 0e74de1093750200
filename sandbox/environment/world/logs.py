"""Log lines of a world: LogQL-like selectors with line filters, grep, counts over time. No Django here."""

from __future__ import annotations

import re
import shlex
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.environment.clock import clipped
from sandbox.environment.world.base import BadQuery, Unsupported
from sandbox.environment.world.lexing import SECOND, duration, instant, micros, unquoted, whole
from sandbox.environment.world.opening import Rows, Store, aware, naive

PAGE = "logs.md"
LABELS = ("component", "pod", "level")
DIRECTIONS = ("forward", "backward", "tail")
LIMIT = 1000  # lines, where none is asked for
STEPS = 11_000
LINES = 250_000  # that a count reads
_STRING = r'"(?:\\.|[^"\\])*"|`[^`]*`'
_MATCHER = re.compile(rf"\s*([A-Za-z_]\w*)\s*(=~|!~|!=|=)\s*({_STRING})\s*(,|(?=\}}))")
_FILTER = re.compile(rf"\s*(\|=|\|~|!=|!~)\s*({_STRING})")
_COUNT = re.compile(r"\s*(?:sum\s*(?:by\s*\(([^)]*)\)\s*)?\(\s*)?(count_over_time|rate)\s*\(")
_WINDOW = re.compile(r"\s*\[\s*([\w.]+)\s*\]\s*\)")
_GROUP = re.compile(r"\s*by\s*\(([^)]*)\)")
# a matcher or line filter as SQL over a column; patterns are RE2, anchored for labels and not for lines
_LABEL = {"=": "{} = ?", "!=": "{} <> ?", "=~": "regexp_full_match({}, ?)", "!~": "NOT regexp_full_match({}, ?)"}
_LINE = {
    "|=": "contains(line, ?)",
    "!=": "NOT contains(line, ?)",
    "|~": "regexp_matches(line, ?)",
    "!~": "NOT regexp_matches(line, ?)",
}


@dataclass(frozen=True)
class Lines:
    """Which lines: SQL conditions, each with one value. ``grep`` counts with -c, and stops after -m."""

    tests: tuple[tuple[str, str], ...]
    only_count: bool = False
    most: int | None = None


@dataclass(frozen=True)
class Count:
    """How many of the lines in each window: ``by`` these labels, or by all three where it is None."""

    lines: Lines
    window: int
    per_second: bool
    by: tuple[str, ...] | None


@dataclass
class _Grep:
    patterns: list[str] = field(default_factory=list)
    flags: set[str] = field(default_factory=set)
    most: int | None = None
    labels: list[tuple[str, str]] = field(default_factory=list)


def parse(text: str) -> Lines | Count:
    """What a query asks for. BadQuery where it is none, Unsupported, with the word, where it is more than the subset."""
    text = text.strip()
    if text.split(None, 1)[:1] == ["grep"]:
        return _grep(text)
    counted = _COUNT.match(text)
    if counted:
        return _counted(text, counted)
    if not text.startswith("{"):
        word = re.match(r"[A-Za-z_]\w*(?=\s*(\(|by\b))", text)
        if word:
            raise Unsupported(word[0], PAGE)
        raise BadQuery('a log query begins with {component="..."} or grep')
    lines, at = _lines(text, 0)
    _nothing_after(text, at)
    return lines


def log_query(
    store: Store,
    text: str,
    *,
    start: datetime,
    end: datetime,
    now: datetime,
    limit: int = LIMIT,
    direction: str = "forward",
    step: int | None = None,
) -> Rows:
    """The lines in [start, end] as far as ``now``, at most ``limit``; or counts, at the end or in steps."""
    if direction not in DIRECTIONS:
        raise BadQuery(f"direction {direction!r} is none of {', '.join(DIRECTIONS)}")
    if limit < 0:
        raise BadQuery("a limit is not negative")
    asked = parse(text)
    store.holds("logs")
    start, end = clipped(start, end, now)
    if isinstance(asked, Count):
        return _counts(store, asked, start=start, end=end, now=now, step=step)
    where, values = _where(asked, '"at" >= ? AND "at" <= ?')
    values = [naive(start), naive(end), *values]
    if asked.only_count:
        return store.rows(f"SELECT count(*) AS count {where}", values, now=now)
    most = limit if asked.most is None else min(limit, asked.most)
    backward = direction != "forward"
    order = '"at" DESC, rowid DESC' if backward else '"at", rowid'
    found = store.rows(
        f'SELECT "at", component, pod, level, line {where} ORDER BY {order} LIMIT {most}', values, now=now
    )
    rows = [(aware(row[0]), *row[1:]) for row in found.rows]
    return Rows(found.columns, rows[::-1] if direction == "tail" else rows)


def _where(lines: Lines, window: str) -> tuple[str, list[object]]:
    # the view main.logs hides what is later than now; here the window does, so that rowid is at hand
    tests = [window, *(test for test, _ in lines.tests)]
    return f"FROM frozen.logs WHERE {' AND '.join(tests)}", [value for _, value in lines.tests]


def _counts(store: Store, asked: Count, *, start: datetime, end: datetime, now: datetime, step: int | None) -> Rows:
    if step and (micros(end) - micros(start)) // step >= STEPS:
        raise BadQuery(f"more than {STEPS} steps; take a longer step or a narrower window")
    steps = list(range(micros(start), micros(end) + 1, step)) if step else [micros(end)]
    labels = LABELS if asked.by is None else asked.by
    shown = "".join(f"{label}, " for label in labels)
    where, values = _where(asked.lines, '"at" > ? AND "at" <= ?')
    values = [naive(instant(steps[0] - asked.window)), naive(instant(steps[-1])), *values]
    if store.rows(f"SELECT count(*) {where}", values, now=now).rows[0][0] > LINES:
        raise BadQuery(f"it counts more than {LINES} lines; narrow its window or its filters")
    group = f"GROUP BY {', '.join(labels)} ORDER BY {', '.join(labels)}" if labels else "HAVING count(*) > 0"
    rows: list[tuple[object, ...]] = []
    for *group_labels, times in store.rows(
        f'SELECT {shown}list(epoch_us("at") ORDER BY "at") {where} {group}', values, now=now
    ).rows:
        for at in steps:
            count = bisect_right(times, at) - bisect_right(times, at - asked.window)
            if count:
                value = count / (asked.window / SECOND) if asked.per_second else float(count)
                rows.append((instant(at), *group_labels, value))
    return Rows(("at", *labels, "value"), rows)


def _lines(text: str, at: int) -> tuple[Lines, int]:
    tests = []
    at = _past(text, at, "{")
    while not re.compile(r"\s*\}").match(text, at):
        found = _MATCHER.match(text, at)
        if not found:
            raise BadQuery(f'logs: {text[at : at + 20].strip()!r} where a matcher such as level="error" should be')
        if found[1] not in LABELS:
            raise Unsupported(f"label {found[1]}", PAGE)
        tests.append((_LABEL[found[2]].format(found[1]), unquoted(found[3])))
        at = found.end()
    at = _past(text, at, "}")
    while found := _FILTER.match(text, at):
        tests.append((_LINE[found[1]], unquoted(found[2])))
        at = found.end()
    return Lines(tuple(tests)), at


def _counted(text: str, head: re.Match[str]) -> Count:
    lines, at = _lines(text, head.end())
    window = _WINDOW.match(text, at)
    if not window:
        _nothing_but_stages(text, at)
        raise BadQuery(f"logs: {head[2]} needs a window, such as [5m], before its )")
    at, by = window.end(), None
    if re.match(r"\s*sum\b", text):
        by = _names(head[1] or "")
        at = _past(text, at, ")")
        behind = _GROUP.match(text, at)
        if behind and head[1] is None:
            by, at = _names(behind[1]), behind.end()
    _nothing_after(text, at)
    return Count(lines, duration(window[1]), head[2] == "rate", by)


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in names:
        if name not in LABELS:
            raise Unsupported(f"label {name}", PAGE)
    return names


def _past(text: str, at: int, sign: str) -> int:
    found = re.compile(rf"\s*{re.escape(sign)}").match(text, at)
    if not found:
        raise BadQuery(f"logs: {text[at : at + 20].strip() or 'the end'!r} where {sign} should be")
    return found.end()


def _nothing_but_stages(text: str, at: int) -> None:
    stage = re.compile(r"\s*\|\s*(\w+)").match(text, at)
    if stage:
        raise Unsupported(f"| {stage[1]}", PAGE)


def _nothing_after(text: str, at: int) -> None:
    _nothing_but_stages(text, at)
    rest = text[at:].strip()
    if rest:
        word = re.match(r"[A-Za-z_]\w*|[-+*/%^<>=!]+", rest)
        if word:
            raise Unsupported(word[0], PAGE)
        raise BadQuery(f"logs: {rest[:20]!r} is not understood")


def _grep(text: str) -> Lines:
    try:
        words = shlex.split(text)[1:]
    except ValueError as error:
        raise BadQuery(f"grep: {error}") from error
    asked = _grep_arguments(words)
    pattern = "|".join(f"(?:{part if 'F' not in asked.flags else re.escape(part)})" for part in asked.patterns)
    if "w" in asked.flags:
        pattern = rf"\b(?:{pattern})\b"
    test = f"{'NOT ' * ('v' in asked.flags)}regexp_matches(line, ?)"
    labels = tuple((f"{label} = ?", value) for label, value in asked.labels)
    return Lines((*labels, (test, ("(?i)" if "i" in asked.flags else "") + pattern)), "c" in asked.flags, asked.most)


def _grep_arguments(words: list[str]) -> _Grep:
    asked, rest, at = _Grep(), [], 0
    while at < len(words):
        word, at = words[at], at + 1
        if not re.fullmatch(r"-[A-Za-z]+\d*", word):
            rest.append(word)
            continue
        for k, flag in enumerate(word[1:], start=2):
            if flag in "em":
                value = word[k:] or (words[at] if at < len(words) else "")
                at += not word[k:]
                if flag == "e":
                    asked.patterns.append(value)
                elif (most := whole(value)) is not None:
                    asked.most = most
                else:
                    raise BadQuery("grep: -m needs a number")
                break
            if flag not in "ivcEFw":
                raise Unsupported(f"grep -{flag}", PAGE)
            asked.flags.add(flag)
    if not asked.patterns and rest:
        asked.patterns.append(rest.pop(0))
    for word in rest:
        label, sign, value = word.partition("=")
        if not sign or label not in LABELS:
            raise Unsupported(f"grep {word}", PAGE)
        asked.labels.append((label, value))
    if not asked.patterns:
        raise BadQuery("grep: it needs a pattern")
    return asked
