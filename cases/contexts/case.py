"""The page of one case."""

import json
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from cases import labelling, labels, redacting
from cases.access import EXPERT, LEAD, has_role, may_see_answer
from cases.contexts.lifecycle import actions, stages
from cases.diagnosis import Answer
from cases.forms.library import minders, usual_end
from cases.health import Check, checks_of
from cases.models import Case, CaseVersion, Confirmation, Evaluation, Label, Session, Step
from cases.parsing import parse_answer
from cases.transcript import Task
from cloudmate import prepared

SESSIONS = 30
COLUMNS = ("actor", "engine", "name", "state", "knowledge_digest", "stop_reason", "wall_ms", "started_at")
COLUMNS += ("version__number",)


def _sessions(case: int) -> QuerySet[Session]:
    """Newest first, each with its steps counted and the verdict of its newest evaluation."""
    steps = Step.objects.filter(session=OuterRef("pk")).order_by().values("session").annotate(n=Count("*"))
    shown = Session.objects.recorded().filter(case=case).select_related("version").only(*COLUMNS)
    shown = shown.with_verdict().annotate(steps_count=Coalesce(Subquery(steps.values("n")), 0))
    return shown.order_by("-pk")[: SESSIONS + 1]


def _others(case: int) -> QuerySet:
    besides = Session.objects.filter(case=case).exclude(origin=Session.Origin.RECORDED)
    return besides.order_by().values_list("origin").annotate(n=Count("pk"))


def _confirmations(version: int) -> QuerySet[Confirmation]:
    return Confirmation.objects.filter(version=version).select_related("by").order_by("pk")


def _versions(case: int) -> QuerySet[CaseVersion]:
    shown = CaseVersion.objects.filter(case=case).select_related("created_by")
    return shown.only("number", "digest", "created_at", "created_by__username").order_by("-number")


def case_page(case: Case, user) -> dict[str, Any]:
    version = case.current
    said = labels_of(case) if may_see_answer(user) else []
    confirmations = prepared.rows(_confirmations, version.pk) if version else []
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
        "versions": prepared.rows(_versions, case.pk),
        "minders": prepared.rows(minders) if case.state == Case.State.CONFIRMED else (),
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
    """Two queries at most."""
    if case.current is None:
        return []
    newest = prepared.rows(_by_experts, case.pk, case.current.task_digest)
    if not newest:
        return []
    calls: dict[int, list[tuple[str, str]]] = {}
    steps = Step.objects.filter(session__in=[one.pk for one in newest]).order_by("session", "index")
    for session, tool, arguments in steps.values_list("session", "tool", "arguments"):
        said = ", ".join(f"{name}={value}" for name, value in arguments.items())
        calls.setdefault(session, []).append((tool, said[:120]))
    return [Path(one, tuple(calls.get(one.pk, ()))) for one in newest]


def _by_experts(case: int, task: str) -> QuerySet[Session]:
    sessions = Session.objects.recorded().finished().filter(case=case, actor=Session.Actor.EXPERT)
    sessions = sessions.filter(version__task_digest=task).select_related("by").order_by("-pk")
    right = Q(verdict__in=[Evaluation.Verdict.SUCCESS, Evaluation.Verdict.UNSCORED])  # a guess is no path
    sessions = sessions.with_verdict().filter(Q(verdict=None) | right)
    return sessions.defer("diagnosis", "parameters")[:PATHS]


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
    classes = prepared.rows(_classes_beside, case.system_id, case.pk)
    told = Task(prompt=case.current.prompt, context=case.current.context)
    return checks_of(told, case.current.parsed_answer(), classes=dict(classes), own=redacting.own())


def _classes_beside(system: int, case: int) -> QuerySet:
    """How often each fault class is the answer of the system's other cases."""
    others = Case.objects.filter(system=system).exclude(pk=case).exclude(current__fault_class="")
    others = others.exclude(state=Case.State.RETIRED).order_by()
    return others.values_list("current__fault_class").annotate(n=Count("pk"))


def sessions_panel(case: Case) -> dict[str, Any]:
    """The newest recorded sessions of a case, and how many there are besides; the case's live parts show it anew."""
    recorded = prepared.rows(_sessions, case.pk)
    return {
        "sessions": recorded[:SESSIONS],
        "more_sessions": len(recorded) > SESSIONS,
        "others": dict(prepared.rows(_others, case.pk)),
    }
