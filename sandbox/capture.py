"""The frozen recordings of a case: taken once, stored by content, opened as often as one likes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import replace
from sys import intern
from threading import Lock
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef

from cases import redacting
from cases.calls import CanonicalCall, canonical
from cases.models import Case, RawReturn, Session, Step
from cases.recording import digest_of_text, task_of
from cases.redaction import Redaction, merged, redact, redact_value
from cases.transcript import Level, Task, digest_of
from cases.transcript import Step as StepValue
from sandbox import worlds
from sandbox.environment.base import Inventory, Recording
from sandbox.environment.inventory import inventory_of
from sandbox.environment.replay import ReplaySource
from sandbox.environment.world.base import WorldSpec
from sandbox.models import Miss, Snapshot, SnapshotRecording

KEPT = 64 * 2**20  # bytes of raw returns that the sources in memory hold together, the latest used of them

_sources: OrderedDict[str, tuple[ReplaySource, int]] = OrderedDict()
_sources_lock = Lock()


def canonical_for(task: Task, tool: str, arguments: dict[str, Any]) -> CanonicalCall:
    """A call in canonical form under the task's own tool schema."""
    return canonical(tool, arguments, task.tool(tool))


def freeze(case: Case, recordings: Iterable[Recording], *, world: WorldSpec | None = None) -> Snapshot:
    """Store recordings, redacted, and a world as the case's newest snapshot; the same content gives the one there is.

    Recordings are the same when the same calls give the same returns in the same order of repetition. Raises
    RecordingError for a return that is not text.
    """
    task = task_of(case.current)
    kept, redactions = _redacted(recordings)
    rows = [
        (canonical_for(task, taken.tool, taken.arguments).key, digest_of_text(taken.output), taken) for taken in kept
    ]
    rows.sort(key=lambda row: (row[0], row[2].order))
    digest = digest_of([_content(key, raw, taken) for key, raw, taken in rows])
    if world is not None:
        digest = digest_of([digest, world.digest])
    with transaction.atomic():
        snapshot = case.snapshots.filter(digest=digest).first()
        if snapshot is None:
            snapshot = _store(case, digest, rows, redactions, world)
            tell(snapshot)
    return snapshot


def tell(snapshot: Snapshot) -> None:
    """Write on the case what lists of cases show of its newest snapshot."""
    measured = snapshot.admission or {}
    newer = Snapshot.objects.filter(case=OuterRef("pk"), number__gt=snapshot.number)
    Case.objects.filter(~Exists(newer), pk=snapshot.case_id).update(
        frozen_size=snapshot.size,
        frozen_share=measured.get("closure"),
        frozen_asked=measured.get("different"),
        frozen_digest=snapshot.digest,
    )


def freeze_sessions(case: Case) -> Snapshot:
    """Extend the newest snapshot by what the case's recorded sessions saw of the real system.

    The first return of a call stays the first; a later session adds repetitions that no earlier one reached.
    """
    newest = case.snapshots.first()
    recordings = list(recordings_of(newest)) if newest else []
    task = task_of(case.current)
    reached: dict[str, int] = {}
    for recording in recordings:
        key = canonical_for(task, recording.tool, recording.arguments).key
        reached[key] = reached.get(key, 0) + 1
    for session in case.sessions.filter(origin=Session.Origin.RECORDED).order_by("pk"):
        asked: dict[str, int] = {}
        for step in session.steps.filter(level=Level.LIVE).select_related("raw").order_by("index"):
            key = canonical_for(task, step.tool, step.arguments).key
            asked[key] = asked.get(key, 0) + 1
            if asked[key] > reached.get(key, 0):
                reached[key] = asked[key]
                recordings.append(_recording_of(step, order=len(recordings)))
    return freeze(case, recordings, world=worlds.spec_of(newest) if newest else None)


def recordings_of(snapshot: Snapshot) -> tuple[Recording, ...]:
    """The recordings of a snapshot as values, each different return in memory once: two queries."""
    rows = list(snapshot.recordings.order_by("order"))
    raws = RawReturn.objects.filter(pk__in=snapshot.recordings.values("raw"))
    texts = dict(raws.values_list("pk", "text"))
    return tuple(
        Recording(
            tool=intern(row.tool),
            arguments={intern(name): value for name, value in row.arguments.items()},
            output=texts[row.raw_id],
            is_error=row.is_error,
            match=intern(row.match),
            derived=row.derived,
            latency_ms=row.latency_ms,
            order=row.order,
            note=row.note,
        )
        for row in rows
    )


