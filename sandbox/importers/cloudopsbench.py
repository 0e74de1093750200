"""Case folders as a checkout of Cloud-OpsBench has them: tool_cache.json, metadata.json, golden-trajectory. No Django here."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from cases.diagnosis import Answer
from cases.transcript import Task, ToolSchema
from sandbox.bundle import CaseBundle, RecordedCall, RecordedSession
from sandbox.environment.base import Recording
from sandbox.environment.matching import verbatim
from sandbox.importers.answers import labelled
from sandbox.importers.reading import (
    ImportProblem,
    ReadError,
    expect_list,
    expect_object,
    expect_storable,
    expect_text,
    json_of,
    parsed,
)
from sandbox.importers.schemas import tools_from_calls
from sandbox.importers.sessions import expert_session

REPOSITORY = "LLM4Ops/Cloud-OpsBench"
CACHE = "tool_cache.json"
LOGS = Path("raw_data", "logs.json")
MOST_LINES = 1000
_NOT_A_CALL = "collection_timestamp"
_LOGS = ToolSchema(
    "GetRecentLogs",
    parameters={
        "type": "object",
        "properties": {
            "namespace": {"type": "string"},
            "service_name": {"type": "string"},
            "lines": {"type": "integer"},
        },
        "required": ["namespace", "service_name"],
    },
)
_CALLING = re.compile(r"tool_name='(?P<tool>\w+)' arguments=\{(?P<arguments>.*)\}", re.DOTALL)
_ARGUMENT = re.compile(
    r"(?P<name>\w+): (?P<value>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|None|True|False|-?\d+(?:\.\d+)?)(?:, |$)"
)


def is_case(folder: Path) -> bool:
    return (folder / CACHE).is_file()


def read(folder: Path) -> Iterator[CaseBundle | ImportProblem]:
    """The case in one folder with its experts' paths, or what is wrong with it."""
    file = folder / "metadata.json"
    try:
        metadata = expect_storable(expect_object(json_of(file), ""), "")
        answer = _answer(metadata)
        namespace = expect_text(metadata.get("namespace"), "namespace")
        query = expect_text(metadata.get("query"), "query")
        file = folder / CACHE
        cache = expect_storable(expect_object(json_of(file), ""), "")
        recordings, unread = _recordings(cache)
        collected = expect_text(cache.get(_NOT_A_CALL), _NOT_A_CALL, required=False)
    except ReadError as error:
        yield error.at(file)
        return
    path = _path(folder)
    sessions: list[RecordedSession] = []
    for file in _trajectories(folder):
        try:
            sessions.append(_session(file, answer))
        except ReadError as error:
            yield error.at(file)
            return
    file = folder / LOGS
    try:
        tailed = _tails(file, namespace) if file.is_file() and not _cached(recordings) else ()
    except ReadError as error:
        yield error.at(file)
        return
    recordings = _with_shown((*recordings, *tailed), sessions)
    yield CaseBundle(
        identity=(REPOSITORY, "/".join(path)),
        name="_".join(("cob", *path[1:])),
        system=path[1],
        task=Task(
            prompt=f"{query} Namespace: {namespace}.",
            context={"snapshot_time": collected} if collected else {},
            tools=_tools(recordings, logs=file.is_file()),
        ),
        answer=answer,
        recordings=recordings,
        sessions=tuple(sessions),
        tags=tuple(path[1:-1]),
        source={
            "source_repo": REPOSITORY,
            "source_path": "/".join(path),
            "format": "cloudopsbench",
            "tools": "derived",
            **({"left_out": unread} if unread else {}),
        },
    )


def _cached(recordings: tuple[Recording, ...]) -> bool:
    return any(recording.tool == _LOGS.name for recording in recordings)


def _tools(recordings: tuple[Recording, ...], *, logs: bool) -> tuple[ToolSchema, ...]:
    """The tools as the calls show them. The one answered from a log file exists, though nothing may be recorded of it."""
    found = tools_from_calls(recordings)
    return (*(tool for tool in found if tool.name != _LOGS.name), _LOGS) if logs else found


def _tails(file: Path, namespace: str) -> tuple[Recording, ...]:
    """The one tool that the source answers from its log file instead of the cache: the last lines of a service's log.

    Each log is kept as the return of more lines than it has, so fewer are derived from it.
    """
    logs = expect_object(expect_storable(json_of(file), ""), "")
    return tuple(_tail(namespace, service, expect_list(lines, service)) for service, lines in logs.items())


