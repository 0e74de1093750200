"""How agents did as the weeks went by, whatever they knew: where it falls without a new version, the world has moved."""

from dataclasses import dataclass
from datetime import date, timedelta

from cases.models import Evaluation, Session
from rules.models import KnowledgeVersion

NEWEST = 5_000  # evaluations that are looked at
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
    """Oldest first; weeks without a scored session are left out. Two queries."""
    rows = (
        Evaluation.objects.filter(session__origin=Session.Origin.RECORDED, session__actor=Session.Actor.AGENT)
        .order_by("-pk")
        .values_list("session", "session__started_at", "session__knowledge_digest", "correct", "verdict")[:NEWEST]
    )
    newest = {}
    for session, at, digest, correct, verdict in rows:
        newest.setdefault(session, (at, digest, correct, verdict))
    by_week: dict[date, list[tuple[str, bool, str]]] = {}
    for at, digest, correct, verdict in newest.values():
        if correct is not None:
            monday = at.date() - timedelta(days=at.weekday())
            by_week.setdefault(monday, []).append((digest, correct, verdict))
    numbers = dict(KnowledgeVersion.objects.order_by("-number").values_list("value", "number"))
    return [_week(monday, by_week[monday], numbers) for monday in sorted(by_week)[-WEEKS:]]


def _week(monday: date, sessions: list[tuple[str, bool, str]], numbers: dict[str, int]) -> Week:
    served = [numbers[digest] for digest, _, _ in sessions if digest in numbers]
    return Week(
        monday=monday,
        n=len(sessions),
        right=sum(correct for _, correct, _ in sessions),
        grounded=sum(verdict == Evaluation.Verdict.SUCCESS for _, _, verdict in sessions),
        versions=(min(served), max(served)) if served else None,
    )