def source_of(snapshot: Snapshot) -> ReplaySource:
    """The snapshot ready to replay under its case's current tools; the latest used are kept in memory."""
    tools = task_of(snapshot.case.current).tools
    key = f"{snapshot.digest} {digest_of([tool.as_function() for tool in tools])}"
    with _sources_lock:
        if key in _sources:
            _sources.move_to_end(key)
            return _sources[key][0]
    names = {kind: tuple(names) for kind, names in snapshot.inventory.items()}
    world = worlds.opened(snapshot, tools)
    source = ReplaySource(tools, recordings_of(snapshot), inventory=Inventory(names), world=world)
    with _sources_lock:
        _sources[key] = source, snapshot.size
        while len(_sources) > 1 and sum(size for _, size in _sources.values()) > KEPT:
            _sources.popitem(last=False)
    return source


def note_misses(snapshot: Snapshot, steps: Iterable[StepValue]) -> int:
    """Count the calls the snapshot could not answer, each a task to record it; return how many steps missed.

    One that is recorded missed because of what its run had done to the world: there is nothing to record.
    """
    task = task_of(snapshot.case.current)
    missed = [step for step in steps if step.observation.level is Level.MISS]
    calls = [canonical_for(task, step.tool, step.arguments) for step in missed]
    recorded = set(
        snapshot.recordings.filter(key__in={call.key for call in calls}).values_list("key", flat=True) if calls else ()
    )
    for call in (call for call in calls if call.key not in recorded):
        fields = {"tool": call.tool, "arguments": call.arguments}
        miss, created = Miss.objects.get_or_create(snapshot=snapshot, key=call.key, defaults=fields)
        if not created:
            Miss.objects.filter(pk=miss.pk).update(times=F("times") + 1)
    return len(missed)


def _redacted(recordings: Iterable[Recording]) -> tuple[list[Recording], tuple[Redaction, ...]]:
    kept, found, own = [], [], redacting.own()
    for recording in recordings:
        output, arguments = redact(recording.output, own), redact_value(recording.arguments, own)
        if output.redactions or arguments.redactions:
            found += [output.redactions, arguments.redactions]
            recording = replace(recording, output=output.text, arguments=arguments.value)
        kept.append(recording)
    return kept, merged(*found)


def _content(key: str, raw: str, recording: Recording) -> list[Any]:
    return [
        key,
        recording.arguments,
        raw,
        recording.is_error,
        recording.match,
        recording.derived,
        recording.latency_ms,
        *([recording.note] if recording.note else []),
    ]


def _store(
    case: Case,
    digest: str,
    rows: list[tuple[str, str, Recording]],
    redactions: tuple[Redaction, ...],
    world: WorldSpec | None,
) -> Snapshot:
    if world is not None:
        worlds.store(world)
    returns = {raw: RawReturn(digest=raw, text=taken.output, size=len(taken.output.encode())) for _, raw, taken in rows}
    RawReturn.objects.bulk_create(returns.values(), ignore_conflicts=True, batch_size=200)
    newest = case.snapshots.values_list("number", flat=True).first()
    snapshot = Snapshot.objects.create(
        case=case,
        number=(newest or 0) + 1,
        digest=digest,
        recordings_count=len(rows),
        size=sum(returns[raw].size for _, raw, _ in rows),
        inventory={kind: list(names) for kind, names in inventory_of(taken for _, _, taken in rows).names.items()},
        redactions=[redaction.as_dict() for redaction in redactions],
        world=world.as_json() if world else None,
    )
    SnapshotRecording.objects.bulk_create(
        [
            SnapshotRecording(
                snapshot=snapshot,
                order=order,
                tool=taken.tool,
                arguments=taken.arguments,
                key=key,
                raw_id=raw,
                is_error=taken.is_error,
                match=taken.match,
                derived=taken.derived,
                latency_ms=taken.latency_ms,
                note=taken.note,
            )
            for order, (key, raw, taken) in enumerate(rows)
        ],
        batch_size=500,
    )
    return snapshot


def _recording_of(step: Step, *, order: int) -> Recording:
    return Recording(
        tool=step.tool,
        arguments=step.arguments,
        output=step.raw.text,
        is_error=step.is_error,
        latency_ms=step.latency_ms,
        order=order,
    )
