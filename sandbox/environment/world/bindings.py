"""From the arguments of a tool's call to a query, and whether a binding could ever do it. No Django here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cases.transcript import ToolSchema
from sandbox.environment.world import logs, objects, sql, traces
from sandbox.environment.world.asking import asked
from sandbox.environment.world.base import BadBinding, BadQuery, Binding, NotCaptured, Unsupported
from sandbox.environment.world.lexing import duration, moment
from sandbox.environment.world.promql import parsing
from sandbox.environment.world.rendering import PLACE

TEMPLATES = ("query", "start", "end", "step", "limit", "direction")
FILTERS = ("re",)
_SECTION = re.compile(r"\[\[(.*?)\]\]", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_]\w*")
_BARE = re.compile(r"[\w.:/+-]*")
_SAMPLE = datetime(2000, 1, 1, tzinfo=UTC)


def places(binding: Binding) -> set[str]:
    """The arguments that a binding reads."""
    return {found[1] for name in TEMPLATES for found in PLACE.finditer(getattr(binding, name))}


def filled(binding: Binding, arguments: Mapping[str, Any]) -> dict[str, str]:
    """Every template of a binding with the arguments in it.

    NotCaptured for an argument that the binding neither reads nor ignores, or that it needs and was not given.
    """
    unread = sorted(arguments.keys() - places(binding) - set(binding.ignored))
    if unread:
        raise NotCaptured(f"what {unread[0]} does is not captured")
    given = {name: _said(value, binding.values.get(name, {})) for name, value in arguments.items()}
    return {
        name: _filled(getattr(binding, name), given, binding.engine if name == "query" else "") for name in TEMPLATES
    }


def check_binding(tool: str, binding: Binding, schema: ToolSchema | None = None) -> None:
    """BadBinding, naming tool, field and remedy, where its templates or its query could never be answered."""
    try:
        for name in TEMPLATES:
            _check_template(name, getattr(binding, name))
        if schema is not None:
            _check_arguments(binding, schema)
        whole = PLACE.fullmatch(binding.query.strip())
        for sections in (False, True):
            if not whole:
                _check_query(binding.engine, _sample(binding.query, sections, "x"))
        for name in ("start", "end"):
            text = _sample(getattr(binding, name), True, "now")
            if text:
                moment(text, now=_SAMPLE, alert=_SAMPLE)
        if binding.step:
            duration(_sample(binding.step, True, "1m"))
        if binding.limit and not _sample(binding.limit, True, "1").isdecimal():
            raise BadBinding("limit: it is a whole number or {{an argument}}")
    except (BadBinding, BadQuery, Unsupported) as error:
        raise BadBinding(f"{tool}: {error}") from error


def _check_template(name: str, text: str) -> None:
    for found in PLACE.finditer(text):
        if not _NAME.fullmatch(found[1]):
            raise BadBinding(f"{name}: {found[0]} names no argument")
        if found[2] and found[2] not in FILTERS:
            raise BadBinding(f"{name}: {found[0]} has a filter that is none of {', '.join(FILTERS)}")
    rest = PLACE.sub("", text)
    if "{{" in rest or _SECTION.sub("", rest).count("[["):
        raise BadBinding(f"{name}: a {{{{ or [[ is not closed, or holds what it may not")
    for section in _SECTION.finditer(text):
        if not PLACE.search(section[1]):
            raise BadBinding(f"{name}: [[ ... ]] without an argument is never left out")


def _check_arguments(binding: Binding, schema: ToolSchema) -> None:
    properties = set(schema.parameters.get("properties") or {})
    unknown = sorted(places(binding) - properties)
    if unknown:
        raise BadBinding(
            f"query: {{{{{unknown[0]}}}}} is no argument; the tool takes {', '.join(sorted(properties)) or 'none'}"
        )


def _check_query(engine: str, text: str) -> None:
    match engine:
        case "promql":
            parsing.parse(text)
        case "logs":
            logs.parse(text)
        case "traces":
            asked(text, traces.VERBS, traces.PAGE)
        case "objects":
            asked(text, objects.VERBS, objects.PAGE)
        case _:
            sql.check(text)


def _sample(text: str, sections: bool, value: str) -> str:
    text = _SECTION.sub(lambda found: found[1] if sections else "", text)
    return PLACE.sub(lambda found: value if found[3] is None else found[3], text)


def _filled(text: str, given: Mapping[str, str], engine: str) -> str:
    def section(found: re.Match[str]) -> str:
        return found[1] if all(place[1] in given for place in PLACE.finditer(found[1])) else ""

    text = _SECTION.sub(section, text)
    whole = PLACE.fullmatch(text.strip())
    out, at = "", 0
    for found in PLACE.finditer(text):
        if found[1] not in given and found[3] is None:
            raise NotCaptured(f"without {found[1]} it is not captured")
        value = given.get(found[1], found[3] or "")
        if found[2] == "re":
            value = re.escape(value)
        out += text[at : found.start()]
        if engine and not whole:
            value = _placed(found[1], value, _quote(out, engine), engine)
        out, at = out + value, found.end()
    return out + text[at:]


def _placed(name: str, value: str, quote: str, engine: str) -> str:
    """A value as it may stand at its place: inside quotes it cannot end them, outside it is one word."""
    if not quote:
        if not _BARE.fullmatch(value):
            raise NotCaptured(f"{name}: {value[:40]!r} is not one word")
        return value
    if engine == "sql":
        return value.replace(quote, quote * 2)
    if quote == "`":
        if "`" in value:
            raise NotCaptured(f"{name}: it may hold no backtick")
        return value
    return value.replace("\\", "\\\\").replace(quote, "\\" + quote)


def _quote(text: str, engine: str) -> str:
    """The quote that is open at the end of ``text``; "" where none is."""
    quote, escaped = "", False
    for sign in text:
        if escaped:
            escaped = False
        elif quote:
            escaped = sign == "\\" and quote != "`" and engine != "sql"
            quote = "" if sign == quote else quote
        elif sign in ("\"'" if engine == "sql" else "\"'`"):
            quote = sign
    return quote


def _said(value: Any, values: Mapping[str, str]) -> str:
    if isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, list):
        text = "|".join(str(item) for item in value)
    else:
        text = str(value)
    return values.get(text, text)
