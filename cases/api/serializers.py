"""The shape of what agents send and get. What it means is the services' to say."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from cases.models import Session, Step
from cases.recording import tool_as_data
from cases.transcript import Task

BIGGEST = 2**31 - 1


class Text(serializers.CharField):
    """Text as it was sent: nothing trimmed, nothing turned into text."""

    def __init__(self, **options: Any):
        super().__init__(**{"trim_whitespace": False, "allow_blank": True, **options})

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Count(serializers.IntegerField):
    def __init__(self, **options: Any):
        super().__init__(**{"min_value": 0, "max_value": BIGGEST, **options})


class Fields(serializers.DictField):
    """An object with any content."""


class ToolInput(serializers.Serializer):
    name = Text(max_length=200, allow_blank=False)
    description = Text(default="")
    parameters = Fields(default=dict)
    effectful = serializers.BooleanField(default=False)


class SessionInput(serializers.Serializer):
    """One of case, alert and prompt says what the session is about."""

    external_id = Text(max_length=200, allow_null=True, default=None)
    case = Count(allow_null=True, default=None)
    alert = Fields(allow_null=True, default=None)
    prompt = Text(max_length=100_000, default="")
    context = Fields(default=dict)
    tools = ToolInput(many=True, default=list)
    engine = Text(max_length=20, default="agent", allow_blank=False)
    name = Text(max_length=160, default="")
    knowledge = serializers.RegexField(r"\A[0-9a-f]{0,64}\Z", allow_blank=True, default="")
    parameters = Fields(default=dict)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        given = [name for name in ("case", "alert", "prompt") if data[name] not in (None, "")]
        if len(given) > 1 or not (given or data["external_id"]):
            raise serializers.ValidationError("Say what the session is about by one of case, alert and prompt.")
        return data


class StepInput(serializers.Serializer):
    index = Count(required=False)
    tool = Text(max_length=200, allow_blank=False)
    arguments = Fields(default=dict)
    output = Text()
    is_error = serializers.BooleanField(default=False)
    latency_ms = Count(allow_null=True, default=None)
    thought = Text(default="")
    rules = serializers.ListField(child=Text(max_length=120), default=list)
    at = serializers.DateTimeField(allow_null=True, default=None)


class FinishInput(serializers.Serializer):
    diagnosis = Fields(allow_null=True)
    stop_reason = Text(max_length=30, default="")
    rules = serializers.ListField(child=Text(max_length=120), default=list)
    tokens = Count(allow_null=True, default=None)
    wall_ms = Count(allow_null=True, default=None)


def session_data(session: Session, *, steps: int) -> dict[str, Any]:
    """What an agent sees of its own session: never how it was judged."""
    return {
        "id": session.pk,
        "case": session.case_id,
        "version": session.version.number,
        "state": session.state,
        "external_id": session.external_id,
        "engine": session.engine,
        "knowledge": session.knowledge_digest,
        "steps": steps,
        "diagnosis": session.diagnosis,
        "stop_reason": session.stop_reason,
        "started_at": session.started_at,
        "finished_at": session.finished_at,
    }


def step_data(step: Step) -> dict[str, Any]:
    return {"index": step.index, "digest": step.raw_id, "redactions": step.redactions}


def task_data(task: Task) -> dict[str, Any]:
    return {
        "system": task.system,
        "prompt": task.prompt,
        "context": task.context,
        "tools": [tool_as_data(tool) for tool in task.tools],
        "fault_classes": list(task.fault_classes),
    }
