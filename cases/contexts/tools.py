"""What can be asked of each system: the tools that its newest case comes with."""

from dataclasses import dataclass

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from cases.models import Case, CaseVersion, System
from cloudmate import prepared


@dataclass(frozen=True)
class Asked:
    """``case`` is the system's newest that has tools: an older one may have others."""

    system: System
    cases: int
    case: Case
    tools: list[dict]


def tools_page() -> dict:
    """Two queries, however many cases there are."""
    systems = prepared.rows(_systems)
    versions = CaseVersion.objects.select_related("case").in_bulk({one.newest for one in systems if one.newest})
    rows = [
        Asked(one, one.n, versions[one.newest].case, versions[one.newest].tools)
        for one in systems
        if one.newest in versions
    ]
    return {"rows": rows, "without": [one for one in systems if not one.newest]}


def _systems() -> QuerySet[System]:
    newest = Case.objects.filter(system=OuterRef("pk")).exclude(current__tools=[]).order_by("-pk").values("current")
    cases = Case.objects.filter(system=OuterRef("pk")).order_by().values("system").values(n=Count("pk"))
    many = Coalesce(Subquery(cases), 0)
    return System.objects.annotate(n=many, newest=Subquery(newest[:1])).order_by("name")


def tool_names() -> frozenset[str]:
    """The tools that some system has now; empty where no case has any."""
    return frozenset(tool["name"] for row in tools_page()["rows"] for tool in row.tools)
