"""The sandbox's objects behind the same check as the cases they belong to."""

from django.http import Http404

from cases.access import LEAD, has_role, require_role
from sandbox.models import Exploration, LiveIncident, Regression


def regression_for(user, pk: int) -> Regression:
    require_role(user)
    found = Regression.objects.select_related("base", "candidate", "target_case").filter(pk=pk).first()
    if found is None:
        raise Http404(f"There is no regression {pk}.")
    return found


def exploration_for(user, pk: int) -> Exploration:
    require_role(user)
    found = (
        Exploration.objects.select_related("session__case__system", "session__version", "best", "knowledge")
        .filter(pk=pk)
        .first()
    )
    if found is None:
        raise Http404(f"There is no exploration {pk}.")
    return found


def incident_for(user, pk: int) -> LiveIncident:
    """A person's own live incident; a lead sees everybody's."""
    require_role(user)
    rows = LiveIncident.objects.select_related(
        "session__case__system", "session__case__current", "session__version", "session__by"
    )
    found = (rows if has_role(user, LEAD) else rows.of(user)).filter(pk=pk).first()
    if found is None:
        raise Http404(f"You have no live incident {pk}.")
    return found
