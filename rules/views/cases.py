"""What knowledge has to do with one case: its lineage, and whether what is known survives its other guises."""

from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from cases.access import case_for, require_role
from rules import lineage as lineages
from rules import variant_contexts, versions
from rules.views.saying import said
from sandbox import variant_runs


@login_required
@require_GET
def lineage(request, pk):
    case = case_for(request.user, pk)
    return render(request, "rules/_lineage.html", {"case": case, **lineages.lineage(case, request.user)})


@login_required
@require_GET
def variants(request, pk):
    """The page at once; its table after it, and again while runs are under way: a lab case is run again for it."""
    case = case_for(request.user, pk)
    if not request.htmx:
        return render(request, "rules/variants.html", {"case": case})
    return render(request, "rules/_variants.html", variant_contexts.variants(case, request.user))


@login_required
@require_POST
def try_variants(request, pk):
    """Run the agent on every variant of a case with the current knowledge."""
    case = case_for(request.user, pk)
    require_role(request.user, "expert", "reviewer", "lead")
    knowledge = versions.knowledge(versions.head())
    said(request, lambda: variant_runs.ask(case.current, knowledge), "The agent is on them: each shows in its row.")
    return redirect("rules:variants", case.pk)
