"""Case bundles, format case-bundle/1: one JSON file a case, its tools in a catalogue beside it. No Django here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from cases.diagnosis import Answer, Conclusion, Diagnosis, RootCause
from cases.transcript import Task, ToolSchema
from sandbox.bundle import CaseBundle, RecordedCall, RecordedSession
from sandbox.environment.base import Recording
from sandbox.environment.matching import MATCHES
from sandbox.importers.answers import answer_of, vocabulary_in
from sandbox.importers.reading import (
    ImportProblem,
    ReadError,
    expect_flag,
    expect_list,
    expect_object,
    expect_text,
    expect_texts,
    json_of,
)
from sandbox.importers.schemas import tools_from_calls, tools_from_catalogue

FORMAT = "case-bundle/1"
_CELL = re.compile(r"# In\[(\d+)\]")


def read(path: Path) -> Iterator[CaseBundle | ImportProblem]:
    """The case in one bundle file, or what is wrong with it."""
    try:
        yield bundle_of(json_of(path), path)
    except ReadError as error:
        yield error.at(path)


def bundle_of(data: Any, path: Path) -> CaseBundle:
    """Read a bundle that was parsed already; ``path`` says where its catalogues are. Raises ReadError."""
    data = expect_object(data, "")
    if data.get("format") != FORMAT:
        raise ReadError("format", f"is {data.get('format')!r}; this importer reads {FORMAT!r}.")
    name = expect_text(data.get("id"), "id")
    catalogue = expect_text(data.get("catalogue"), "catalogue", required=False)
    source = expect_object(data.get("source"), "source")
    prompt = expect_text(data.get("prompt"), "prompt")
    told = expect_object(data.get("answer"), "answer")
    recordings = _recordings(data.get("recordings"))
    answer = answer_of(catalogue, told)
    tools = _catalogue(path.resolve().parent, catalogue)
    return CaseBundle(
        identity=_identity(source, name),
        name=name,
        system=_system(catalogue, source, prompt),
        task=Task(
            prompt=prompt,
            context=expect_object(data.get("context") or {}, "context"),
            tools=tools_from_calls(recordings) if tools is None else tools,
            fault_classes=_vocabulary(path.resolve().parent, catalogue) or vocabulary_in(prompt),
        ),
        answer=answer,
        recordings=recordings,
        sessions=(*_paths(told, answer), *_run(catalogue, name, told, recordings, data)),
        tags=expect_texts(told.get("tags"), "answer.tags"),
        gates=told.get("grade") != "C" and catalogue != "agent_runs",
        source={**source, "format": FORMAT, "catalogue": catalogue},
    )


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


def _paths(told: dict[str, Any], answer: Answer) -> Iterator[RecordedSession]:
    """Experts' own calls; what they concluded is the label, what they thought is not known."""
    paths = expect_object(told.get("reference_paths") or {}, "answer.reference_paths")
    for name, calls in paths.items():
        yield expert_session(name, tuple(_calls(calls, f"answer.reference_paths.{name}")), answer)


def expert_session(name: str, calls: tuple[RecordedCall, ...], answer: Answer) -> RecordedSession:
    """An expert's path as a session that concludes the labelled cause and claims nothing beyond it."""
    causes = tuple(RootCause(cause.component, cause.fault_class) for cause in answer.causes)
    diagnosis = Diagnosis(Conclusion.ROOT_CAUSE, root_causes=causes[:1], summary=answer.title) if causes else None
    return RecordedSession(name=name, actor="expert", calls=calls, diagnosis=diagnosis, engine="expert")


def _calls(value: Any, where: str) -> Iterator[RecordedCall]:
    for number, item in enumerate(expect_list(value, where)):
        item = expect_object(item, f"{where}[{number}]")
        yield RecordedCall(
            tool=expect_text(item.get("tool"), f"{where}[{number}].tool"),
            arguments=expect_object(item.get("arguments"), f"{where}[{number}].arguments"),
        )


def _run(
    catalogue: str, name: str, told: dict[str, Any], recordings: tuple[Recording, ...], data: dict[str, Any]
) -> Iterator[RecordedSession]:
    """A known run of another agent: its recordings are its steps.

    A notebook's cells say their order. Elsewhere only the order of repeated calls is known: the session says so.
    """
    if catalogue != "agent_runs":
        return
    cells = [_cell(recording) for recording in recordings]
    ordered = all(cell is not None for cell in cells)
    if ordered:
        recordings = tuple(
            recording for _, recording in sorted(zip(cells, recordings, strict=True), key=lambda x: x[0])
        )
    said = expect_texts(told.get("final_messages"), "answer.final_messages")
    outcome = expect_object(told.get("outcome") or {}, "answer.outcome")
    yield RecordedSession(
        name=name,
        actor="agent",
        calls=tuple(
            RecordedCall(recording.tool, recording.arguments, recording.output, recording.is_error)
            for recording in recordings
        ),
        diagnosis=_in_words(said[-1]) if said else None,
        outcome={
            "agent": str((data.get("context") or {}).get("agent", "")),
            "order": "as run" if ordered else "not kept by the source",
            **outcome,
        },
    )


def _cell(recording: Recording) -> int | None:
    cell = _CELL.match(str(recording.arguments.get("code", "")))
    return int(cell[1]) if cell else None


def _in_words(message: str) -> Diagnosis:
    """A conclusion in prose only: what it says is kept, what it lacks is named."""
    return Diagnosis(
        Conclusion.INCONCLUSIVE,
        summary=message,
        missing=("a structured conclusion: the run ended in words only",),
    )


def _catalogue(folder: Path, name: str) -> tuple[ToolSchema, ...] | None:
    """The tools of a catalogue; None where the catalogues say nothing of this source (agent runs)."""
    if not name:
        return None
    catalogues = _catalogues(folder)
    if catalogues is None:
        raise ReadError("catalogue", f"{name!r} is not here: put the folder catalogues/ beside the bundle's folder.")
    file = catalogues / f"{name}.json"
    return _tools_in(file, file.stat().st_mtime_ns) if _is_plain(name) and file.is_file() else None


def _vocabulary(folder: Path, catalogue: str) -> tuple[str, ...]:
    """The whole list of fault classes a source answers in, never a hint which."""
    catalogues = _catalogues(folder)
    file = catalogues / "fault_classes.json" if catalogues else None
    if file is None or not file.is_file():
        return ()
    return _classes_in(file, file.stat().st_mtime_ns).get(catalogue, ())


def _is_plain(name: str) -> bool:
    return re.fullmatch(r"[\w-]+", name) is not None


def _catalogues(folder: Path) -> Path | None:
    beside = (folder / "catalogues", folder.parent / "catalogues")
    return next((path for path in beside if path.is_dir()), None)


@lru_cache(maxsize=32)
def _tools_in(file: Path, changed: int) -> tuple[ToolSchema, ...]:
    return tools_from_catalogue(json_of(file), f"catalogues/{file.name}")


@lru_cache(maxsize=32)
def _classes_in(file: Path, changed: int) -> dict[str, tuple[str, ...]]:
    sources = expect_object(json_of(file), f"catalogues/{file.name}")
    found = {}
    for source, groups in sources.items():
        where = f"catalogues/{file.name}: {source}"
        lists = expect_object(groups, where)
        found[source] = tuple(
            name for group, names in lists.items() for name in expect_texts(names, f"{where}.{group}")
        )
    return found
