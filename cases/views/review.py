"""Score review: the queue, one item at a time. The judge's answer leaves the server after the own answer is stored."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from cases import reviewing
from cases.access import EXPERT, LEAD, REVIEWER, require_role
from cases.contexts.review import review_page
from cases.forms.review import AnswerForm, DecisionForm
from cases.models import ReviewSeat
from cases.reviewing import NothingTold, ReviewError


@login_required
@require_GET
def review(request: HttpRequest) -> HttpResponse:
    """The item I sit over, or the next one."""
    require_role(request.user, EXPERT, REVIEWER, LEAD)
    return render(request, "cases/review.html", review_page(reviewing.claim(request.user), request.user))


def _mine(request: HttpRequest, pk: int) -> ReviewSeat | None:
    require_role(request.user, EXPERT, REVIEWER, LEAD)
    seats = ReviewSeat.objects.select_related("item__score__evaluation__session", "review")
    seat = get_object_or_404(seats, pk=pk)
    return seat if seat.by_id == request.user.pk else None


def _gone(request: HttpRequest) -> HttpResponse:
    messages.error(request, "That item is not yours: here is the one that waits for you.")
    return redirect("cases:review")


def _again(request: HttpRequest, seat: ReviewSeat, error: ReviewError, typed: dict) -> HttpResponse:
    """The same item with what was typed, and what is wrong with it."""
    seat.refresh_from_db()
    if seat.state not in (ReviewSeat.State.HELD, ReviewSeat.State.ANSWERED):
        messages.error(request, str(error))
        return redirect("cases:review")
    if seat.state == ReviewSeat.State.HELD:
        seat.answers = {
            one.id: request.POST.get(f"answer-{one.id}", "") for one in reviewing.questions_of(seat.item.score)
        }
    shown = review_page(seat, request.user) | {
        "error": str(error),
        "typed": typed,
        "needs_flag": isinstance(error, NothingTold),
    }
    return render(request, "cases/review.html", shown, status=422)


@login_required
@require_POST
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """My own answer, for good; or a draft of it; or the item handed back."""
    if (seat := _mine(request, pk)) is None:
        return _gone(request)
    form = AnswerForm(request.POST)
    named = [(one.id, request.POST.get(f"answer-{one.id}", "")) for one in reviewing.questions_of(seat.item.score)]
    answers = {name: given for name, given in named if given}
    try:
        if not form.is_valid():
            raise ReviewError("A reason has 2000 characters at most, and a flag 500: shorten it.")
        said = form.cleaned_data
        if "hand_back" in request.POST:
            reviewing.save_draft(seat, answers=answers, reason=said["reason"])
            reviewing.hand_back(seat)
            messages.success(request, "Handed back. What you filled in stays for you.")
            return redirect("home")
        if "draft" in request.POST:
            reviewing.save_draft(seat, answers=answers, reason=said["reason"])
            messages.success(request, "Draft kept. The item is yours for 20 more minutes.")
        else:
            reviewing.answer(seat, answers=answers, **said)
    except ReviewError as error:
        return _again(request, seat, error, request.POST.dict())
    return redirect("cases:review")


@login_required
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Agree or override, now that the judge's answer is seen; then the next item."""
    if (seat := _mine(request, pk)) is None:
        return _gone(request)
    form = DecisionForm(request.POST)
    try:
        if not form.is_valid():
            raise ReviewError("A reason has 2000 characters at most: shorten it.")
        reviewing.complete(seat, **form.cleaned_data)
    except ReviewError as error:
        return _again(request, seat, error, request.POST.dict())
    return redirect("cases:review")


@login_required
@require_POST
def undo(request: HttpRequest) -> HttpResponse:
    require_role(request.user, EXPERT, REVIEWER, LEAD)
    try:
        if reviewing.undo(request.user) is None:
            raise ReviewError("There is nothing to take back.")
    except ReviewError as error:
        messages.error(request, str(error))
    return redirect("cases:review")
