"""The sandbox's objects behind the same check as the cases they belong to."""

from django.db.models import QuerySet
from django.http import Http404

from cases.access import CLOSED, LEAD, Blind, closed_to, has_role, may_record, require_open, require_role
from cloudmate import prepared
from sandbox.models import Exploration, LiveIncident, Regression


def regression_for(user, pk: int) -> Regression:
    require_role(user)
    found = prepared.first(_regression, pk)
    if found is None:
        raise Http404(f"There is no regression {pk}.")
    require_unnamed(user, found)
    return found


def _regression(pk: int) -> QuerySet[Regression]:
    return Regression.objects.filter(pk=pk)


def require_unnamed(user, regression: Regression | None) -> None:
    """Raise Blind where a regression tells of the case whose answer is closed to ``user``."""
    closed = closed_to(user)
    if closed is not None and regression is not None and regression.pairs.filter(case_version__case=closed).exists():
        raise Blind(CLOSED)


def exploration_for(user, pk: int) -> Exploration:
    require_role(user)
    found = prepared.first(_exploration, pk)
    if found is None:
        raise Http404(f"There is no exploration {pk}.")
    require_open(user, found.session.case_id)
    return found


def _exploration(pk: int) -> QuerySet[Exploration]:
    return Exploration.objects.select_related("session__case__system", "session__version").filter(pk=pk)


def incident_for(user, pk: int) -> LiveIncident:
    """A person's own live incident; a lead sees everybody's."""
    require_role(user)
    rows = LiveIncident.objects.select_related(
        "session__case__system", "session__case__current", "session__version", "session__by"
    )
    found = (rows if has_role(user, LEAD) else rows.of(user)).filter(pk=pk).first()
    if found is None:
        raise Http404(f"You have no live incident {pk}.")
    if not may_record(found.session, user):
        require_open(user, found.session.case_id)
    return found
