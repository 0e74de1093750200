"""Pages of rules: look up, one service call, respond. What cannot be done is said in words."""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cases.access import case_for, number_in, require_role, session_for
from cases.models import Case
from cloudmate.states import TransitionError
from rules import comments, contexts, critiques, guided, insight_contexts, merge, patches, review, versions
from rules.access import patch_for, version_for
from rules.forms import CommentForm, ReviewForm, RuleForm, TakeOnForm
from rules.templatetags.discussing import anchor
from sandbox import exploration, runs
from sandbox.knowledge.language import from_data, text_of
from sandbox.models import Derivation
from sandbox.regression_contexts import PIECE

REFUSALS = (
    patches.PatchError,
    review.ReviewError,
    merge.MergeError,
    comments.CommentError,
    critiques.CritiqueError,
    runs.RunError,
    exploration.ExplorationError,
)


def said(request, act: Callable[[], object], done: str) -> bool:
    """Run ``act`` and tell the person how it went; True where it did."""
    try:
        act()
    except REFUSALS as problem:
        messages.error(request, str(problem))
        return False
    except TransitionError:
        messages.warning(request, "Somebody or something was faster: this has changed meanwhile. Look again.")
        return False
    messages.success(request, done)
    return True


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
    return render(request, "rules/new_patch.html", {"form": form, "head": versions.head()}, status=status)


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
    context = {"form": form, "patch": row, "head": versions.head()}
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


@login_required
@require_GET
def your_turn(request):
    require_role(request.user)
    return render(request, "rules/_your_turn.html", contexts.your_turn(request.user))


@login_required
@require_POST
def run_agent(request, pk):
    """Run the agent on a case with the current knowledge: asked for here, where the current knowledge is known."""
    case = case_for(request.user, pk)
    require_role(request.user, "expert", "reviewer", "lead")
    knowledge = versions.knowledge(versions.head())
    said(
        request,
        lambda: runs.ask(case.current, knowledge=knowledge, by=request.user),
        "The agent is on it: its session appears here as it goes.",
    )
    return redirect(case)


@login_required
@require_POST
def explore(request, pk):
    session = session_for(request.user, pk)
    require_role(request.user, "expert", "reviewer", "lead")
    knowledge = versions.knowledge(versions.head())
    opened = []

    def start():
        opened.append(exploration.open_for(session, knowledge=knowledge, by=request.user, reason="a person asked"))

    said(request, start, "Exploring: the plan is below.")
    return redirect("sandbox:exploration", opened[0].pk) if opened else redirect(session)


@login_required
@require_POST
def critique(request, pk):
    failed = session_for(request.user, pk)
    require_role(request.user, "expert", "reviewer", "lead")
    better = number_in(request.POST.get("better", ""), usual=None)
    if better is None:
        messages.error(request, "Choose the better session to compare with.")
        return redirect(failed)
    other = session_for(request.user, better)
    said(
        request,
        lambda: critiques.ask(failed, other),
        "The critic is on it: what it proposes appears under Patches.",
    )
    return redirect(failed)


@login_required
@require_POST
def teach(request, pk):
    """Propose what an expert's session teaches, as a patch of the person who asks."""
    session = session_for(request.user, pk)
    require_role(request.user, "expert", "reviewer", "lead")
    derivation = Derivation.objects.filter(guidance__session=session).select_related("guidance__failed").first()
    if derivation is None:
        raise Http404("Nothing was derived from this session yet.")
    made = []
    said(request, lambda: made.append(guided.teach(derivation, by=request.user)), "Proposed: the gate tests it now.")
    return redirect("rules:patch", made[0].pk) if made else redirect(session)


@login_required
@require_POST
def run_agents(request):
    """Run the agent on each case that is ticked in the library, with the current knowledge."""
    require_role(request.user, "lead")
    chosen = [pk for text in request.POST.getlist("case") if (pk := number_in(text, usual=None)) is not None]
    knowledge = versions.knowledge(versions.head())
    asked, refused = 0, []
    for case in Case.objects.select_related("current__case").filter(pk__in=chosen).order_by("pk"):
        try:
            runs.ask(case.current, knowledge=knowledge, by=request.user)
        except runs.RunError as error:
            refused.append(f"{case.name}: {error}")
        else:
            asked += 1
    if asked:
        messages.success(request, f"The agent is on {asked} case{'s' if asked > 1 else ''}: each run shows in its row.")
    for words in refused[:3]:
        messages.warning(request, words)
    if len(refused) > 3:
        messages.warning(request, f"And {len(refused) - 3} more could not be run.")
    return redirect("cases:library")
