"""The audit log: who did what, for leads and admins."""

from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from cases.access import ADMIN, LEAD, left_out, require_role
from cases.models import Entry
from cloudmate.sums import summed

PAGE = 50


@login_required
@require_GET
def log(request: HttpRequest) -> HttpResponse:
    """Newest first; ``?action=`` and ``?by=`` narrow it."""
    require_role(request.user, LEAD, ADMIN)
    action, by = (request.GET.get(name, "").replace("\x00", "")[:150] for name in ("action", "by"))
    rows = left_out(Entry.objects.select_related("by", "case", "undone_by"), request.user, case="case")
    rows = rows.only("at", "action", "subject", "words", "by__username", "case__name", "undone_by__undoes")
    rows = rows.filter(action=action) if action else rows
    rows = rows.filter(by__username=by) if by else rows
    shown = {
        "page": Paginator(rows, PAGE).get_page(request.GET.get("page")),
        "action": action,
        "by": by,
        "actions": sorted({*summed("logged-actions", _actions), action} - {""}),
        "people": get_user_model()
        .objects.filter(Exists(Entry.objects.filter(by=OuterRef("pk"))))
        .order_by("username")
        .values_list("username", flat=True),
    }
    return render(request, "cases/log.html", shown)


def _actions() -> list[str]:
    """The kinds of entry to choose from; a new one may be missing for a minute."""
    return list(Entry.objects.order_by("action").values_list("action", flat=True).distinct())
