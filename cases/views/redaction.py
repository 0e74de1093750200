"""What is taken out of everything before it is stored: the built-in kinds, and patterns of one's own."""

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from cases import patterns, redacting
from cases.access import ADMIN, LEAD, require_role
from cases.models import RedactionPattern
from cases.redaction import kinds


class PatternForm(forms.Form):
    kind = forms.CharField(max_length=40, label="What it is", help_text="It stands in its place: [REDACTED account]")
    pattern = forms.CharField(
        max_length=patterns.LONGEST_PATTERN,
        strip=False,
        label="Pattern",
        help_text="ACCT-\\d{6}, or key=([a-z0-9]+) to take out only what is in parentheses.",
    )
    example = forms.CharField(
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        label="An example that holds one",
        help_text="Made up. It is tried and not kept.",
    )


@login_required
@require_http_methods(["GET", "POST"])
def redaction(request):
    require_role(request.user, ADMIN, LEAD)
    form = PatternForm(request.POST or None)
    became = ""
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            _, became = redacting.add(given["kind"], given["pattern"], example=given["example"], by=request.user)
        except patterns.PatternError as problem:
            form.add_error("pattern", str(problem))
        else:
            form = PatternForm()
    rows = RedactionPattern.objects.select_related("by").order_by("retired_at", "pk")
    context = {"form": form, "became": became, "patterns": rows, "kinds": kinds()}
    return render(request, "cases/redaction.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def retire(request, pk):
    require_role(request.user, ADMIN, LEAD)
    row = get_object_or_404(RedactionPattern, pk=pk)
    redacting.retire(row, by=request.user)
    messages.success(request, f"{row.kind.capitalize()} is looked for no more.")
    return redirect("cases:redaction")
