"""The lab: start a live incident, work on it while its clock runs, and see how it went."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from cases.access import EXPERT, LEAD, require_role
from cases.models import Session
from cases.recording import RecordingError
from cases.views import workspace
from sandbox import incidents, lab_contexts
from sandbox.access import incident_for
from sandbox.incidents import IncidentError
from sandbox.lab_forms import BeginForm, ClockForm


def _mine(user, pk: int):
    """My own live incident; a lead may look at another's, but not work on it."""
    require_role(user, EXPERT, LEAD)
    row = incident_for(user, pk)
    if row.session.by_id != user.pk:
        raise PermissionDenied("Only the person on call works on a live incident.")
    return row


@login_required
@require_GET
def lab(request: HttpRequest) -> HttpResponse:
    require_role(request.user)
    return _lab(request, BeginForm())


def _lab(request: HttpRequest, form: BeginForm, status: int = 200) -> HttpResponse:
    shown = lab_contexts.lab(request.user, team=request.GET.get("of") == "team", form=form)
    return render(request, "sandbox/lab.html", shown, status=status)


@login_required
@require_POST
def begin(request: HttpRequest) -> HttpResponse:
    require_role(request.user, EXPERT, LEAD)
    form = BeginForm(request.POST)
    if form.is_valid():
        try:
            return redirect(incidents.begin(**form.cleaned_data, by=request.user))
        except IncidentError as problem:
            form.add_error(None, str(problem))
    return _lab(request, form, status=422)


@login_required
@require_GET
def incident(request: HttpRequest, pk: int) -> HttpResponse:
    """The room while it lasts, the debrief afterwards."""
    require_role(request.user, EXPERT, LEAD)
    row = incident_for(request.user, pk)
    if row.session.state == Session.State.FINISHED:
        if not request.htmx:
            return render(request, "sandbox/debrief.html", lab_contexts.debriefing(row, request.user))
        response = HttpResponse(status=204)
        if "evaluation" not in request.GET or incidents.is_evaluated(row):
            response["HX-Refresh"] = "true"
        return response
    now = timezone.now()
    if request.htmx:
        return render(request, "sandbox/_room.html", lab_contexts.room(row, request.user, now=now))
    return render(request, "sandbox/incident.html", lab_contexts.workspace(row, request.user, now=now))


@login_required
@require_POST
def clock(request: HttpRequest, pk: int) -> HttpResponse:
    """Another pace, stop, or go on."""
    row = _mine(request.user, pk)
    form = ClockForm(request.POST)
    now = timezone.now()
    if form.is_valid():
        try:
            incidents.set_clock(row, **form.cleaned_data, now=now)
        except IncidentError as problem:
            messages.info(request, str(problem))
    if request.htmx and row.session.state == Session.State.RECORDING:
        return render(request, "sandbox/_room.html", lab_contexts.room(row, request.user, now=now))
    return redirect(row)


@login_required
def conclude(request: HttpRequest, pk: int) -> HttpResponse:
    """The structured diagnosis of the session; what it was is said afterwards."""
    row = _mine(request.user, pk)
    if row.session.state == Session.State.FINISHED:
        return redirect(row)
    response = workspace.finish(request, row.session_id)
    row.session.refresh_from_db()
    if row.session.state == Session.State.FINISHED:
        incidents.settle(row)
        return redirect(row)
    return response


@login_required
@require_POST
def give_up(request: HttpRequest, pk: int) -> HttpResponse:
    row = _mine(request.user, pk)
    try:
        incidents.give_up(row, now=timezone.now())
    except (IncidentError, RecordingError) as problem:
        messages.info(request, str(problem))
    return redirect(row)


@login_required
@require_POST
def propose(request: HttpRequest, pk: int) -> HttpResponse:
    """The incident becomes a case of the library, for two people to confirm."""
    require_role(request.user, EXPERT, LEAD)
    row = incident_for(request.user, pk)
    try:
        case = incidents.propose(row, by=request.user)
    except IncidentError as problem:
        messages.error(request, str(problem))
        return redirect(row)
    messages.success(request, "It waits in the library for two people to confirm it.")
    return redirect(case)
