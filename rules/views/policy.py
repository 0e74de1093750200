"""The gate's policy as a page: everybody with a role reads it, a lead sets it."""

from dataclasses import asdict, dataclass

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


class PercentField(forms.FloatField):
    """People write 5 and mean 5 %; the policy holds .05."""

    def prepare_value(self, value):
        return f"{100 * value:g}" if isinstance(value, float) else value

    def clean(self, value):
        return super().clean(value) / 100


class PolicyForm(forms.Form):
    needs_target = forms.BooleanField(
        required=False,
        label="The case a patch was written for must be fixed by it",
        help_text="Without it a rule may go in that mends nothing yet.",
    )
    alpha = PercentField(
        label="Harmless rules refused, at most (%)",
        help_text="Chance alone makes some cases look lost. Lower refuses fewer good rules, and needs more runs to see a bad one.",
    )
    eps = PercentField(
        label="A net loss counts as none below (%)",
        help_text="Runs of a case lost beyond those won, once the most pairs have run.",
    )
    minimum_pairs = forms.IntegerField(
        label="Fewest pairs of a case", help_text="Runs under old and new knowledge, before it may be called harmless."
    )
    maximum_pairs = forms.IntegerField(
        label="Most pairs of a case", help_text="What is still unclear then is inconclusive, and a lead decides."
    )
    reason = forms.CharField(max_length=300, label="Why it changes")


@dataclass(frozen=True)
class Held:
    """A policy that a lead set, in words."""

    row: GatePolicy
    told: list[str]


def told(policy: Policy | GatePolicy) -> list[tuple[str, str]]:
    return [(words, policies.said(name, getattr(policy, name))) for name, words in policies.WORDS.items()]


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
        "policy": told(policies.current()),
        "may_set": has_role(request.user, LEAD),
        "history": [
            Held(row, [f"{words}: {value}" for words, value in told(row)])
            for row in GatePolicy.objects.select_related("by")[:SHOWN]
        ],
    }
    return render(request, "rules/policy.html", context, status=422 if form.errors else 200)
