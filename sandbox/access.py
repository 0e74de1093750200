"""The sandbox's objects behind the same check as the cases they belong to."""

from django.http import Http404

from cases.access import require_role
from sandbox.models import Exploration, Regression


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
