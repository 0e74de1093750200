"""What a person asks of the loop: run the agent, explore, criticise, teach."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from cases.access import case_for, number_in, require_role, session_for
from cases.models import Case
from rules import critiques, guided, versions
from rules.views.saying import said
from sandbox import exploration, runs
from sandbox.models import Derivation


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
