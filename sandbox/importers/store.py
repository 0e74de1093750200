"""Bring a bundle into the database: the case, its snapshot and its sessions, all of it or nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction

from cases import library, recording
from cases.diagnosis import Answer, DiagnosisError
from cases.intake import IntakeError, Opened, open_case, system_named
from cases.library import LibraryError
from cases.models import Case, CaseVersion, Session, System
from cases.recording import RecordingError
from cases.transcript import Level, Observation, digest_of
from cases.transcript import Step as StepValue
from sandbox import capture
from sandbox.bundle import CaseBundle, RecordedSession
from sandbox.environment.replay import Replay, ReplaySource
from sandbox.importers.quotes import with_quote


@dataclass(frozen=True)
class Outcome:
    """``outcome``: created, new_version, unchanged or refused; ``detail`` says what came with it, or why not."""

    name: str
    outcome: str
    detail: str = ""


class _DryRun(Exception):
    """Takes back what a dry run wrote."""

    def __init__(self, outcome: Outcome):
        super().__init__(outcome.detail)
        self.outcome = outcome


def bring_in(bundle: CaseBundle, *, by=None, confirm_as=None, dry_run: bool = False, system: str = "") -> Outcome:
    """Store a case with everything it brings, in one transaction; the same bundle again changes nothing.

    ``confirm_as``, a lead, confirms the case in bulk where its source lets it gate. ``system`` files it under
    another system than the bundle's own. Refusals come back as outcomes, in words; nothing of them is kept.
    """
    try:
        with transaction.atomic():
            outcome = _bring_in(bundle, by or confirm_as, confirm_as, system or bundle.system)
            if dry_run:
                raise _DryRun(outcome)
    except _DryRun as taken_back:
        outcome = taken_back.outcome
    except (RecordingError, IntakeError, DiagnosisError, LibraryError) as error:
        outcome = Outcome(bundle.name, "refused", str(error))
    return outcome


def _bring_in(bundle: CaseBundle, by, confirm_as, system: str) -> Outcome:
    opened = _known(bundle) or open_case(
        system=system_named(system, policy=System.Policy.MANUAL),
        name=bundle.name,
        task=replace(bundle.task, system=""),
        answer=bundle.answer if bundle.answer != Answer() else None,
        origin=bundle.identity[0],
        origin_path=bundle.identity[1],
        tags=bundle.tags,
        gates=bundle.gates,
        source=bundle.source,
        synthetic=bundle.synthetic,
        by=by,
    )
    said = []
    before = opened.case.snapshots.count()
    held = bundle.recordings or bundle.world
    snapshot = capture.freeze(opened.case, bundle.recordings, world=bundle.world) if held else None
    if snapshot and opened.case.snapshots.count() > before:
        said.append(_counted(snapshot.recordings_count, "recording"))
        said += [f"a world of {_counted(len(bundle.world.tables), 'table')}"] if bundle.world else []
        taken = sum(redaction["count"] for redaction in snapshot.redactions)
        said += [f"{_counted(taken, 'secret')} redacted"] if taken else []
    added = _sessions(opened.version, bundle, snapshot.digest if snapshot else "")
    said += [_counted(added, "session")] if added else []
    library.settle(opened.case, by=by)
    if confirm_as and library.confirm_in_bulk([opened.case], by=confirm_as, imported=True):
        said.append("confirmed")
    changed = opened.outcome if opened.outcome != "unchanged" or not said else "extended"
    return Outcome(bundle.name, changed, ", ".join(said))


def _counted(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"


def _known(bundle: CaseBundle) -> Opened | None:
    """A source's raw folder of a case that came in before with its tools' own schemas adds nothing to its text."""
    if bundle.source.get("tools") != "derived":
        return None
    case = (
        Case.objects.select_related("current").filter(origin=bundle.identity[0], origin_path=bundle.identity[1]).first()
    )
    if case is None or case.source.get("tools") == "derived" or case.current.prompt != bundle.task.prompt:
        return None
    answer = case.current.parsed_answer()
    if answer is None or (answer.causes, answer.expected) != (bundle.answer.causes, bundle.answer.expected):
        return None
    return Opened(case, case.current, "unchanged")


def _sessions(version: CaseVersion, bundle: CaseBundle, snapshot_digest: str) -> int:
    """Store the sessions that are not there yet; tell how many those were."""
    source = ReplaySource(bundle.task.tools, bundle.recordings) if bundle.sessions else None
    stored = 0
    for known in bundle.sessions:
        external_id = f"import/{digest_of([*bundle.identity, version.number, *_what_is_known(bundle, known)])}"
        if Session.objects.filter(external_id=external_id).exists():
            continue
        session = recording.start(
            version,
            actor=known.actor,
            engine=known.engine,
            external_id=external_id,
            name=known.name,
            parameters={"imported": known.outcome} if known.outcome else {},
            snapshot_digest=snapshot_digest,
        )
        steps = _steps(known, source.open())
        recording.append_all(session, steps)
        diagnosis = with_quote(known.diagnosis, steps) if known.diagnosis else None
        recording.finish(session, diagnosis=diagnosis, stop_reason="concluded" if diagnosis else "unconcluded")
        stored += 1
    return stored


def _what_is_known(bundle: CaseBundle, known: RecordedSession) -> list[Any]:
    """What makes two sessions the same: an expert's calls, which come with or without returns; all of an agent's run."""
    keys = [capture.canonical_for(bundle.task, call.tool, call.arguments).key for call in known.calls]
    outputs = [call.output for call in known.calls] if known.actor == Session.Actor.AGENT else []
    return [known.actor, known.name, keys, outputs]


def _steps(known: RecordedSession, environment: Replay) -> list[StepValue]:
    """The session's calls with what it saw; calls without a return of their own are answered by the snapshot."""
    steps = []
    for index, call in enumerate(known.calls):
        seen = environment.call(call.tool, call.arguments)
        if call.output not in (None, seen.output):
            seen = Observation(call.output, is_error=call.is_error, level=Level.LIVE)
        steps.append(StepValue(index, call.tool, call.arguments, seen, thought=call.why))
    return steps
