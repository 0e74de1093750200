"""Tokens of agents, for admins: made, shown once, revoked."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from cases import tokens as service
from cases.access import ADMIN, require_role
from cases.forms.token import TokenForm
from cases.models import AgentToken


@login_required
@require_http_methods(["GET", "POST"])
def tokens(request):
    """The list and the form; the text of a new token is in the answer to its making and nowhere else."""
    require_role(request.user, ADMIN)
    form = TokenForm(request.POST or None)
    issued = ""
    if request.method == "POST" and form.is_valid():
        issued, _token = service.issue(form.cleaned_data["name"], form.cleaned_data["system"], request.user)
        form = TokenForm()
    rows = AgentToken.objects.select_related("system", "created_by").order_by("revoked_at", "-pk")
    context = {"form": form, "issued": issued, "tokens": rows}
    response = render(request, "cases/tokens.html", context, status=422 if form.errors else 200)
    response["Cache-Control"] = "no-store"
    return response


@login_required
@require_POST
def revoke(request, pk):
    require_role(request.user, ADMIN)
    token = AgentToken.objects.filter(pk=pk).first()
    if token is None:
        raise Http404(f"There is no token {pk}.")
    service.revoke(token, by=request.user)
    messages.success(request, f"{token.name} can no longer sign in with {token.prefix}….")
    return redirect("cases:tokens")
