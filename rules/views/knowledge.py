"""Knowledge as pages: versions, rules, insight, and what takes a version or a rule back."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from cases.access import require_role
from rules import contexts, insight_contexts, merge, patches, versions
from rules.access import version_for
from rules.views.saying import REFUSALS, said


@login_required
@require_GET
def version_list(request):
    require_role(request.user)
    versions.head()  # version 0 exists from the first look
    context = insight_contexts.version_list(sort=request.GET.get("sort", ""))
    return render(request, "rules/versions.html", context)


@login_required
@require_GET
def version(request, number):
    return render(request, "rules/version.html", contexts.version(version_for(request.user, number), request.user))


@login_required
@require_POST
def revert(request, number):
    row = version_for(request.user, number)
    try:
        drafted = merge.revert(row, by=request.user)
    except REFUSALS as problem:
        messages.error(request, str(problem))
        return redirect(row)
    messages.success(request, "Drafted: propose it to have it tested like any other patch.")
    return redirect(drafted)


@login_required
@require_GET
def rule_list(request):
    require_role(request.user)
    get = request.GET.get
    context = insight_contexts.rule_list(
        request.user, show=get("show", ""), source=get("source", ""), sort=get("sort", "")
    )
    return render(request, "rules/rules.html", context)


@login_required
@require_GET
def insight(request):
    require_role(request.user)
    versions.head()  # version 0 exists from the first look
    return render(request, "rules/insight.html", insight_contexts.insight())


@login_required
@require_POST
def try_without(request):
    """A draft that takes one rule away: its regression is what the library says the rule is worth."""
    require_role(request.user, "expert", "reviewer", "lead")
    name = request.POST.get("rule", "")
    drafted = []

    def draft():
        note = "What is lost without it is what the rule is worth."
        drafted.append(patches.draft(title=f"Try without {name}", remove=(name,), note=note, by=request.user))

    said(request, draft, "Drafted: propose it to have the library run without the rule.")
    return redirect(drafted[0]) if drafted else redirect("rules:rules")
