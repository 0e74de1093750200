"""The baseline library: what do we protect?"""

from urllib.parse import parse_qsl, urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from cases import curation
from cases.access import LEAD, number_in, require_role
from cases.contexts.duplicates import duplicates
from cases.contexts.library import VIEWS, library_page
from cases.curation import Done
from cases.forms.library import NothingForm, QuarantineForm, ReasonForm, TagForm
from cases.library import LibraryError
from cases.models import Case

# what may be done to many: the form that says more, the service, and what then is true of each
ACTIONS = {
    "confirm": (NothingForm, curation.confirm, "confirmed in bulk, in your name"),
    "tag": (TagForm, curation.tag, "tagged"),
    "must-pass": (NothingForm, curation.must_pass, "must pass from now on"),
    "need-not-pass": (NothingForm, curation.need_not_pass, "need not pass any more"),
    "quarantine": (QuarantineForm, curation.quarantine, "quarantined: they do not gate"),
    "retire": (ReasonForm, curation.retire, "retired: nothing new runs on them"),
}
NAMED = 3  # refusals told one by one


@login_required
@require_GET
def library(request: HttpRequest) -> HttpResponse:
    require_role(request.user)
    view = request.GET.get("view", "")
    return render(
        request,
        "cases/library.html",
        library_page(request.GET.dict(), request.user, view=view if view in VIEWS else "list"),
    )


@login_required
@require_GET
def same(request: HttpRequest) -> HttpResponse:
    """The part of what is next that compares all cases with each other."""
    require_role(request.user)
    return render(request, "cases/_duplicates.html", {"duplicates": duplicates(request.user)})


@login_required
@require_POST
def in_bulk(request: HttpRequest) -> HttpResponse:
    """One act on the cases that are ticked; the page then offers to take it back."""
    require_role(request.user, LEAD)
    chosen = [pk for text in request.POST.getlist("case") if (pk := number_in(text, usual=None)) is not None]
    cases = list(Case.objects.select_related("current").filter(pk__in=chosen).order_by("pk"))
    wanted = ACTIONS.get(request.POST.get("action", ""))
    if wanted is None or not cases:
        messages.warning(request, "Tick the cases first, then choose what to do with them.")
        return _back(request)
    make, act, words = wanted
    form = make(request.POST)
    if not form.is_valid():
        for field, errors in form.errors.items():
            messages.error(request, f"{form.fields[field].label}: {' '.join(errors)} Nothing was done.")
        return _back(request)
    try:
        done = act(cases, by=request.user, **form.cleaned_data)
    except LibraryError as error:
        messages.error(request, str(error))
        return _back(request)
    _tell(request, done, len(cases), words)
    return _back(request, done.batch)


@login_required
@require_POST
def undo(request: HttpRequest) -> HttpResponse:
    require_role(request.user, LEAD)
    done = curation.undo(request.POST.get("batch", "")[:32].replace("\x00", ""), by=request.user)
    _tell(request, done, len(done.cases) + len(done.refused), "as before")
    return _back(request)


def _tell(request: HttpRequest, done: Done, of: int, words: str) -> None:
    if done.cases:
        messages.success(request, f"{len(done.cases)} of {of} {words}.")
    elif not done.refused:
        messages.warning(request, "There was nothing left to take back.")
    for case, why in done.refused[:NAMED]:
        messages.warning(request, f"{case.name} is left alone: {why}")
    if len(done.refused) > NAMED:
        messages.warning(request, f"And {len(done.refused) - NAMED} more are left alone.")


def _back(request: HttpRequest, batch: str = "") -> HttpResponse:
    """To the list as it was filtered; ``batch`` is what may be taken back there."""
    query = [(key, value) for key, value in parse_qsl(request.POST.get("query", "")[:2000]) if key != "done"]
    query += [("done", batch)] if batch else []
    return redirect(reverse("cases:library") + (f"?{urlencode(query)}" if query else ""))
