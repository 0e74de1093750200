"""The snapshot browser: what is frozen of a case, and the calls that nothing of it answers."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from cases.access import EXPERT, LEAD, case_for, has_role, number_in, require_role
from cases.recording import RecordingError
from cloudmate import prepared
from sandbox import misses, runs, worlds
from sandbox.health import checks_of
from sandbox.models import Miss

PAGE = 50


@login_required
@require_GET
def snapshot(request, pk):
    case = case_for(request.user, pk, even_closed=True)
    row = runs.snapshot_of(case.current) if case.current_id else None
    if row is None:
        raise Http404(f"Nothing is frozen of case {pk}.")
    world = worlds.spec_of(row)
    context = {
        "case": case,
        "snapshot": row,
        "admission": row.admission,
        "world": world,
        "tables": worlds.tables_of(world, row.admission) if world else None,
        "tasks": misses.tasks_of(row),
        "misses_total": prepared.count(misses.most_asked, row.pk, ()),
        "page": Paginator(row.recordings.select_related("raw"), PAGE).get_page(request.GET.get("page")),
        "may_record": has_role(request.user, EXPERT, LEAD),
    }
    return render(request, "sandbox/snapshot.html", context)


@login_required
@require_GET
def health(request, pk):
    """Lines of the case's health that only what is frozen of it can give."""
    case = case_for(request.user, pk)
    row = runs.snapshot_of(case.current) if case.current_id else None
    return render(request, "cases/_health_rows.html", {"checks": checks_of(case, row)})


@login_required
@require_POST
def settle_miss(request, pk):
    """Alias a missed call to a recording shown beside it, or keep a return that was pasted or chosen as a file."""
    require_role(request.user, EXPERT, LEAD)
    case = case_for(request.user, pk)
    number, nearest = number_in(request.POST.get("miss", ""), usual=None), request.POST.get("nearest", "")
    miss = get_object_or_404(Miss.objects.select_related("snapshot__case__current"), pk=number, snapshot__case=case)
    try:
        if nearest:
            held = miss.snapshot.recordings.select_related("raw")
            misses.alias(miss, get_object_or_404(held, pk=number_in(nearest, usual=None)), by=request.user)
            messages.success(request, "The recorded return answers that call too now, in your name.")
        else:
            misses.record(miss, _returned(request), is_error="is_error" in request.POST)
            messages.success(request, "Recorded: a new snapshot holds it.")
    except (misses.MissError, RecordingError) as problem:
        messages.error(request, str(problem))
    return redirect("sandbox:snapshot", case.pk)


def _returned(request) -> str:
    """The return as it was given; browsers send pasted line ends as CR LF."""
    file = request.FILES.get("file")
    if file is None:
        return request.POST.get("output", "").replace("\r\n", "\n")
    try:
        return file.read(4 * misses.LONGEST + 1).decode()
    except UnicodeDecodeError:
        raise misses.MissError(f"{file.name} is no UTF-8 text.") from None
