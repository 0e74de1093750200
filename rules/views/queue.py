"""The merge queue: looked at, joined and left."""

from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from cases.access import require_role
from rules import merge_queue, queue_contexts
from rules.access import patch_for
from rules.views.saying import said


@login_required
@require_GET
def queue(request):
    require_role(request.user)
    page = "rules/_queue.html" if request.htmx else "rules/queue.html"
    return render(request, page, queue_contexts.queue(request.user))


@login_required
@require_POST
def join(request, pk):
    row = patch_for(request.user, pk)
    done = "In the merge queue: it goes in by itself, or says why it does not."
    said(request, lambda: merge_queue.add(row, by=request.user), done)
    return redirect(row)


@login_required
@require_POST
def leave(request, pk):
    row = patch_for(request.user, pk)
    said(request, lambda: merge_queue.take_out(row, by=request.user), "Taken out of the queue; its approvals stay.")
    return redirect("rules:queue" if request.POST.get("from") == "queue" else row)
