"""The page of one case."""

import json
from typing import Any

from django.db.models import Count, OuterRef, Subquery

from cases.access import may_see_answer
from cases.contexts.lifecycle import actions, stages
from cases.forms.library import minders, usual_end
from cases.health import Check, checks_of
from cases.models import Case, Evaluation, Session
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
    confirmations = list(version.confirmations.select_related("by").order_by("pk")) if version else []
    return {
        "case": case,
        "version": version,
        "stages": stages(case),
        "actions": actions(case, confirmations, user),
        "confirmations": confirmations,
        "answer": version.parsed_answer() if version and may_see_answer(user) else None,
        "checks": checks(case),
        "tools": version.tools if version else [],
        "context_json": json.dumps(version.context, indent=2, ensure_ascii=False)
        if version and version.context
        else "",
        "versions": case.versions.select_related("created_by")
        .defer("tools", "context", "answer", "prompt", "fault_classes")
        .order_by("-number"),
        "minders": minders() if case.state == Case.State.CONFIRMED else (),
        "usual_end": usual_end(),
        **sessions_panel(case),
    }


def checks(case: Case) -> tuple[Check, ...]:
    """What code says of the case's words; the sandbox goes on with what is frozen of it."""
    if case.current is None:
        return ()
    others = Case.objects.filter(system=case.system_id).exclude(pk=case.pk).exclude(current__fault_class="")
    others = others.exclude(state=Case.State.RETIRED).order_by()
    classes = others.values_list("current__fault_class").annotate(n=Count("pk"))
    told = Task(prompt=case.current.prompt, context=case.current.context)
    return checks_of(told, case.current.parsed_answer(), classes=dict(classes))


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
