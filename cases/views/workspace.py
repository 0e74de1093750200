"""The workspace: an expert records a guided trace, step by step, up to a structured diagnosis."""

from dataclasses import replace

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from cases import annotating, recording
from cases.access import may_record, recording_for, session_for
from cases.annotating import AnnotationError
from cases.checking import Check, checks_of
from cases.contexts.board import board_of
from cases.contexts.steps import FIRST, shown_step, shown_steps
from cases.diagnosis import Diagnosis
from cases.forms.conclusion import Conclusions
from cases.forms.session import StepForm
from cases.models import Session
from cases.recording import RecordingError
from cases.views.session import step_of


@login_required
@require_GET
def workspace(request: HttpRequest, pk: int) -> HttpResponse:
    found = session_for(request.user, pk)
    if found.state == Session.State.FINISHED:
        return redirect(found)
    found = recording_for(request.user, pk)
    count = found.steps.count()
    earlier = max(count - FIRST, 0)
    steps = shown_steps(found, after=earlier - 1)
    shown = {
        "session": found,
        "case": found.case,
        "steps": steps,
        "last": steps[-1].step.index if steps else -1,
        "earlier": earlier,
        "count": count,
        "board": board_of(found),
        "paused": annotating.paused(found),
        "worked_ms": annotating.worked_ms(found),
        "may_record": True,
    }
    return render(request, "cases/workspace.html", shown)


@login_required
def step(request: HttpRequest, pk: int, index: int) -> HttpResponse:
    """One step of the timeline; posting says why it was taken and what became of it."""
    found = session_for(request.user, pk)
    shown = {"session": found, "may_record": may_record(found, request.user)}
    row = step_of(found, index)
    if request.method == "POST":
        recording_for(request.user, pk)
        form = StepForm(request.POST)
        try:
            if form.is_valid():
                annotating.explain(row, **form.cleaned_data)
        except AnnotationError as error:
            shown["error"] = str(error)
            row.why = form.cleaned_data["why"]
    shown["shown"] = shown_step(row)
    response = render(request, "cases/_step.html", shown, status=422 if "error" in shown else 200)
    if "error" in shown:  # the form says it, so the whole step is shown again, not its heading alone
        response["HX-Retarget"] = response["HX-Reselect"] = f"#step-{index}"
    return response


@login_required
@require_POST
def clock(request: HttpRequest, pk: int) -> HttpResponse:
    """Pause, or go on."""
    found = recording_for(request.user, pk)
    (annotating.go_on if annotating.paused(found) else annotating.pause)(found)
    shown = {"session": found, "paused": annotating.paused(found), "worked_ms": annotating.worked_ms(found)}
    return render(request, "cases/_clock.html", shown)


def _checks(session: Session, diagnosis: Diagnosis | None) -> tuple[Check, ...]:
    return checks_of(replace(recording.transcript_of(session), diagnosis=diagnosis))


@login_required
@require_POST
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """What of the diagnosis, as far as it is written, nothing bears out. Stores nothing."""
    found = recording_for(request.user, pk)
    draft = Conclusions(found, request.POST).draft()
    shown = {"session": found, "draft": draft, "checks": _checks(found, draft)}
    return render(request, "cases/_checks.html", shown)


@login_required
def finish(request: HttpRequest, pk: int) -> HttpResponse:
    """The structured diagnosis. What no evidence bears is said before it is accepted."""
    found = recording_for(request.user, pk)
    forms = Conclusions(found, request.POST or None)
    unsupported: list[str] = []
    if request.method == "POST" and (diagnosis := forms.diagnosis()):
        unsupported = [check.text for check in _checks(found, diagnosis) if not check.is_advice]
        if not unsupported or forms.form.cleaned_data["unsupported"]:
            annotating.go_on(found)
            try:
                recording.finish(
                    found, diagnosis=diagnosis, stop_reason="concluded", wall_ms=annotating.worked_ms(found)
                )
            except RecordingError as error:
                forms.form.add_error(None, str(error))
            else:
                messages.success(request, "The session is finished. It is evaluated next.")
                return redirect(found)
    shown = {
        "session": found,
        "case": found.case,
        "forms": forms,
        "unsupported": unsupported,
        "steps_count": found.steps.count(),
    }
    return render(request, "cases/finish.html", shown, status=422 if request.method == "POST" else 200)