def _tail(namespace: str, service: str, lines: list[Any]) -> Recording:
    asked = {"namespace": namespace, "service_name": service, "lines": max(MOST_LINES, len(lines) + 1)}
    return Recording(_LOGS.name, asked, _returned(lines, service), derived=True)


def _with_shown(recordings: tuple[Recording, ...], sessions: list[RecordedSession]) -> tuple[Recording, ...]:
    """The recordings, and what the experts were shown by calls that none of them answers."""
    asked = {verbatim(recording.tool, recording.arguments) for recording in recordings}
    shown: dict[str, Recording] = {}
    for session in sessions:
        for call in session.calls:
            key = verbatim(call.tool, call.arguments)
            if call.tool == _LOGS.name and call.output is not None and key not in asked:
                shown.setdefault(key, Recording(call.tool, call.arguments, call.output))
    return tuple(replace(recording, order=order) for order, recording in enumerate((*recordings, *shown.values())))


def _path(folder: Path) -> tuple[str, ...]:
    """The folder's path inside a checkout: benchmark/system/group/number."""
    parts = folder.resolve().parts
    if "benchmark" in parts:
        at = len(parts) - 1 - parts[::-1].index("benchmark")
        if len(parts) - at > 2:
            return parts[at:]
    return ("benchmark", *("unknown", *parts[1:])[-3:])


def _answer(metadata: dict[str, Any]) -> Answer:
    result = expect_object(metadata.get("result"), "result")
    return labelled(
        *(expect_text(result.get(name), f"result.{name}") for name in ("root_cause", "fault_object", "fault_taxonomy"))
    )


def _recordings(cache: dict[str, Any]) -> tuple[tuple[Recording, ...], list[str]]:
    """The cached calls, and the entries that are none because they have no arguments."""
    recordings, unread = [], []
    for asked, value in cache.items():
        if asked == _NOT_A_CALL:
            continue
        tool, separator, arguments = asked.partition(":")
        if not separator:
            unread.append(asked)
            continue
        recordings.append(
            Recording(
                tool=expect_text(tool, asked),
                arguments=_arguments(arguments, asked),
                output=_returned(value, asked),
                order=len(recordings),
            )
        )
    if not recordings:
        raise ReadError("", "holds no call.")
    return tuple(recordings), unread


def _arguments(text: str, asked: str) -> dict[str, Any]:
    try:
        return expect_object(parsed(text), asked)
    except ReadError as error:
        raise ReadError(asked, f"its arguments cannot be read: {error.reason}") from None


def _returned(value: Any, asked: str) -> str:
    """Text as it is; what the tool returned as data, as the JSON an agent is shown."""
    if isinstance(value, dict | list):
        value = json.dumps(value, indent=2, ensure_ascii=False)
    return expect_text(value, asked, empty=True)


def _trajectories(folder: Path) -> list[Path]:
    """The experts' paths, which lie beside the folder "benchmark" under the same names."""
    path, whole = _path(folder), folder.resolve()
    if whole.parts[-len(path) :] != path:
        return []
    return sorted(whole.parents[len(path) - 1].joinpath("golden-trajectory", *path[1:]).glob("*.json"))


def _session(file: Path, answer: Answer) -> RecordedSession:
    trace = expect_list(
        expect_storable(expect_object(json_of(file), ""), "").get("diagnostic_trace"), "diagnostic_trace"
    )
    calls = tuple(_call(item, f"diagnostic_trace[{number}]") for number, item in enumerate(trace))
    return expert_session(file.stem, calls, answer)


def _call(item: Any, where: str) -> RecordedCall:
    item = expect_object(item, where)
    calling = expect_text(item.get("calling"), f"{where}.calling")
    written = _CALLING.fullmatch(calling)
    if not written:
        raise ReadError(f"{where}.calling", "is not of the form tool_name='...' arguments={...}.")
    pairs = list(_ARGUMENT.finditer(written["arguments"]))
    if "".join(pair.group() for pair in pairs) != written["arguments"]:
        raise ReadError(f"{where}.calling", "holds an argument that cannot be read.")
    arguments = {pair["name"]: ast.literal_eval(pair["value"]) for pair in pairs}
    return RecordedCall(written["tool"], arguments, output=_shown(item.get("output"), f"{where}.output"))


def _shown(value: Any, where: str) -> str | None:
    """What the expert was shown; the trace wraps some returns in quotes once more."""
    if value is None:
        return None
    if isinstance(value, str) and value[:1] == value[-1:] == '"' and len(value) > 1:
        inner = parsed(value)
        value = inner if isinstance(inner, str) else value
    return _returned(value, where)
