"""A case's answer: the one that stands, and what people say of it by themselves."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from cases import labelling, library
from cases.access import EXPERT, LEAD, case_for, closed_to, require_role
from cases.forms.case import AnswerForm, CauseFormSet, OwnAnswerForm
from cases.forms.library import ReasonForm
from cases.library import LibraryError
from cases.models import Case, Label

SAID = {
    Case.Ambiguity.AGREED: "You and another person label it alike.",
    Case.Ambiguity.AMBIGUOUS: "The labels disagree: the case does not gate until that is settled.",
    Case.Ambiguity.UNKNOWN: "Your label is kept.",
}


@login_required
def label(request: HttpRequest, pk: int) -> HttpResponse:
    """The structured answer. Saving makes a new version of the case."""
    require_role(request.user, EXPERT, LEAD)
    found = case_for(request.user, pk)
    was = found.current.parsed_answer() if found.current else None
    form = AnswerForm(request.POST or None, initial=AnswerForm.initial_of(was))
    causes = CauseFormSet(
        request.POST or None,
        prefix="causes",
        initial=[{"component": one.component, "fault_class": one.fault_class} for one in was.causes] if was else [],
    )
    if request.method == "POST" and form.is_valid() and causes.is_valid():
        try:
            library.label(found, form.answer(causes.causes(), was=was), by=request.user)
        except LibraryError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "The answer is saved as a new version. Now it wants two confirmations.")
            return redirect(found)
    shown = {
        "case": found,
        "form": form,
        "causes": causes,
        "categories": Case.objects.exclude(current__category="")
        .order_by("current__category")
        .values_list("current__category", flat=True)
        .distinct(),
    }
    return render(request, "cases/label.html", shown, status=422 if request.method == "POST" else 200)


@login_required
def label_alone(request: HttpRequest, pk: int) -> HttpResponse:
    """One's own answer; neither this page nor any other shows the one that stands, until it is given."""
    require_role(request.user, EXPERT, LEAD)
    found = case_for(request.user, pk, even_closed=True)
    form = OwnAnswerForm(request.POST or None, initial={"informed": "seen" in request.GET})
    causes = CauseFormSet(request.POST or None, prefix="causes")
    if request.method == "POST" and form.is_valid() and causes.is_valid():
        answer = form.answer(causes.causes())
        if answer.conclusion == "root_cause" and not (answer.causes or answer.expected):
            form.add_error(None, "Name a cause, or say it in your words.")
        else:
            try:
                library.label_alone(found, answer, request.user, informed=form.cleaned_data["informed"])
            except LibraryError as error:
                form.add_error(None, str(error))
            else:
                messages.success(request, SAID[Case.Ambiguity(found.ambiguity)])
                return redirect(found)
    shown = {"case": found, "form": form, "causes": causes, "closed": closed_to(request.user) == found.pk}
    return render(request, "cases/label_alone.html", shown, status=422 if request.method == "POST" else 200)


@login_required
@require_POST
def take(request: HttpRequest, pk: int) -> HttpResponse:
    """From here on the case's answer is closed to me, until mine is given."""
    require_role(request.user, EXPERT, LEAD)
    found = case_for(request.user, pk, even_closed=True)
    try:
        labelling.take(found, by=request.user)
    except labelling.SeatError as error:
        held = labelling.held_by(request.user)
        messages.error(request, str(error))
        return redirect("cases:label_alone", held.case_id) if held else redirect(found)
    seen = "?seen=1" if "seen" in request.POST else ""  # taken from a page that showed what stands
    return redirect(reverse("cases:label_alone", args=[found.pk]) + seen)


@login_required
@require_POST
def leave(request: HttpRequest, pk: int) -> HttpResponse:
    require_role(request.user, EXPERT, LEAD)
    found = case_for(request.user, pk, even_closed=True)
    if labelling.end(found, by=request.user, given=False):
        messages.success(request, "Left to somebody else. The case is open to you again.")
    return redirect(found)


@login_required
@require_POST
def set_aside(request: HttpRequest, pk: int, label: int) -> HttpResponse:
    require_role(request.user, LEAD)
    found = case_for(request.user, pk)
    given = get_object_or_404(Label.objects.select_related("version__case"), pk=label, version__case=found)
    form = ReasonForm(request.POST)
    try:
        library.set_aside(given, by=request.user, reason=form.data.get("reason", "") if form.is_valid() else "")
    except LibraryError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"The label of {given.by} is set aside.")
    return redirect(found)
