"""Settings that belong to no app: the models that think, and the people who may sign in."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cases.access import ADMIN, ROLES, require_role
from cloudmate import people as accounts
from cloudmate.llm import roles
from cloudmate.trying import tried

WITHOUT = {
    "agent": "the offline agent runs, which needs no model",
    "judge": "code alone scores: what it cannot settle stays unscored",
    "critic": "the offline critic writes rules",
    "explainer": "rationales are drafted by code",
}


@dataclass(frozen=True)
class Bound:
    """A role, or a further endpoint that a run may name, and what it is bound to. The key itself is shown nowhere."""

    name: str
    model: str = ""
    place: str = ""
    has_key: bool = False
    without: str = ""


def bound() -> list[Bound]:
    endpoints = settings.CLOUDMATE_LLM
    found = []
    for name in dict.fromkeys((*roles.ROLES, *endpoints)):
        endpoint = endpoints.get(name)
        if endpoint is None:
            found.append(Bound(name, without=WITHOUT[name]))
        else:
            found.append(Bound(name, endpoint.model, _place(endpoint.base_url), bool(endpoint.api_key)))
    return found


def _place(url: str) -> str:
    """Where it is served, without the name and password that a URL may hold."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


@login_required
@require_GET
def models(request):
    require_role(request.user, ADMIN)
    return render(request, "settings/models.html", {"bound": bound()})


@login_required
@require_POST
def try_model(request, name):
    """One real call; the page then says what came of it."""
    require_role(request.user, ADMIN)
    endpoint = settings.CLOUDMATE_LLM.get(name)
    if endpoint is None:
        raise Http404(f"No model is bound to {name}.")
    context = {"bound": bound(), "name": name, "tried": tried(endpoint)}
    return render(request, "settings/models.html", context)


class AccountForm(forms.Form):
    name = forms.CharField(max_length=150, label="Name", help_text="What the person signs in with")
    roles = forms.MultipleChoiceField(
        choices=[(role, role.capitalize()) for role in ROLES],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="Roles",
    )


@login_required
@require_http_methods(["GET", "POST"])
def people(request):
    """The list and the form; a first password is in the answer to its making and nowhere else."""
    require_role(request.user, ADMIN)
    form = AccountForm(request.POST or None)
    made = None
    if request.method == "POST" and form.is_valid():
        try:
            password = accounts.add(form.cleaned_data["name"], form.cleaned_data["roles"], by=request.user)
        except accounts.AccountError as problem:
            form.add_error("name", str(problem))
        else:
            made, form = (form.cleaned_data["name"], password), AccountForm()
    rows = User.objects.prefetch_related("groups").order_by("-is_active", "username")
    context = {"form": form, "made": made, "people": rows, "roles": ROLES}
    response = render(request, "settings/people.html", context, status=422 if form.errors else 200)
    response["Cache-Control"] = "no-store"
    return response


@login_required
@require_POST
def change_person(request, pk):
    """Give a person the roles that are ticked, or shut or open the account, by the button that was pressed."""
    require_role(request.user, ADMIN)
    person = get_object_or_404(User, pk=pk)
    act = request.POST.get("act", "")
    try:
        if act in ("shut", "open"):
            accounts.set_active(person, act == "open", by=request.user)
        else:
            accounts.give_roles(person, request.POST.getlist("roles"), by=request.user)
    except accounts.AccountError as problem:
        messages.error(request, str(problem))
    else:
        said = {"shut": "can no longer sign in", "open": "can sign in again"}.get(act, "has these roles from now on")
        messages.success(request, f"{person.username} {said}.")
    return redirect("people")
