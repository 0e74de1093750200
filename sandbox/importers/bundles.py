"""Case bundles, format case-bundle/1: one JSON file a case, its tools in a catalogue beside it. No Django here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cases.diagnosis import Answer, DiagnosisError
from cases.parsing import parse_answer
from cases.transcript import Task, ToolSchema
from sandbox.bundle import CaseBundle
from sandbox.environment.base import Recording
from sandbox.environment.matching import MATCHES
from sandbox.importers.answers import answer_of, vocabulary_in
from sandbox.importers.catalogues import fault_classes_of, tools_named
from sandbox.importers.reading import (
    ImportProblem,
    ReadError,
    expect_flag,
    expect_list,
    expect_object,
    expect_storable,
    expect_text,
    expect_texts,
    json_of,
)
from sandbox.importers.schemas import tools_from_calls, tools_from_catalogue
from sandbox.importers.sessions import agent_run, reference_paths, told_sessions
from sandbox.importers.worlds import world_of

FORMAT = "case-bundle/1"
AGENT_RUNS = "agent_runs"  # the catalogue of bundles that hold a run of another agent instead of a case to run on


def read(path: Path) -> Iterator[CaseBundle | ImportProblem]:
    """The case in one bundle file, or what is wrong with it."""
    try:
        yield bundle_of(json_of(path), path)
    except ReadError as error:
        yield error.at(path)


def bundle_of(data: Any, path: Path) -> CaseBundle:
    """Read a bundle that was parsed already; ``path`` says where its catalogues are. Raises ReadError."""
    data = expect_storable(expect_object(data, ""), "")
    if data.get("format") != FORMAT:
        raise ReadError("format", f"is {data.get('format')!r}; this importer reads {FORMAT!r}.")
    name = expect_text(data.get("id"), "id")
    catalogue = expect_text(data.get("catalogue"), "catalogue", required=False)
    source = expect_object(data.get("source"), "source")
    prompt = expect_text(data.get("prompt"), "prompt")
    told = expect_object(data.get("answer"), "answer")
    recordings = _recordings(data.get("recordings"))
    context = expect_object(data.get("context") or {}, "context")
    answer = _answer(catalogue, told)
    return CaseBundle(
        identity=_identity(source, name),
        name=expect_text(data.get("name"), "name", required=False) or name,
        system=expect_text(data.get("system"), "system", required=False) or _system(catalogue, source, prompt),
        task=Task(
            prompt=prompt,
            context=context,
            tools=_tools(data, catalogue, path.resolve().parent, recordings),
            fault_classes=(
                expect_texts(data.get("fault_classes"), "fault_classes")
                or fault_classes_of(path.resolve().parent, catalogue)
                or vocabulary_in(prompt)
            ),
        ),
        answer=answer,
        recordings=recordings,
        sessions=(
            *reference_paths(told, answer),
            *told_sessions(data.get("sessions")),
            *([agent_run(name, told, context, recordings)] if catalogue == AGENT_RUNS else []),
        ),
        tags=expect_texts(data.get("tags") or told.get("tags"), "tags" if data.get("tags") else "answer.tags"),
        gates=told.get("grade") != "C" and catalogue != AGENT_RUNS,
        source={**source, "format": FORMAT, "catalogue": catalogue},
        synthetic=expect_flag(data.get("synthetic"), "synthetic"),
        world=world_of(data.get("world")),
    )


def _answer(catalogue: str, told: dict[str, Any]) -> Answer:
    """The answer in our own form where the bundle has it, else in its source's."""
    structured = told.get("structured")
    if structured is None:
        return answer_of(catalogue, told)
    try:
        return parse_answer(structured)
    except DiagnosisError as error:
        raise ReadError("answer.structured", f"{error}.") from None


def _tools(
    data: dict[str, Any], catalogue: str, folder: Path, recordings: tuple[Recording, ...]
) -> tuple[ToolSchema, ...]:
    if data.get("tools") is not None:
        return tools_from_catalogue(data["tools"], "tools")
    tools = tools_named(folder, catalogue)
    return tools_from_calls(recordings) if tools is None else tools


def _identity(source: dict[str, Any], name: str) -> tuple[str, str]:
    repository = expect_text(source.get("source_repo"), "source.source_repo")
    path = expect_text(source.get("source_path"), "source.source_path", required=False)
    return repository, path.rstrip("/") or name


def _system(catalogue: str, source: dict[str, Any], prompt: str) -> str:
    """The system a case is of, where its source keeps several apart."""
    parts = str(source.get("source_path") or "").split("/")
    if catalogue == "cloudopsbench" and len(parts) > 2:
        return parts[1]
    named = re.match(r"([\w-]+): ", prompt) if catalogue == "nezha" else None
    return named[1] if named else catalogue or "imported"


def _recordings(value: Any) -> tuple[Recording, ...]:
    recordings = []
    for order, item in enumerate(expect_list(value, "recordings")):
        at = f"recordings[{order}]"
        item = expect_object(item, at)
        match = item.get("match", "exact")
        if match not in MATCHES:
            raise ReadError(f"{at}.match", f"is {match!r}; it must be one of {', '.join(MATCHES)}.")
        recordings.append(
            Recording(
                tool=expect_text(item.get("tool"), f"{at}.tool"),
                arguments=expect_object(item.get("arguments"), f"{at}.arguments"),
                output=expect_text(item.get("output"), f"{at}.output", empty=True),
                is_error=expect_flag(item.get("is_error"), f"{at}.is_error"),
                match=match,
                derived=expect_flag(item.get("derived"), f"{at}.derived"),
                latency_ms=_latency(item.get("latency_ms"), f"{at}.latency_ms"),
                order=order,
            )
        )
    return tuple(recordings)


def _latency(value: Any, field: str) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
        return value
    raise ReadError(field, "must be a whole number of milliseconds.")
