"""Is the judge right, and is what is right grounded: two tables whose cells open their sessions."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from cases.access import LEAD, has_role, require_role
from cases.contexts.agreement import agreement_page, quadrants_page
from cases.forms.review import ThresholdsForm
from cases.models import System


@login_required
@require_GET
def agreement(request: HttpRequest) -> HttpResponse:
    require_role(request.user)
    return render(request, "cases/agreement.html", agreement_page(request.GET.dict(), request.user))


@login_required
@require_GET
def quadrants(request: HttpRequest) -> HttpResponse:
    require_role(request.user)
    shown = quadrants_page(request.GET.dict()) | {"may_set": has_role(request.user, LEAD)}
    return render(request, "cases/quadrants.html", shown)


@login_required
@require_POST
def thresholds(request: HttpRequest) -> HttpResponse:
    """What counts as low in one system, from the next evaluation on."""
    require_role(request.user, LEAD)
    form = ThresholdsForm(request.POST)
    if not form.is_valid():
        named = ", ".join(form.fields[name].label or name for name in form.errors)
        messages.error(
            request,
            f"Not kept: {named}. Scores are between 0 and 1, a loop is 2 to 20 equal calls or 2 to 100 steps without anything new, a percentile 0.5 to 1, reviewers 1 to 5.",
        )
        return redirect("cases:quadrants")
    system = get_object_or_404(System, pk=form.cleaned_data.pop("system"))
    system.thresholds = form.cleaned_data
    system.save(update_fields=["thresholds"])
    messages.success(request, f"Kept for {system.name}: what is evaluated from now on is measured by it.")
    return redirect(f"{reverse('cases:quadrants')}?system={system.slug}")
