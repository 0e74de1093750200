"""The expert's console: the command bar of the session workspace, answered by the sandbox."""

import json
from dataclasses import asdict

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from cases.access import EXPERT, LEAD, case_for, require_role, session_for
from cases.models import Session
from cases.recording import RecordingError
from sandbox import incidents, workbench
from sandbox.console import CommandError
from sandbox.workbench import WorkbenchError

HISTORY = 60


@login_required
@require_POST
def record(request: HttpRequest, pk: int) -> HttpResponse:
    """Start recording on a case, or go on with the session of mine that is open there."""
    require_role(request.user, EXPERT, LEAD)
    case = case_for(request.user, pk, even_closed=True)
    if case.current is None:
        messages.error(request, "This case says nothing yet, so there is nothing to troubleshoot.")
        return redirect(case)
    mine = case.sessions.filter(by=request.user, state=Session.State.RECORDING, actor=Session.Actor.EXPERT).first()
    session = mine or workbench.open_session(case, by=request.user)
    return redirect("cases:workspace", session.pk)


def _console(request: HttpRequest, session: Session, *, typed: str = "", error: str = "") -> HttpResponse:
    shown = {
        "session": session,
        "tools": workbench.tools(session),
        "has_snapshot": workbench.answers(session),
        "incident": incidents.of_session(session),
        "in_room": "/lab/" in request.headers.get("HX-Current-URL", ""),
        "history": workbench.remembered(session, most=HISTORY),
        "typed": typed,
        "error": error,
    }
    return render(request, "sandbox/_console.html", shown, status=422 if error else 200)


@login_required
@require_GET
def console(request: HttpRequest, pk: int) -> HttpResponse:
    require_role(request.user, EXPERT, LEAD)
    return _console(request, session_for(request.user, pk), typed=request.GET.get("line", ""))


@login_required
@require_POST
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """Run one call; the workspace is told, and fetches the new step."""
    require_role(request.user, EXPERT, LEAD)
    session = session_for(request.user, pk)
    line = request.POST.get("line", "").strip()
    if not line:
        return _console(request, session, error="Choose a tool, or type its name and arguments.")
    try:
        step = workbench.run_line(session, line, by=request.user)
    except (CommandError, WorkbenchError, RecordingError) as error:
        return _console(request, session, typed=line, error=str(error))
    response = _console(request, session)
    response["HX-Trigger"] = json.dumps({"step-recorded": {"index": step.index}})
    return response


@login_required
@require_GET
def complete(request: HttpRequest, pk: int) -> JsonResponse:
    """What may come next on the line, from the tools' schemas and from what the snapshot's returns name."""
    require_role(request.user, EXPERT, LEAD)
    session = session_for(request.user, pk)
    found = workbench.completions(session, request.GET.get("line", ""))
    return JsonResponse({"completions": [asdict(one) for one in found]})
