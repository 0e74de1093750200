"""The list of cases, the page of one, and its way into the library."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from cases import library
from cases.access import case_for, number_in, require_role
from cases.contexts.case import case_page
from cases.contexts.listing import cases_page
from cases.contexts.versions import versions_page
from cases.forms.library import QuarantineForm, ReasonForm
from cases.library import LibraryError


@login_required
@require_GET
def cases(request: HttpRequest) -> HttpResponse:
    require_role(request.user)
    return render(request, "cases/cases.html", cases_page(request.GET.dict(), request.user))


@login_required
@require_GET
def case(request: HttpRequest, pk: int) -> HttpResponse:
    found = case_for(request.user, pk)
    return render(request, "cases/case.html", case_page(found, request.user))


@login_required
@require_GET
def versions(request: HttpRequest, pk: int) -> HttpResponse:
    """Two versions side by side: ``old`` and ``new`` of the address, or the newest two."""
    found = case_for(request.user, pk)
    old, new = (number_in(request.GET.get(name, ""), usual=None) for name in ("old", "new"))
    return render(request, "cases/versions.html", versions_page(found, old=old, new=new))


@login_required
@require_POST
def clean(request: HttpRequest, pk: int) -> HttpResponse:
    return _moved(request, pk, lambda found: library.mark_cleaned(found, by=request.user), "Marked as cleaned.")


@login_required
@require_POST
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    read = number_in(request.POST.get("version", ""), usual=None)
    done = "Your confirmation is recorded."
    return _moved(request, pk, lambda found: library.confirm(found, by=request.user, version=read), done)


@login_required
@require_POST
def quarantine(request: HttpRequest, pk: int) -> HttpResponse:
    """With a reason, who looks at it (oneself, where nobody is named), and until when."""
    done = "Quarantined: it no longer gates."
    return _moved_with_reason(request, pk, library.quarantine, done, form=QuarantineForm)


@login_required
@require_POST
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    return _moved_with_reason(request, pk, library.restore, "Restored: it gates again.")


@login_required
@require_POST
def retire(request: HttpRequest, pk: int) -> HttpResponse:
    return _moved_with_reason(request, pk, library.retire, "Retired: its results stay, nothing new runs on it.")


def _moved(request: HttpRequest, pk: int, move, done: str) -> HttpResponse:
    found = case_for(request.user, pk)
    try:
        move(found)
    except LibraryError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, done)
    return redirect(found)


def _moved_with_reason(request: HttpRequest, pk: int, move, done: str, *, form=ReasonForm) -> HttpResponse:
    form = form(request.POST)
    if form.is_valid():
        return _moved(request, pk, lambda found: move(found, by=request.user, **form.cleaned_data), done)
    found = case_for(request.user, pk)
    asked = {"reason_form": form, "reason_for": request.resolver_match.url_name}
    return render(request, "cases/case.html", case_page(found, request.user) | asked, status=422)
