"""How agents did as the weeks went by, whatever they knew: where it falls without a new version, the world has moved."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Exists, F, OuterRef, Q
from django.db.models.functions import TruncWeek

from cases.models import Evaluation, Session
from rules.models import KnowledgeVersion

NEWEST = 5_000  # sessions that are looked at
WEEKS = 26  # shown at most


@dataclass(frozen=True)
class Week:
    """Recorded sessions of agents that began in the week of ``monday`` and could be scored.

    ``versions`` are the knowledge versions they worked with, the oldest and the newest; None: none that was served.
    """

    monday: date
    n: int
    right: int
    grounded: int  # right, and grounded in what was seen
    versions: tuple[int, int] | None

    @property
    def label(self) -> str:
        return f"{self.monday:%d %b}"

    @property
    def served(self) -> str:
        if self.versions is None:
            return ""
        first, last = self.versions
        return f"v{first}" if first == last else f"v{first} to v{last}"


def weeks() -> list[Week]:
    """Oldest first; weeks without a scored session are left out. Three queries."""
    recorded = Session.objects.recorded().filter(actor=Session.Actor.AGENT)
    oldest = recorded.order_by("-pk").values_list("pk", flat=True)[NEWEST - 1 : NEWEST].first() or 0
    again = Evaluation.objects.filter(session=OuterRef("session"), pk__gt=OuterRef("pk"))
    rows = (
        Evaluation.objects.filter(~Exists(again), session__gte=oldest)
        .filter(session__origin=Session.Origin.RECORDED, session__actor=Session.Actor.AGENT)
        .exclude(correct=None)
        .order_by()
        .values(week=TruncWeek("session__started_at"), knowledge=F("session__knowledge_digest"))
        .annotate(
            n=Count("pk"),
            right=Count("pk", filter=Q(correct=True)),
            grounded=Count("pk", filter=Q(verdict=Evaluation.Verdict.SUCCESS)),
        )
    )
    by_week: dict[date, list[dict]] = {}
    for row in rows:
        by_week.setdefault(row["week"].date(), []).append(row)
    numbers = dict(KnowledgeVersion.objects.order_by("-number").values_list("value", "number"))
    return [_week(monday, by_week[monday], numbers) for monday in sorted(by_week)[-WEEKS:]]


def _week(monday: date, rows: list[dict], numbers: dict[str, int]) -> Week:
    served = [numbers[row["knowledge"]] for row in rows if row["knowledge"] in numbers]
    return Week(
        monday=monday,
        n=sum(row["n"] for row in rows),
        right=sum(row["right"] for row in rows),
        grounded=sum(row["grounded"] for row in rows),
        versions=(min(served), max(served)) if served else None,
    )
