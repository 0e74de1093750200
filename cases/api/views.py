"""What agents may do: post alerts, sessions and steps, and fetch the task of a case."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.http import Http404
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from cases import intake, recording, tokens
from cases.api.agents import LARGE, AgentView
from cases.api.errors import Conflict, Invalid, invalid
from cases.api.serializers import FinishInput, SessionInput, StepInput, session_data, step_data, task_data
from cases.diagnosis import DiagnosisError
from cases.models import AgentToken, Case, Session
from cases.parsing import parse_diagnosis
from cases.transcript import Level, Observation, RuleUse

MOST_ALERTS, MOST_STEPS = 200, 200  # of one request


def case_for(token: AgentToken, pk: int) -> Case:
    case = tokens.cases_for(token).filter(pk=pk).first()
    if case is None:
        raise Http404(f"There is no case {pk} in reach of this token.")
    return case


def session_for(token: AgentToken, pk: int) -> Session:
    session = tokens.sessions_for(token).filter(pk=pk).first()
    if session is None:
        raise Http404(f"There is no session {pk} of this token.")
    return session


def checked(serializer: Any, data: Any) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise Invalid("The body must be a JSON object.")
    shape = serializer(data=data)
    shape.is_valid(raise_exception=True)
    return shape.validated_data


def received(payload: Any, token: AgentToken) -> list[Case]:
    if isinstance(payload, dict) and isinstance(payload.get("alerts"), list) and len(payload["alerts"]) > MOST_ALERTS:
        raise Invalid(f"alerts holds more than {MOST_ALERTS}: send them in several requests.", field="alerts")
    try:
        return intake.receive_alert(payload, token=token)
    except intake.IntakeError as error:
        raise invalid(str(error)) from None


class Alerts(AgentView):
    def post(self, request: Request) -> Response:
        """Open a case for each firing alert; the same firing again gives the same case."""
        cases = received(request.data, request.auth)
        return Response({"cases": [{"id": case.pk, "system": case.system.slug} for case in cases]})


class Sessions(AgentView):
    def post(self, request: Request) -> Response:
        """Start a session, or give back the one this token started under the same external_id."""
        asked = checked(SessionInput, request.data)
        known = self._known(request.auth, asked)
        if known is not None:
            return Response(session_data(known, steps=known.steps.count()))
        case = about(asked, request.auth)
        try:
            session = recording.start(
                case.current,
                actor=Session.Actor.AGENT,
                engine=asked["engine"],
                token=request.auth,
                external_id=asked["external_id"] or None,
                name=asked["name"],
                parameters=asked["parameters"],
                knowledge_digest=asked["knowledge"],
            )
        except recording.RecordingError as error:
            raise Conflict(str(error)) from None
        return Response(session_data(session, steps=session.steps.count()), status=201)

    def _known(self, token: AgentToken, asked: dict[str, Any]) -> Session | None:
        if not asked["external_id"]:
            return None
        known = tokens.sessions_for(token).filter(external_id=asked["external_id"]).first()
        if known and asked["case"] not in (None, known.case_id):
            raise Conflict(f"external_id {asked['external_id']!r} is of a session on case {known.case_id}.")
        return known


def about(asked: dict[str, Any], token: AgentToken) -> Case:
    """The case a session is about: named, or opened from its alert or prompt. Tools told complete a draft's task."""
    if asked["case"] is not None:
        case = case_for(token, asked["case"])
    elif asked["alert"] is not None:
        cases = received(asked["alert"], token)
        if len(cases) != 1:
            raise Invalid(f"alert opens {len(cases)} cases; a session is about one firing alert.", field="alert")
        case = cases[0]
    elif asked["prompt"].strip():
        title, _, description = asked["prompt"].strip().partition("\n")
        plain = {"title": title, "description": description, "labels": {}}
        if asked["external_id"]:
            plain["fingerprint"] = asked["external_id"]
        case = received(plain, token)[0]
    else:
        raise Invalid("Say what the session is about by one of case, alert and prompt.")
    if asked["tools"] and case.state == Case.State.DRAFT and not case.current.tools:
        task = recording.task_of(case.current)
        tools = tuple(recording.tool_from_data(tool) for tool in asked["tools"])
        context = {**asked["context"], **task.context}
        intake.revise(case, task=replace(task, tools=tools, context=context), answer=case.current.parsed_answer())
    return case


class SessionDetail(AgentView):
    def get(self, request: Request, pk: int) -> Response:
        session = session_for(request.auth, pk)
        return Response(session_data(session, steps=session.steps.count()))


class Steps(AgentView):
    body_limit = LARGE

    def post(self, request: Request, pk: int) -> Response:
        """Add one step, or {"steps": [...]}; a step sent twice under its index is stored once."""
        session = session_for(request.auth, pk)
        many = isinstance(request.data, dict) and "steps" in request.data
        given = request.data["steps"] if many else [request.data]
        if not isinstance(given, list) or len(given) > MOST_STEPS:
            raise Invalid(f"steps must be a list of at most {MOST_STEPS}.", field="steps")
        shapes = StepInput(data=given, many=True)
        if not shapes.is_valid():
            raise ValidationError({"steps": shapes.errors} if many else shapes.errors[0])
        if many and any("index" not in step for step in shapes.validated_data):
            raise Invalid("steps: give each its index, so that sending them again is safe.", field="steps")
        stored = []
        for step in shapes.validated_data:
            try:
                stored.append(appended(session, step))
            except recording.RecordingError as error:
                raise Conflict(str(error)) from None
        return Response({"session": session.pk, "steps": [step_data(step) for step in stored]}, status=201)


def appended(session: Session, step: dict[str, Any]):
    return recording.append(
        session,
        tool=step["tool"],
        arguments=step["arguments"],
        observation=Observation(step["output"], step["is_error"], Level.LIVE, step["latency_ms"]),
        thought=step["thought"],
        rules=[RuleUse(rule, "cited") for rule in step["rules"]],
        at=step["at"],
        index=step.get("index"),
    )


class Finish(AgentView):
    def post(self, request: Request, pk: int) -> Response:
        """Conclude a session; the same conclusion again changes nothing, another one is a conflict."""
        session = session_for(request.auth, pk)
        asked = checked(FinishInput, request.data)
        try:
            diagnosis = parse_diagnosis(asked["diagnosis"]) if asked["diagnosis"] is not None else None
        except DiagnosisError as error:
            raise invalid(str(error)) from None
        try:
            recording.finish(
                session,
                diagnosis=diagnosis,
                stop_reason=asked["stop_reason"] or ("concluded" if diagnosis else "stopped"),
                concluding_rules=[RuleUse(rule, "cited") for rule in asked["rules"]],
                tokens=asked["tokens"],
                wall_ms=asked["wall_ms"],
            )
        except recording.RecordingError as error:
            raise Conflict(str(error)) from None
        return Response(session_data(session, steps=session.steps.count()))


class CaseTask(AgentView):
    def get(self, request: Request, pk: int) -> Response:
        """All an agent may see of a case before its first call: never any part of the answer, nor the case's name."""
        case = case_for(request.auth, pk)
        task = recording.task_of(case.current)
        return Response({"case": case.pk, "version": case.current.number, **task_data(task)})
