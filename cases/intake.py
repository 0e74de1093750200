"""How a failure becomes a case: from a bundle, from an alert, from a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from cases import labels, redacting
from cases.diagnosis import Answer
from cases.models import AgentToken, Case, CaseVersion, System
from cases.recording import tool_as_data
from cases.redaction import redact_value
from cases.transcript import Task, digest_of
from cases.wellformed import flaw
from cloudmate.states import transition


class IntakeError(ValueError):
    """An alert or case that cannot come in; the message names the field and the remedy."""


@dataclass(frozen=True)
class Opened:
    case: Case
    version: CaseVersion
    outcome: str  # created, unchanged, new_version


def system_named(name: str, *, policy: str = System.Policy.RUN_OPEN) -> System:
    """The system of that name, made where it is new."""
    slug = slugify(name)[:50] or "unnamed"
    return System.objects.get_or_create(slug=slug, defaults={"name": name[:120], "policy": policy})[0]


def open_case(
    *,
    system: System,
    name: str,
    task: Task,
    answer: Answer | None,
    origin: str,
    origin_path: str,
    tags: Sequence[str] = (),
    gates: bool = True,
    source: dict[str, Any] | None = None,
    synthetic: bool = False,
    by=None,
) -> Opened:
    """Bring a case in under its identity (origin, origin_path): once, and again only as a new version.

    Secrets in prompt and context are redacted. A confirmed case whose content changed is quarantined until
    its new version is confirmed.
    """
    with transaction.atomic():
        case, created = Case.objects.select_related("current").get_or_create(
            origin=origin,
            origin_path=origin_path,
            defaults={
                "system": system,
                "name": name[:160],
                "tags": list(tags),
                "gates": gates,
                "source": source or {},
                "synthetic": synthetic,
                "owner": by,
            },
        )
        version, changed = revise(case, task=task, answer=answer, by=by)
        if changed and not created:
            case.name, case.tags, case.gates, case.source = name[:160], list(tags), gates, source or {}
            case.save(update_fields=["name", "tags", "gates", "source", "updated_at"])
    return Opened(case, version, "created" if created else "new_version" if changed else "unchanged")


def revise(case: Case, *, task: Task, answer: Answer | None, by=None) -> tuple[CaseVersion, bool]:
    """Make what is given the current version of the case; tell whether that changed anything.

    Raises IntakeError for what no database can hold.
    """
    reason = flaw([task.prompt, task.context, answer.as_dict() if answer else None])
    if reason:
        raise IntakeError(f"The case holds {reason}: leave it out.")
    shown = redact_value({"prompt": task.prompt, "context": task.context}, redacting.own()).value
    content = {
        **shown,
        "tools": [tool_as_data(tool) for tool in task.tools],
        "fault_classes": list(task.fault_classes),
        "answer": answer.as_dict() if answer else {},
    }
    digest = digest_of(content)
    if case.current and case.current.digest == digest:
        return case.current, False
    with transaction.atomic():
        case.state = Case.objects.select_for_update().get(pk=case.pk).state  # a confirmation may have come in between
        version = case.versions.filter(digest=digest).first()
        if version is None:
            newest = case.versions.order_by("-number").values_list("number", flat=True).first()
            cause = answer.causes[0] if answer and answer.causes else None
            version = CaseVersion.objects.create(
                case=case,
                number=(newest or 0) + 1,
                digest=digest,
                task_digest=digest_of(
                    {name: content[name] for name in ("prompt", "context", "tools", "fault_classes")}
                ),
                fault_class=cause.fault_class[:80] if cause else "",
                category=answer.category[:80] if answer else "",
                created_by=by,
                **content,
            )
        case.current = version
        case.save(update_fields=["current", "updated_at"])
        case.sessions.exclude(measured_by="").update(measured_by="")  # they are due: the answer may have changed
        if case.state == Case.State.CONFIRMED:
            reason = f"its content changed: version {version.number} is to be confirmed"
            transition(case, Case.State.QUARANTINED, state_reason=reason)
        labels.weigh(case)
    return version, True


def receive_alert(payload: dict[str, Any], *, token: AgentToken | None = None) -> list[Case]:
    """Open a case for each firing alert of an Alertmanager webhook, or for one plain {title, description, labels}.

    The same firing posted again gives the case it gave before. Resolved alerts open nothing. Raises IntakeError.
    """
    if not isinstance(payload, dict):
        raise IntakeError("The body must be a JSON object: an Alertmanager webhook, or title, description and labels.")
    if reason := flaw(payload):
        raise IntakeError(f"The alert holds {reason}: leave it out.")
    if "alerts" not in payload:
        return [_alerted(_plain(payload), {}, token)]
    alerts = payload["alerts"]
    if not isinstance(alerts, list):
        raise IntakeError("alerts must be a list.")
    for number, alert in enumerate(alerts):
        _check_alert(alert, f"alerts[{number}]")
    group = {
        name: payload[name]
        for name in ("receiver", "groupLabels", "commonLabels", "commonAnnotations", "externalURL")
        if payload.get(name)
    }
    return [_alerted(alert, group, token) for alert in alerts if alert.get("status", "firing") == "firing"]


def _plain(payload: dict[str, Any]) -> dict[str, Any]:
    title = payload.get("title")
    if not isinstance(title, str) or not title.strip():
        raise IntakeError("title is missing: say in a line what is wrong.")
    description = payload.get("description", "")
    if not isinstance(description, str):
        raise IntakeError("description must be text.")
    alert = {"labels": payload.get("labels") or {}, "annotations": {"summary": title, "description": description}}
    for name in ("fingerprint", "startsAt"):
        if payload.get(name) is not None:
            alert[name] = payload[name]
    _check_alert(alert, "alert")
    return alert


def _check_alert(alert: Any, where: str) -> None:
    if not isinstance(alert, dict):
        raise IntakeError(f"{where} must be an object.")
    for name in ("labels", "annotations"):
        values = alert.get(name) or {}
        if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
            raise IntakeError(f"{where}.{name} must be an object of texts.")
    for name in ("fingerprint", "startsAt"):
        if not isinstance(alert.get(name, ""), str):
            raise IntakeError(f"{where}.{name} must be text.")
    if not (alert.get("labels") or alert.get("annotations")):
        raise IntakeError(f"{where} has neither labels nor annotations: say what is wrong.")


def _alerted(alert: dict[str, Any], group: dict[str, Any], token: AgentToken | None) -> Case:
    labels, annotations = alert.get("labels") or {}, alert.get("annotations") or {}
    system = token.system if token and token.system_id else system_named(_system_in(labels))
    summary = annotations.get("summary") or labels.get("alertname") or annotations.get("description") or "Alert"
    description = annotations.get("description") or annotations.get("message") or ""
    firing = alert.get("fingerprint") or digest_of([labels, annotations])[:16]
    path = "/".join(filter(None, (system.slug, firing, alert.get("startsAt", ""))))[:300]
    known = Case.objects.filter(origin="alert", origin_path=path).first()
    if known:  # posted again: what people have said of the case since then stays
        return known
    opened = open_case(
        system=system,
        name=summary,
        task=Task(
            prompt=summary if description in ("", summary) else f"{summary}\n{description}",
            context={"alert": {**group, **alert}},
            fault_classes=_vocabulary(system),
        ),
        answer=None,
        origin="alert",
        origin_path=path,
        source={"received_from": token.name} if token else {},
    )
    return opened.case


def _vocabulary(system: System) -> tuple[str, ...]:
    """The fault classes that the system's cases are answered in; empty where none says."""
    known = CaseVersion.objects.filter(case__system=system).exclude(fault_classes=[]).order_by("-pk").first()
    return tuple(known.fault_classes) if known else ()


def _system_in(labels: dict[str, str]) -> str:
    return next((labels[name] for name in ("system", "cluster", "namespace", "job") if labels.get(name)), "unsorted")
