"""The baseline library: what do we protect?"""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from cases import library as baseline
from cases.access import LEAD, has_role, number_in, require_role
from cases.contexts.listing import library_map, library_page
from cases.library import LibraryError
from cases.models import Case


@login_required
@require_GET
def library(request: HttpRequest) -> HttpResponse:
    require_role(request.user)
    view = "map" if request.GET.get("view") == "map" else "list"
    shown = library_page(request.GET.dict(), request.user) | {
        "view": view,
        "may_confirm": has_role(request.user, LEAD),
    }
    return render(request, "cases/library.html", shown | (library_map() if view == "map" else {}))


@login_required
@require_POST
def confirm_in_bulk(request: HttpRequest) -> HttpResponse:
    """A named lead's word for many cases at once; they show it for ever."""
    require_role(request.user, LEAD)
    chosen = [pk for text in request.POST.getlist("case") if (pk := number_in(text, usual=None)) is not None]
    cases = list(Case.objects.select_related("current").filter(pk__in=chosen))
    if not cases:
        messages.warning(request, "Choose the cases first: tick them in the list.")
        return redirect(reverse("cases:library") + "?state=labelled")
    try:
        confirmed = baseline.confirm_in_bulk(cases, by=request.user)
    except LibraryError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{len(confirmed)} of {len(cases)} confirmed in bulk, in your name.")
    return redirect("cases:library")
