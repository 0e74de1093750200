"""Bring a bundle into the database: the case, its snapshot and its sessions, all of it or nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

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
from sandbox.environment.replay import Replay
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
        answer=bundle.answer if _says_something(bundle.answer) else None,
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
    snapshot = capture.freeze(opened.case, bundle.recordings) if bundle.recordings else None
    if snapshot and opened.case.snapshots.count() > before:
        said.append(f"{snapshot.recordings_count} recordings")
        taken = sum(redaction["count"] for redaction in snapshot.redactions)
        said += [f"{taken} secrets redacted"] if taken else []
    added = [_session(opened.version, bundle, known, snapshot) for known in bundle.sessions]
    said += [f"{sum(added)} sessions"] if any(added) else []
    library.settle(opened.case, by=by)
    if confirm_as and library.confirm_in_bulk([opened.case], by=confirm_as):
        said.append("confirmed")
    changed = opened.outcome if opened.outcome != "unchanged" or not said else "extended"
    return Outcome(bundle.name, changed, ", ".join(said))


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


def _says_something(answer: Answer) -> bool:
    return answer != Answer()


def _session(version: CaseVersion, bundle: CaseBundle, known: RecordedSession, snapshot) -> bool:
    """Store a known session once; tell whether it was new. Calls without a return are answered by the snapshot."""
    replay = Replay(bundle.task.tools, bundle.recordings)
    calls = [[capture.canonical_for(bundle.task, call.tool, call.arguments).key, call.output] for call in known.calls]
    external = (
        f"import/{digest_of([*bundle.identity, version.number, known.actor, known.name, [key for key, _ in calls]])}"
    )
    if Session.objects.filter(external_id=external).exists():
        return False
    session = recording.start(
        version,
        actor=known.actor,
        engine=known.engine,
        external_id=external,
        name=known.name,
        parameters={"imported": known.outcome} if known.outcome else {},
        snapshot_digest=snapshot.digest if snapshot else "",
    )
    steps: list[StepValue] = []
    for call in known.calls:
        seen = _seen(replay.call(call.tool, call.arguments), call.output, call.is_error)
        steps.append(StepValue(len(steps), call.tool, call.arguments, seen))
        recording.append(session, tool=call.tool, arguments=call.arguments, observation=seen, why=call.why)
    diagnosis = with_quote(known.diagnosis, steps) if known.diagnosis else None
    recording.finish(session, diagnosis=diagnosis, stop_reason="concluded" if diagnosis else "unconcluded")
    return True


def _seen(replayed: Observation, output: str | None, is_error: bool) -> Observation:
    """What the session saw: the replayed return, or its own where that is another."""
    if output is None or replayed.output == output:
        return replayed
    return Observation(output, is_error=is_error, level=Level.LIVE)
