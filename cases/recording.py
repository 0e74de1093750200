"""Sessions as they happen: started, step by step, finished; and back as the value every thinker reads."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from cases import redacting
from cases.diagnosis import Diagnosis
from cases.models import CaseVersion, RawReturn, Session, Step
from cases.parsing import parse_diagnosis
from cases.redaction import merged, redact, redact_value
from cases.transcript import Level, Observation, RuleUse, Task, ToolSchema, Transcript, canonical_json
from cases.transcript import Step as StepValue
from cases.wellformed import flaw
from cloudmate import prepared
from cloudmate.states import TransitionError, transition

LONGEST_NAME = 200  # characters of a tool's name


class RecordingError(Exception):
    """A step or conclusion that does not fit its session; the message is for the person or agent recording."""


def digest_of_text(text: str) -> str:
    """The digest raw returns are stored under; RecordingError for text no database can hold."""
    _expect_storable(text, "The return")
    return hashlib.sha256(text.encode()).hexdigest()


def _expect_storable(value: Any, what: str) -> None:
    reason = flaw(value)
    if reason:
        raise RecordingError(f"{what} holds {reason}: leave it out, or store a dump of it.")


def _expect_a_name(tool: str) -> None:
    if len(tool) > LONGEST_NAME:
        raise RecordingError(f"A tool's name has at most {LONGEST_NAME} characters, not {len(tool)}.")


def store_raw(text: str) -> RawReturn:
    """Store text once under its digest. Redact before calling."""
    digest = digest_of_text(text)
    raw, _ = RawReturn.objects.get_or_create(digest=digest, defaults={"text": text, "size": len(text.encode())})
    return raw


def tool_as_data(tool: ToolSchema) -> dict[str, Any]:
    return asdict(tool)


def tool_from_data(data: dict[str, Any]) -> ToolSchema:
    return ToolSchema(
        name=data["name"],
        description=data.get("description", ""),
        parameters=data.get("parameters") or {"type": "object", "properties": {}},
        effectful=bool(data.get("effectful", False)),
    )


def task_of(version: CaseVersion) -> Task:
    """All that an agent may see of a case version."""
    return Task(
        prompt=version.prompt,
        context=version.context,
        tools=tuple(tool_from_data(tool) for tool in version.tools),
        fault_classes=tuple(version.fault_classes),
        system=version.case.system.slug,
    )


def start(
    version: CaseVersion,
    *,
    actor: str,
    engine: str,
    origin: str = Session.Origin.RECORDED,
    by=None,
    token=None,
    external_id: str | None = None,
    name: str = "",
    parameters: dict[str, Any] | None = None,
    knowledge_digest: str = "",
    snapshot_digest: str = "",
    inputs_digest: str = "",
) -> Session:
    """Open a session on a case version.

    The same ``external_id`` again, from the same token on the same case, gives the session it gave before;
    from anybody else RecordingError.
    """
    _expect_storable([engine, external_id, name, parameters], "The session")
    fields = {
        "case_id": version.case_id,
        "version": version,
        "actor": actor,
        "engine": engine,
        "origin": origin,
        "by": by,
        "token": token,
        "name": redact(name).text[:160],
        "parameters": redact_value(parameters or {}).value,
        "knowledge_digest": knowledge_digest,
        "snapshot_digest": snapshot_digest,
        "inputs_digest": inputs_digest,
    }
    if not external_id:
        return Session.objects.create(**fields)
    session, created = Session.objects.get_or_create(external_id=external_id, defaults=fields)
    if not created and (session.case_id != version.case_id or session.token_id != (token.pk if token else None)):
        raise RecordingError(f"external_id {external_id!r} is taken by another session: choose one of your own.")
    return session


def append(
    session: Session,
    *,
    tool: str,
    arguments: dict[str, Any],
    observation: Observation,
    thought: str = "",
    why: str = "",
    rules: Sequence[RuleUse] = (),
    at: datetime | None = None,
    index: int | None = None,
) -> Step:
    """Add the next step, with every secret redacted first and the redactions listed on it.

    ``index`` given for a step that is already there and says the same returns it (a sender may repeat itself);
    one that says something else, leaves a gap, or comes after the end raises RecordingError. ``at`` None means
    that the time was not captured, as it is not for imported sessions.
    """
    _expect_storable([tool, arguments, thought, why], "The call")
    _expect_a_name(tool)
    own = redacting.own()
    output, asked = redact(observation.output, own), redact_value(arguments, own)
    words = redact_value([thought, why], own)
    redactions = merged(output.redactions, asked.redactions, words.redactions)
    with transaction.atomic():
        held = Session.objects.select_for_update().only("state").get(pk=session.pk)
        last = Step.objects.filter(session=session).aggregate(Max("index"))["index__max"]
        following = 0 if last is None else last + 1
        if index is not None and index < following:
            return _same_step(session, index, tool, asked.value, output.text)
        if held.state != Session.State.RECORDING:
            raise RecordingError(f"Session {session.pk} is finished: it takes no more steps. Start a new session.")
        if index is not None and index > following:
            raise RecordingError(f"Step {index} cannot come before step {following}: send the steps in order.")
        return Step.objects.create(
            session=session,
            index=following,
            tool=tool,
            arguments=asked.value,
            raw=store_raw(output.text),
            is_error=observation.is_error,
            level=str(observation.level),
            derivation=observation.derivation[:300],
            latency_ms=observation.latency_ms,
            thought=words.value[0],
            why=words.value[1],
            rules=[asdict(rule) for rule in rules],
            redactions=[redaction.as_dict() for redaction in redactions],
            at=at,
        )


def append_all(session: Session, steps: Sequence[StepValue]) -> None:
    """Add the steps of a run that is over, all or none, in a constant number of queries.

    Like ``append`` for each; a return that is stored already was redacted then, and is not read again. What an
    expert thought is the step's "why".
    Raises RecordingError where the session has steps or has ended.
    """
    outputs = {digest_of_text(step.observation.output): step.observation.output for step in steps}
    known = set(RawReturn.objects.filter(digest__in=outputs).values_list("digest", flat=True))
    own = redacting.own()
    kept = {digest: redact(text, own) for digest, text in outputs.items() if digest not in known}
    new = {digest_of_text(item.text): item.text for item in kept.values()}
    said_as = "why" if session.actor == Session.Actor.EXPERT else "thought"
    rows = []
    for step in steps:
        _expect_storable([step.tool, step.arguments, step.thought], f"Step {step.index}")
        _expect_a_name(step.tool)
        digest = digest_of_text(step.observation.output)
        asked, words = redact_value(step.arguments, own), redact(step.thought, own)
        hidden = merged(kept[digest].redactions if digest in kept else (), asked.redactions, words.redactions)
        rows.append(
            Step(
                session=session,
                index=step.index,
                tool=step.tool,
                arguments=asked.value,
                raw_id=digest_of_text(kept[digest].text) if digest in kept else digest,
                is_error=step.observation.is_error,
                level=str(step.observation.level),
                derivation=step.observation.derivation[:300],
                latency_ms=step.observation.latency_ms,
                rules=[asdict(rule) for rule in step.rules],
                redactions=[redaction.as_dict() for redaction in hidden],
                at=step.at,
                **{said_as: words.text},
            )
        )
    with transaction.atomic():
        held = Session.objects.select_for_update().only("state").get(pk=session.pk)
        if held.state != Session.State.RECORDING or Step.objects.filter(session=session).exists():
            raise RecordingError(f"Session {session.pk} has steps or has ended: it takes no whole run.")
        RawReturn.objects.bulk_create(
            (RawReturn(digest=digest, text=text, size=len(text.encode())) for digest, text in new.items()),
            ignore_conflicts=True,
        )
        Step.objects.bulk_create(rows)


def _same_step(session: Session, index: int, tool: str, arguments: dict[str, Any], output: str) -> Step:
    step = Step.objects.select_related("raw").get(session=session, index=index)
    same = canonical_json([step.tool, step.arguments]) == canonical_json([tool, arguments])
    if not same or step.raw_id != digest_of_text(output):
        raise RecordingError(f"Step {index} of session {session.pk} was recorded before, with another content.")
    return step


def finish(
    session: Session,
    *,
    diagnosis: Diagnosis | None,
    stop_reason: str,
    concluding_rules: Sequence[RuleUse] = (),
    tokens: int | None = None,
    wall_ms: int | None = None,
    at: datetime | None = None,
) -> None:
    """Close a session with its conclusion (None = it came to none). Finishing twice alike changes nothing.

    Raises RecordingError where it was finished with another conclusion.
    """
    _expect_storable(diagnosis.as_dict() if diagnosis else None, "The diagnosis")
    concluded = redact_value(diagnosis.as_dict(), redacting.own()).value if diagnosis else None
    if session.state == Session.State.RECORDING:
        session.diagnosis, session.stop_reason = concluded, stop_reason
        changes = {
            "diagnosis": concluded,
            "stop_reason": stop_reason,
            "concluding_rules": [asdict(rule) for rule in concluding_rules],
            "tokens": tokens,
            "wall_ms": wall_ms,
            "transcript_digest": transcript_of(session).digest(),
            "finished_at": at or timezone.now(),
        }
        try:
            transition(session, Session.State.FINISHED, **changes)
            return
        except TransitionError:
            session.refresh_from_db()
    if canonical_json([session.diagnosis, session.stop_reason]) != canonical_json([concluded, stop_reason]):
        raise RecordingError(f"Session {session.pk} is finished already, with another conclusion.")


def transcript_of(session: Session) -> Transcript:
    """The session as a value: one query for its steps, whatever their number."""
    return Transcript(
        task=task_of(session.version),
        steps=tuple(step_value(step) for step in prepared.rows(Step.told, session.pk)),
        diagnosis=parse_diagnosis(session.diagnosis) if session.diagnosis else None,
        stop_reason=session.stop_reason,
        engine=session.engine,
        knowledge_digest=session.knowledge_digest,
        concluding_rules=tuple(RuleUse(**rule) for rule in session.concluding_rules),
        tokens=session.tokens,
        wall_ms=session.wall_ms,
        parameters=session.parameters,
    )


def step_value(step: Step) -> StepValue:
    """A stored step as a value; an expert's "why" stands where an agent's thought does."""
    return StepValue(
        index=step.index,
        tool=step.tool,
        arguments=step.arguments,
        observation=Observation(
            output=step.raw.text,
            is_error=step.is_error,
            level=Level(step.level),
            latency_ms=step.latency_ms,
            derivation=step.derivation,
        ),
        thought=step.why or step.thought,
        at=step.at,
        rules=tuple(RuleUse(**rule) for rule in step.rules),
    )
