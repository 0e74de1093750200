"""What can be asked of each system, for leads and admins."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from cases.access import ADMIN, LEAD, require_role
from cases.contexts.tools import tools_page


@login_required
@require_GET
def tools(request: HttpRequest) -> HttpResponse:
    require_role(request.user, LEAD, ADMIN)
    return render(request, "cases/tools.html", tools_page())
