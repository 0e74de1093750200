"""The page of one case."""

import json
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, OuterRef, Subquery

from cases import labelling, labels, redacting
from cases.access import EXPERT, LEAD, has_role, may_see_answer
from cases.contexts.lifecycle import actions, stages
from cases.diagnosis import Answer
from cases.forms.library import minders, usual_end
from cases.health import Check, checks_of
from cases.models import Case, Evaluation, Label, Session, Step
from cases.parsing import parse_answer
from cases.transcript import Task

SESSIONS = 30


def sessions_of(case: Case, *, origin: str = Session.Origin.RECORDED):
    """Newest first, each with its steps counted and the verdict of its newest evaluation."""
    verdict = Evaluation.objects.filter(session=OuterRef("pk")).order_by("-pk")
    return (
        case.sessions.filter(origin=origin)
        .select_related("by", "token", "version")
        .defer(
            "diagnosis",
            "parameters",
            "version__tools",
            "version__context",
            "version__answer",
            "version__prompt",
            "version__fault_classes",
        )
        .annotate(steps_count=Count("steps"), verdict=Subquery(verdict.values("verdict")[:1]))
        .order_by("-pk")
    )


def case_page(case: Case, user) -> dict[str, Any]:
    version = case.current
    said = labels_of(case) if may_see_answer(user) else []
    confirmations = list(version.confirmations.select_related("by").order_by("pk")) if version else []
    return {
        "case": case,
        "version": version,
        "stages": stages(case),
        "actions": actions(case, confirmations, user),
        "confirmations": confirmations,
        "answer": version.parsed_answer() if version and may_see_answer(user) else None,
        "checks": checks(case),
        "labels": said,
        "labelled_by_me": any(one.label.by_id == user.pk for one in said),
        "why_not_alone": labelling.why_not(case, user),
        "may_curate": has_role(user, LEAD),
        "may_label": has_role(user, EXPERT, LEAD),
        "tools": version.tools if version else [],
        "context_json": json.dumps(version.context, indent=2, ensure_ascii=False)
        if version and version.context
        else "",
        "versions": case.versions.select_related("created_by")
        .defer("tools", "context", "answer", "prompt", "fault_classes")
        .order_by("-number"),
        "minders": minders() if case.state == Case.State.CONFIRMED else (),
        "usual_end": usual_end(),
        "paths": paths_of(case),
        **sessions_panel(case),
    }


@dataclass(frozen=True)
class Path:
    """How one expert found the answer: the calls in their order."""

    session: Session
    calls: tuple[tuple[str, str], ...]  # tool, arguments in short


PATHS = 5  # experts' sessions of the task as it is now, the newest


def paths_of(case: Case) -> list[Path]:
    """Two queries."""
    if case.current is None:
        return []
    sessions = case.sessions.recorded().finished().filter(actor=Session.Actor.EXPERT)
    sessions = sessions.filter(version__task_digest=case.current.task_digest).select_related("by").order_by("-pk")
    newest = list(sessions.defer("diagnosis", "parameters")[:PATHS])
    calls: dict[int, list[tuple[str, str]]] = {}
    steps = Step.objects.filter(session__in=[one.pk for one in newest]).order_by("session", "index")
    for session, tool, arguments in steps.values_list("session", "tool", "arguments"):
        said = ", ".join(f"{name}={value}" for name, value in arguments.items())
        calls.setdefault(session, []).append((tool, said[:120]))
    return [Path(one, tuple(calls.get(one.pk, ()))) for one in newest]


@dataclass(frozen=True)
class Said:
    """One person's label; ``fits`` None where code cannot compare it with the answer."""

    label: Label
    answer: Answer
    fits: bool | None


def labels_of(case: Case) -> list[Said]:
    answer = case.current.parsed_answer() if case.current else None
    given = [(one, parse_answer(one.answer)) for one in labels.standing(case)]
    return [Said(one, said, labels.agree(said, answer) if answer else None) for one, said in given]


def checks(case: Case) -> tuple[Check, ...]:
    """What code says of the case's words; the sandbox goes on with what is frozen of it."""
    if case.current is None:
        return ()
    others = Case.objects.filter(system=case.system_id).exclude(pk=case.pk).exclude(current__fault_class="")
    others = others.exclude(state=Case.State.RETIRED).order_by()
    classes = others.values_list("current__fault_class").annotate(n=Count("pk"))
    told = Task(prompt=case.current.prompt, context=case.current.context)
    return checks_of(told, case.current.parsed_answer(), classes=dict(classes), own=redacting.own())


def sessions_panel(case: Case) -> dict[str, Any]:
    """The newest recorded sessions of a case, and how many there are besides; the case's live parts show it anew."""
    recorded = list(sessions_of(case)[: SESSIONS + 1])
    return {
        "sessions": recorded[:SESSIONS],
        "more_sessions": len(recorded) > SESSIONS,
        "others": dict(
            case.sessions.exclude(origin=Session.Origin.RECORDED)
            .order_by()
            .values_list("origin")
            .annotate(Count("pk"))
            .values_list("origin", "pk__count")
        ),
    }
