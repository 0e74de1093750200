"""What people say of a patch: comments on its lines and steps, held back, sent, resolved."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from cases.access import require_role
from rules import comments
from rules.access import patch_for
from rules.forms import CommentForm
from rules.templatetags.discussing import anchor
from rules.views.saying import said


@login_required
@require_POST
def comment(request, pk):
    row = patch_for(request.user, pk)
    form = CommentForm(request.POST)
    data = form.cleaned_data if form.is_valid() else {"text": "", "place": "", "tab": "", "pending": False}
    place = data["place"]
    done = "Added to your review: send it, or decide." if data["pending"] else "Comment added."
    said(
        request,
        lambda: comments.comment(row, by=request.user, text=data["text"], place=place, pending=data["pending"]),
        done,
    )
    return redirect(f"{row.get_absolute_url()}?tab={data['tab']}#{anchor(place)}" if place else row)


@login_required
@require_POST
def send_comments(request, pk):
    row = patch_for(request.user, pk)
    require_role(request.user, "expert", "reviewer", "lead")
    count = comments.send(row, by=request.user)
    messages.success(request, f"Sent {count} comment{'' if count == 1 else 's'}.")
    return redirect(row)


def _comment_of(row, number):
    found = row.comments.filter(pk=number).first()
    if found is None:
        raise Http404("There is no such comment.")
    return found


@login_required
@require_POST
def resolve(request, pk, number):
    row = patch_for(request.user, pk)
    comments.resolve(_comment_of(row, number), by=request.user)
    return redirect(row)


@login_required
@require_POST
def reopen(request, pk, number):
    row = patch_for(request.user, pk)
    comments.reopen(_comment_of(row, number), by=request.user)
    return redirect(row)


@login_required
@require_POST
def withdraw(request, pk, number):
    row = patch_for(request.user, pk)
    require_role(request.user, "expert", "reviewer", "lead")
    found = _comment_of(row, number)
    said(request, lambda: comments.withdraw(found, by=request.user), "Dropped.")
    return redirect(row)
