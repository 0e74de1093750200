"""The gate's policy as a page: everybody with a role reads it, a lead sets it."""

from dataclasses import asdict

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from cases.access import LEAD, has_role, require_role
from rules import policies
from rules.gate import Policy
from rules.models import GatePolicy

SHOWN = 20


class PolicyForm(forms.Form):
    needs_target = forms.BooleanField(
        required=False,
        label="The case a patch was written for must be fixed by it",
        help_text="Without it a rule may go in that mends nothing yet.",
    )
    alpha = forms.FloatField(
        label="Risk of a wrong refusal (alpha)",
        help_text="Agents that sample: how often a rule that does no harm may be refused, over the whole library.",
    )
    eps = forms.FloatField(
        label="Loss that counts as none (eps)",
        help_text="Agents that sample: the net loss of a case that is still called none.",
    )
    minimum_pairs = forms.IntegerField(label="Fewest pairs of a case", help_text="Before it may be called harmless.")
    maximum_pairs = forms.IntegerField(label="Most pairs of a case", help_text="Then it is inconclusive.")
    reason = forms.CharField(max_length=300, label="Why it changes")


@login_required
@require_http_methods(["GET", "POST"])
def policy(request):
    require_role(request.user, *([LEAD] if request.method == "POST" else []))
    form = PolicyForm(request.POST or None, initial=asdict(policies.current()))
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data.pop("reason")
        try:
            policies.change(Policy(**form.cleaned_data), by=request.user, reason=reason)
        except policies.PolicyError as problem:
            form.add_error(None, str(problem))
        else:
            messages.success(request, "It holds for every verdict from now on.")
            return redirect("rules:policy")
    context = {
        "form": form,
        "policy": policies.current(),
        "may_set": has_role(request.user, LEAD),
        "history": GatePolicy.objects.select_related("by")[:SHOWN],
    }
    return render(request, "rules/policy.html", context, status=422 if form.errors else 200)
