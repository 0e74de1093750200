"""The page of one session, its returns piece by piece, and what people say of it."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from cases import annotating, proposing
from cases.access import EXPERT, LEAD, REVIEWER, may_record, number_in, require_role, session_for
from cases.annotating import AnnotationError
from cases.contexts.board import board_of
from cases.contexts.returns import Asked, view_of
from cases.contexts.session import TABS, session_page
from cases.contexts.steps import FETCH, shown_steps
from cases.forms.session import AnnotationForm, ScoreForm
from cases.library import LibraryError
from cases.models import Annotation, Score, Session, Step


@login_required
@require_GET
def session(request: HttpRequest, pk: int) -> HttpResponse:
    found = session_for(request.user, pk)
    tab = request.GET.get("tab", "transcript")
    if tab not in TABS:
        raise Http404(f"A session has no tab {tab}: {', '.join(TABS)}.")
    start = max(number_in(request.GET.get("from", ""), usual=0), 0)
    return render(request, "cases/session.html", session_page(found, request.user, tab, start=start))


@login_required
@require_GET
def steps(request: HttpRequest, pk: int) -> HttpResponse:
    """The next steps after an index, or those before one: more of a long session, or what has just been recorded."""
    found = session_for(request.user, pk)
    after = number_in(request.GET.get("after", ""), usual=-1)
    before = number_in(request.GET.get("before", ""), usual=None)
    limit, left, earlier = FETCH, 0, 0
    if before is None:
        left = max(found.steps.filter(index__gt=after).count() - FETCH, 0)
    else:
        earlier = max(before - FETCH, 0)
        after, limit = earlier - 1, max(before - earlier, 0)
    shown = {
        "session": found,
        "steps": shown_steps(found, after=after, limit=limit),
        "steps_left": left,
        "earlier": earlier,
        "may_record": may_record(found, request.user),
    }
    return render(request, "cases/_steps.html", shown)


def step_of(found: Session, index: int) -> Step:
    return get_object_or_404(Step.objects.select_related("raw", "session"), session=found, index=index)


@login_required
@require_GET
def piece(request: HttpRequest, pk: int, index: int) -> HttpResponse:
    """More of a return, or the return in another shape, sifted, as a chart, or against an earlier one."""
    step = step_of(session_for(request.user, pk), index)
    shown = {"session": step.session, "step": step, "view": view_of(step, Asked.of(request.GET))}
    return render(request, "cases/_view.html", shown)


@login_required
@require_GET
def raw(request: HttpRequest, pk: int, index: int) -> HttpResponse:
    """The stored bytes, as a file: never as a page."""
    step = step_of(session_for(request.user, pk), index)
    response = HttpResponse(step.raw.text, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="session-{pk}-step-{index + 1}.txt"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


@login_required
@require_POST
def annotate(request: HttpRequest, pk: int) -> HttpResponse:
    """A note, a hypothesis, or a passage of a return as evidence."""
    require_role(request.user, EXPERT, REVIEWER, LEAD)
    found = session_for(request.user, pk)
    form = AnnotationForm(request.POST)
    error = ""
    if form.is_valid():
        said = form.cleaned_data
        step = step_of(found, said["step"]) if said["step"] is not None else None
        try:
            annotating.annotate(found, **said | {"step": step, "line": said["line"] or 1}, by=request.user)
        except AnnotationError as problem:
            error = str(problem)
    else:
        error = "Write what you want to keep."
    if request.htmx:
        return side(request, found, error=error, typed=request.POST.get("text", "") if error else "")
    if error:
        messages.error(request, error)
    return redirect(f"{found.get_absolute_url()}?tab=annotations")


@login_required
@require_POST
def judge_hypothesis(request: HttpRequest, pk: int, annotation: int) -> HttpResponse:
    require_role(request.user, EXPERT, LEAD)
    found = session_for(request.user, pk)
    hypothesis = get_object_or_404(Annotation, session=found, pk=annotation)
    error = ""
    try:
        annotating.judge_hypothesis(hypothesis, request.POST.get("state", ""))
    except AnnotationError as problem:
        error = str(problem)
    return side(request, found, error=error)


@login_required
@require_POST
def bear(request: HttpRequest, pk: int, annotation: int) -> HttpResponse:
    """A passage of evidence speaks for a hypothesis, or against it."""
    require_role(request.user, EXPERT, LEAD)
    found = session_for(request.user, pk)
    evidence = get_object_or_404(Annotation, session=found, pk=annotation)
    asked = number_in(request.POST.get("hypothesis", ""), usual=0)
    hypothesis = get_object_or_404(Annotation, session=found, pk=asked)
    error = ""
    try:
        annotating.bear(evidence, hypothesis, request.POST.get("stance", ""))
    except AnnotationError as problem:
        error = str(problem)
    return side(request, found, error=error)


def side(request: HttpRequest, found: Session, *, error: str = "", typed: str = "") -> HttpResponse:
    """The right column of the workspace: hypotheses, evidence and notes so far."""
    shown = {
        "session": found,
        "board": board_of(found),
        "error": error,
        "typed": typed,
        "may_record": may_record(found, request.user),
    }
    response = render(request, "cases/_side.html", shown, status=422 if error else 200)
    if not error:
        response["HX-Trigger"] = "annotated"
    return response


@login_required
@require_POST
def review_score(request: HttpRequest, pk: int, score: int) -> HttpResponse:
    """My own score beside the judge's, with a reason."""
    require_role(request.user, EXPERT, REVIEWER, LEAD)
    found = session_for(request.user, pk)
    judged = get_object_or_404(Score.objects.select_related("evaluation"), pk=score, evaluation__session=found)
    form = ScoreForm(request.POST)
    if form.is_valid():
        annotating.review_score(
            judged, value=form.cleaned_data["value"], reason=form.cleaned_data["reason"], by=request.user
        )
        messages.success(
            request, f"Your score of {judged.get_dimension_display().lower()} stands beside the machine's."
        )
        return redirect(f"{reverse('cases:session', args=[pk])}?tab=scores")
    shown = session_page(found, request.user, "scores") | {"score_form": form, "score_for": judged.pk}
    return render(request, "cases/session.html", shown, status=422)


@login_required
@require_POST
def propose(request: HttpRequest, pk: int) -> HttpResponse:
    """A finished session becomes a baseline case that waits for a lead's word."""
    require_role(request.user, EXPERT, LEAD)
    found = session_for(request.user, pk)
    try:
        case = proposing.propose(found, by=request.user)
    except LibraryError as error:
        messages.error(request, str(error))
        return redirect(found)
    messages.success(request, "Proposed, and confirmed by you. Now another person, who is a lead, confirms it.")
    return redirect(case)
