"""Sessions that come with a case: experts' paths, sessions told whole, known runs of other agents. No Django here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from cases.diagnosis import Answer, Conclusion, Diagnosis, DiagnosisError, RootCause
from cases.parsing import parse_diagnosis
from sandbox.bundle import RecordedCall, RecordedSession
from sandbox.environment.base import Recording
from sandbox.importers.reading import (
    ReadError,
    expect_flag,
    expect_list,
    expect_object,
    expect_text,
    expect_texts,
)

_CELL = re.compile(r"# In\[(\d+)\]")


def reference_paths(told: dict[str, Any], answer: Answer) -> Iterator[RecordedSession]:
    """Experts' own calls; what they concluded is the label, what they thought is not known."""
    paths = expect_object(told.get("reference_paths") or {}, "answer.reference_paths")
    for name, calls in paths.items():
        yield expert_session(name, tuple(_calls(calls, f"answer.reference_paths.{name}")), answer)


def expert_session(name: str, calls: tuple[RecordedCall, ...], answer: Answer) -> RecordedSession:
    """An expert's path as a session that concludes the labelled cause and claims nothing beyond it."""
    causes = tuple(RootCause(cause.component, cause.fault_class) for cause in answer.causes)
    diagnosis = Diagnosis(Conclusion.ROOT_CAUSE, root_causes=causes[:1], summary=answer.title) if causes else None
    return RecordedSession(name=name, actor="expert", calls=calls, diagnosis=diagnosis, engine="expert")


def told_sessions(value: Any) -> Iterator[RecordedSession]:
    """Sessions told whole, with their conclusions."""
    for number, item in enumerate(expect_list(value or [], "sessions")):
        at = f"sessions[{number}]"
        item = expect_object(item, at)
        actor = item.get("actor")
        if actor not in ("expert", "agent"):
            raise ReadError(f"{at}.actor", f"is {actor!r}; it must be expert or agent.")
        concluded = item.get("diagnosis")
        try:
            diagnosis = None if concluded is None else parse_diagnosis(concluded)
        except DiagnosisError as error:
            raise ReadError(f"{at}.diagnosis", f"{error}.") from None
        yield RecordedSession(
            name=expect_text(item.get("name"), f"{at}.name"),
            actor=actor,
            calls=tuple(_calls(item.get("calls"), f"{at}.calls")),
            diagnosis=diagnosis,
            engine=expect_text(item.get("engine"), f"{at}.engine", required=False) or "imported",
        )


def _calls(value: Any, where: str) -> Iterator[RecordedCall]:
    for number, item in enumerate(expect_list(value, where)):
        at = f"{where}[{number}]"
        item = expect_object(item, at)
        output = item.get("output")
        yield RecordedCall(
            tool=expect_text(item.get("tool"), f"{at}.tool"),
            arguments=expect_object(item.get("arguments"), f"{at}.arguments"),
            output=None if output is None else expect_text(output, f"{at}.output", empty=True),
            is_error=expect_flag(item.get("is_error"), f"{at}.is_error"),
            why=expect_text(item.get("why"), f"{at}.why", required=False),
        )


def agent_run(
    name: str, told: dict[str, Any], context: dict[str, Any], recordings: tuple[Recording, ...]
) -> RecordedSession:
    """A known run of another agent: its recordings are its steps.

    A notebook's cells say their order. Elsewhere only the order of repeated calls is known: the session says so.
    """
    cells = [_cell(recording) for recording in recordings]
    ordered = all(cell is not None for cell in cells)
    if ordered:
        recordings = tuple(
            recording for _, recording in sorted(zip(cells, recordings, strict=True), key=lambda x: x[0])
        )
    said = expect_texts(told.get("final_messages"), "answer.final_messages")
    outcome = expect_object(told.get("outcome") or {}, "answer.outcome")
    return RecordedSession(
        name=name,
        actor="agent",
        calls=tuple(
            RecordedCall(recording.tool, recording.arguments, recording.output, recording.is_error)
            for recording in recordings
        ),
        diagnosis=_in_words(said[-1]) if said else None,
        outcome={
            "agent": str(context.get("agent", "")),
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
