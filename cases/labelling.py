"""People who label a case by themselves: from taking it until their own answer is given, what stands is closed to them.

``access`` closes every page of the case, of its sessions, patches and regressions to that person, and lists leave it out.
"""

from django.db import IntegrityError
from django.db.models import QuerySet
from django.db.transaction import atomic
from django.utils import timezone

from cases.access import EXPERT, LEAD, forget_what_is_closed, require_role
from cases.models import Case, Confirmation, LabelSeat
from cloudmate import prepared
from cloudmate.states import transition

State = LabelSeat.State


class SeatError(Exception):
    """A case that this person cannot label by themselves now; the message says why."""


def take(case: Case, *, by) -> LabelSeat:
    """From now on the case's answer is closed to ``by``, until they give their own or leave. Raises SeatError."""
    require_role(by, EXPERT, LEAD)
    if why := why_not(case, by):
        raise SeatError(why)
    try:
        with atomic():
            seat = LabelSeat.objects.create(case=case, by=by, task_digest=case.current.task_digest)
    except IntegrityError as twice:
        raise SeatError("You are labelling a case by yourself already: give that answer first, or leave it.") from twice
    forget_what_is_closed(by)
    return seat


def why_not(case: Case, user) -> str:
    """Why this person's word on the case would not be their own, or is not wanted; "" where it is."""
    if case.current is None or not case.current.answer:
        return "Nobody has labelled the case yet: yours would be the answer itself."
    if case.state == Case.State.RETIRED:
        return "The case is retired."
    if prepared.first(_left, case.pk, user.pk, case.current.task_digest):
        return "You left it before, and may have looked since: another person's answer is wanted."
    if prepared.first(_confirmed, case.pk, user.pk):
        return "You confirmed its answer, so you know it: another person's is wanted."
    return ""


def _left(case: int, user: int, task: str) -> QuerySet[LabelSeat]:
    return LabelSeat.objects.filter(case=case, by=user, state=State.LEFT, task_digest=task).order_by()[:1]


def _confirmed(case: int, user: int) -> QuerySet[Confirmation]:
    return Confirmation.objects.filter(version__case=case, by=user, bulk=False)[:1]


def held_by(user) -> LabelSeat | None:
    """What this person is to give their own answer to."""
    return LabelSeat.objects.filter(by=user, state=State.HELD).select_related("case__system", "case__current").first()


def end(case: Case, *, by, given: bool) -> bool:
    """Open the case again, as the answer is given or its labeller leaves; False where they did not hold it."""
    seat = LabelSeat.objects.filter(case=case, by=by, state=State.HELD).first()
    if seat is not None:
        transition(seat, State.GIVEN if given else State.LEFT, ended_at=timezone.now())
        forget_what_is_closed(by)
    return seat is not None
