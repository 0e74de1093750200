"""A patch and the list of them: read, written, proposed, decided on and merged."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cases.access import number_in, require_role
from cloudmate.states import TransitionError
from rules import contexts, merge, patches, review, versions
from rules.access import patch_for
from rules.forms import ReviewForm, RuleForm, TakeOnForm
from rules.views.editor import check_of
from rules.views.saying import said
from sandbox.knowledge.language import from_data, text_of
from sandbox.regression_contexts import PIECE


@login_required
@require_GET
def patch_list(request):
    require_role(request.user)
    get = request.GET.get
    context = contexts.patch_list(
        request.user,
        show=get("show", ""),
        sort=get("sort", ""),
        page=get("page"),
        source=get("source", ""),
        words=get("words", ""),
    )
    return render(request, "rules/patches.html", context)


@login_required
@require_GET
def patch(request, pk):
    row = patch_for(request.user, pk)
    get = request.GET.get
    rows = {"show": get("show", ""), "tag": get("tag", ""), "upto": number_in(get("upto", ""), usual=PIECE)}
    context = contexts.patch(row, request.user, tab=get("tab", ""), say=get("say", ""), rows=rows)
    return render(request, "rules/_patch.html" if request.htmx else "rules/patch.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def new_patch(request):
    require_role(request.user, "expert", "reviewer", "lead")
    form = RuleForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            add = form.rules()
            row = patches.draft(title=data["title"], add=add, remove=form.removed(), note=data["note"], by=request.user)
        except patches.PatchError as problem:
            form.add_error("text", str(problem))
        else:
            messages.success(request, "Drafted. Propose it to have it tested on every case.")
            return redirect(row)
    status = 422 if form.errors else 200
    context = {"form": form, "head": versions.head(), **check_of(form.data)}
    return render(request, "rules/new_patch.html", context, status=status)


@login_required
@require_http_methods(["GET", "POST"])
def edit_patch(request, pk):
    row = patch_for(request.user, pk)
    require_role(request.user, "expert", "reviewer", "lead")
    revision = patches.current(row)
    initial = {
        "title": row.title,
        "text": "\n\n".join(text_of(from_data(data)) for data in revision.add),
        "remove": ", ".join(revision.remove),
    }
    form = RuleForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            patches.revise(row, add=form.rules(), remove=form.removed(), note=data["note"], by=request.user)
        except patches.PatchError as problem:
            form.add_error("text", str(problem))
        except TransitionError:
            form.add_error(None, "The patch moved on meanwhile: copy your text, look at it again, then edit.")
        else:
            messages.success(request, "A new revision: approvals and the regression start again.")
            return redirect(row)
    context = {"form": form, "patch": row, "head": versions.head(), **check_of(form.data or initial)}
    return render(request, "rules/edit_patch.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def propose(request, pk):
    row = patch_for(request.user, pk)
    said(request, lambda: patches.propose(row, by=request.user), "Proposed: it is tested on every case now.")
    return redirect(row)


@login_required
@require_POST
def decide(request, pk):
    row = patch_for(request.user, pk)
    form = ReviewForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose approve, request changes or reject.")
        return redirect(row)
    data = form.cleaned_data
    done = {"approve": "Approved.", "changes": "Changes asked: it is a draft again.", "reject": "Rejected."}
    said(
        request,
        lambda: review.decide(
            row,
            by=request.user,
            decision=data["decision"],
            reason=data["reason"],
            words=data["words"],
            revision=data["revision"],
        ),
        done[data["decision"]],
    )
    return redirect(row)


@login_required
@require_POST
def merge_patch(request, pk):
    row = patch_for(request.user, pk)
    said(request, lambda: merge.merge(row, by=request.user), "Merged: agents fetch it from now on.")
    return redirect(row)


@login_required
@require_POST
def run_again(request, pk):
    row = patch_for(request.user, pk)
    said(request, lambda: patches.run_again(row, by=request.user), "It is tested again.")
    return redirect(row)


@login_required
@require_POST
def stop(request, pk):
    row = patch_for(request.user, pk)
    said(request, lambda: patches.stop_testing(row, by=request.user), "Stopped. What had run is kept.")
    return redirect(row)


@login_required
@require_POST
def discard(request, pk):
    row = patch_for(request.user, pk)
    said(request, lambda: patches.discard(row, by=request.user), "Closed; it stays readable.")
    return redirect(row)


@login_required
@require_POST
def take_on(request, pk):
    row = patch_for(request.user, pk)
    form = TakeOnForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    said(request, lambda: patches.take_on(row, by=request.user, reason=reason), "Taken on: it is in review.")
    return redirect(row)
