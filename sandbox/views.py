"""Pages of the sandbox: look up, one service call, respond."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from cases.access import case_for, number_in, require_role, session_for
from cases.contexts.case import sessions_panel
from cloudmate.states import TransitionError
from sandbox import admission, contexts, exports, guidance, library_contexts, reports, steering
from sandbox import regression_contexts as pages
from sandbox.access import exploration_for, regression_for
from sandbox.console import CommandError
from sandbox.forms import InjectForm
from sandbox.models import Derivation

EXPORTS = {
    "csv": ("text/csv", exports.as_csv),
    "xml": ("application/xml", exports.as_junit),
    "md": ("text/markdown", exports.as_markdown),
}


@login_required
@require_GET
def regression(request, pk):
    """The page; its live part, which has no answer while nothing happened; or the rows that follow ``from``."""
    row, get = regression_for(request.user, pk), request.GET.get
    chosen = {"show": get("show", ""), "tag": get("tag", ""), "upto": number_in(get("upto", ""), usual=pages.FIRST)}
    if request.htmx and "from" in request.GET:
        return render(request, "sandbox/_rows.html", pages.rows(row, start=number_in(get("from"), usual=0), **chosen))
    if request.htmx and get("seen") == pages.seen(row, pages.progress(row)[1]):
        return HttpResponse(status=204)
    context = pages.regression(row, **chosen)
    return render(request, "sandbox/_regression.html" if request.htmx else "sandbox/regression.html", context)


@login_required
@require_GET
def export(request, pk, form):
    report = reports.report_of(regression_for(request.user, pk))
    if form == "json":
        return JsonResponse(exports.as_data(report))
    if form not in EXPORTS:
        raise Http404(f"There is no export as {form}: csv, json, md or xml.")
    kind, write = EXPORTS[form]
    response = HttpResponse(write(report), content_type=f"{kind}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="regression-{pk}.{form}"'
    return response


@login_required
@require_GET
def export_library(request):
    """What the library's list shows for this address, all pages of it."""
    require_role(request.user)
    text = exports.table(library_contexts.COLUMNS, library_contexts.rows(request.GET.dict(), request.user))
    response = HttpResponse(text, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="library.csv"'
    return response


@login_required
@require_GET
def compare(request, old, new):
    first, second = session_for(request.user, old), session_for(request.user, new)
    if first.case_id != second.case_id:
        raise Http404("The two sessions are of different cases.")
    return render(request, "sandbox/compare.html", contexts.comparison(first, second))


@login_required
@require_GET
def exploration(request, pk):
    context = contexts.exploration(exploration_for(request.user, pk), request.user)
    return render(request, "sandbox/_exploration.html" if request.htmx else "sandbox/exploration.html", context)


@login_required
@require_POST
def stop_exploration(request, pk):
    row = exploration_for(request.user, pk)
    require_role(request.user, "expert", "reviewer", "lead")
    try:
        steering.cancel_exploration(row)
        messages.success(request, "Stopped. What had ended is kept.")
    except TransitionError:
        messages.info(request, "It had ended already.")
    return redirect("sandbox:exploration", pk)


def _on_branch(request, pk, index, act, done: str):
    """Do something to a branch that waits; one that has started is left as it is, and the page says so."""
    row = exploration_for(request.user, pk)
    require_role(request.user, "expert", "reviewer", "lead")
    branch = row.branches.filter(index=index).first()
    if branch is None:
        raise Http404(f"There is no branch {index}.")
    if act(branch):
        messages.success(request, f"Branch {index + 1} is {done}.")
    else:
        messages.info(request, f"Branch {index + 1} has started already.")
    return redirect("sandbox:exploration", pk)


@login_required
@require_POST
def prune(request, pk, index):
    return _on_branch(request, pk, index, steering.prune, "left out")


@login_required
@require_POST
def boost(request, pk, index):
    return _on_branch(request, pk, index, steering.boost, "next")


@login_required
@require_POST
def inject(request, pk):
    """Add a branch of one's own; what was typed comes back where it does not fit."""
    row = exploration_for(request.user, pk)
    require_role(request.user, "expert", "reviewer", "lead")
    form = InjectForm(request.POST, sessions=contexts.bases(row))
    if form.is_valid():
        try:
            branch = steering.inject(row, **form.cleaned_data, by=request.user)
            messages.success(request, f"Branch {branch.index + 1} is next.")
            return redirect("sandbox:exploration", pk)
        except (steering.SteeringError, CommandError) as problem:
            form.add_error(None, str(problem))
    context = contexts.exploration(row, request.user, form=form)
    return render(request, "sandbox/exploration.html", context, status=422)


@login_required
@require_POST
def more(request, pk):
    row = exploration_for(request.user, pk)
    require_role(request.user, "expert", "reviewer", "lead")
    try:
        count = steering.more(row, runs=int(request.POST.get("runs") or 0))
        said = (
            f"{count} branches more." if count > 1 else "One branch more." if count else "Nothing new is left to try."
        )
        messages.success(request, said)
    except ValueError:
        messages.error(request, f"Write a number from 1 to {steering.MOST_MORE}.")
    except steering.SteeringError as problem:
        messages.error(request, str(problem))
    return redirect("sandbox:exploration", pk)


@login_required
@require_POST
def resume_exploration(request, pk):
    row = exploration_for(request.user, pk)
    require_role(request.user, "expert", "reviewer", "lead")
    try:
        steering.resume(row)
        messages.success(request, "It goes on with what had not ended.")
    except TransitionError:
        messages.info(request, "It is running already.")
    return redirect("sandbox:exploration", pk)


@login_required
@require_GET
def case_panel(request, pk):
    case = case_for(request.user, pk)
    context = contexts.case_panel(case, request.user)
    if request.headers.get("HX-Target") == "case-sandbox":  # asked again by the live part: the sessions moved as well
        context |= sessions_panel(case) | {"beside": True}
    return render(request, "sandbox/_case_panel.html", context)


@login_required
@require_GET
def held_back(request):
    """Confirmed cases that do not gate, and why: words within a figure of the library, which move nothing."""
    require_role(request.user)
    return render(request, "sandbox/_held_back_of_library.html", {"held_back": list(admission.not_gating())})


@login_required
@require_GET
def session_panel(request, pk):
    return render(
        request, "sandbox/_session_panel.html", contexts.session_panel(session_for(request.user, pk), request.user)
    )


@login_required
@require_POST
def edit_rationale(request, pk, index):
    """Why a step was taken: accepted as drafted, or in a person's own words."""
    session = session_for(request.user, pk)
    derivation = Derivation.objects.filter(guidance__session=session).first()
    if derivation is None:
        raise Http404("Nothing was derived from this session yet.")
    error = ""
    try:
        guidance.edit(derivation, step=index, rationale=request.POST.get("rationale", ""), by=request.user)
    except guidance.GuidanceError as problem:
        error = str(problem)
    if request.htmx:
        row = next((row for row in derivation.rationales if row["step"] == index), None)
        if row is None:
            raise Http404(error)
        said = {"session": session, "row": row, "error": error, "typed": request.POST.get("rationale", "")}
        return render(request, "sandbox/_rationale.html", said, status=422 if error else 200)
    if error:
        messages.error(request, error)
    else:
        messages.success(request, f"Kept your words for step {index + 1}.")
    return redirect(session)
