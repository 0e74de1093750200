"""What can be asked of each system: the tools that its newest cases come with."""

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.db.models import Count, OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from cases.access import ADMIN, LEAD, require_role
from cases.models import Case, CaseVersion, System


@dataclass(frozen=True)
class Asked:
    """``case`` is the system's newest that has tools: an older one may have others."""

    system: System
    cases: int
    case: Case
    tools: list[dict]


@login_required
@require_GET
def tools(request: HttpRequest) -> HttpResponse:
    require_role(request.user, LEAD, ADMIN)
    newest = Case.objects.filter(system=OuterRef("pk")).exclude(current__tools=[]).order_by("-pk").values("current")
    systems = System.objects.annotate(n=Count("cases"), newest=Subquery(newest[:1])).order_by("name")
    versions = CaseVersion.objects.select_related("case").in_bulk({one.newest for one in systems if one.newest})
    rows = [
        Asked(one, one.n, versions[one.newest].case, versions[one.newest].tools)
        for one in systems
        if one.newest in versions
    ]
    return render(request, "cases/tools.html", {"rows": rows, "without": [one for one in systems if not one.newest]})
