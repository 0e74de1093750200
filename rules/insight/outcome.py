"""What came of proposed knowledge: by source, how long it took, what it cost, and why people sent it back."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from django.db.models import Count, Q, Sum

from cases.models import Session
from rules.models import KnowledgeVersion, Patch, PatchRevision, Review
from sandbox.models import Pair


@dataclass(frozen=True)
class Yield:
    """Patches of one source, by what became of them, and the cases that those merged fixed."""

    source: str
    made: int
    merged: int
    refused: int
    rejected: int
    waiting: int
    fixed: int


def yields() -> list[Yield]:
    """By source, the one that gave most first. Two queries."""
    states = Patch.objects.order_by().values_list("source", "state").annotate(n=Count("pk"))
    counts: dict[str, Counter] = {}
    for source, state, n in states:
        counts.setdefault(source, Counter())[state] += n
    fixed = dict(
        Patch.objects.filter(state=Patch.State.MERGED)
        .order_by()
        .values_list("source")
        .annotate(n=Count("regression__pairs", filter=Q(regression__pairs__outcome=Pair.Outcome.FIXED)))
    )
    found = [
        Yield(
            source=source,
            made=sum(count.values()),
            merged=count[Patch.State.MERGED],
            refused=count[Patch.State.REFUSED],
            rejected=count[Patch.State.REJECTED],
            waiting=sum(count.values())
            - count[Patch.State.MERGED]
            - count[Patch.State.REFUSED]
            - count[Patch.State.REJECTED],
            fixed=fixed.get(source, 0),
        )
        for source, count in counts.items()
    ]
    return sorted(found, key=lambda item: (-item.merged, -item.made, item.source))


@dataclass(frozen=True)
class Spread:
    """Lengths of time: the middle one, the shortest and the longest, of ``n``."""

    median: timedelta
    least: timedelta
    most: timedelta
    n: int

    @classmethod
    def of(cls, lengths: list[timedelta]) -> "Spread | None":
        if not lengths:
            return None
        seconds = [length.total_seconds() for length in lengths]
        return cls(timedelta(seconds=median(seconds)), min(lengths), max(lengths), len(lengths))

    @property
    def median_ms(self) -> float:
        return self.median.total_seconds() * 1000

    @property
    def least_ms(self) -> float:
        return self.least.total_seconds() * 1000

    @property
    def most_ms(self) -> float:
        return self.most.total_seconds() * 1000


def to_merge() -> Spread | None:
    """From the failed session's start to the version that holds the rule, over all merged patches of a failure."""
    found = KnowledgeVersion.objects.filter(patch__failed__isnull=False)
    return Spread.of([merged - failed for merged, failed in found.values_list("at", "patch__failed__started_at")])


def expert_time() -> Spread | None:
    """What a person's session took that a merged rule was learned from. Time to write or review is not captured.

    Sessions that came in with a case have nobody who recorded them here: their times are those of an import.
    """
    found = KnowledgeVersion.objects.filter(
        patch__better__actor=Session.Actor.EXPERT,
        patch__better__by__isnull=False,
        patch__better__finished_at__isnull=False,
    ).values_list("patch__better__started_at", "patch__better__finished_at")
    lengths: list[timedelta] = [end - start for start, end in found]
    return Spread.of([length for length in lengths if length >= timedelta(0)])


@dataclass(frozen=True)
class Cost:
    """What sessions of one origin took. ``tokens`` None: no model was asked; ``wall_ms`` None: not captured."""

    origin: str
    sessions: int
    tokens: int | None
    wall_ms: int | None


def costs() -> list[Cost]:
    """By origin, over every session of the sandbox's agents and the recorded ones. One query."""
    rows = (
        Session.objects.filter(actor=Session.Actor.AGENT)
        .order_by()
        .values("origin")
        .annotate(sessions=Count("*"), tokens=Sum("tokens"), wall_ms=Sum("wall_ms"))
    )
    labels = dict(Session.Origin.choices)
    found = [Cost(labels[row["origin"]], row["sessions"], row["tokens"], row["wall_ms"]) for row in rows]
    return sorted(found, key=lambda item: -item.sessions)


@dataclass(frozen=True)
class Objection:
    """Why people sent patches of one critic back, and how many of its patches they decided on."""

    critic: str
    reasons: tuple[tuple[str, int], ...]
    changes: int
    decided: int

    @property
    def rejected(self) -> int:
        return sum(count for _, count in self.reasons)


def objections() -> list[Objection]:
    """By critic: its engine, and for a model the prompt it was asked with. Three queries."""
    models = Q(patch__engine__startswith="llm")
    rows = list(
        Review.objects.exclude(models)
        .order_by()
        .values_list("patch__engine", "decision", "reason")
        .annotate(n=Count("pk"))
    )
    asked = list(
        Review.objects.filter(models).values_list("patch", "revision_number", "patch__engine", "decision", "reason")
    )
    prompts = {
        (patch, number): prompt
        for patch, number, prompt in PatchRevision.objects.filter(patch__in={row[0] for row in asked}).values_list(
            "patch", "number", "evidence__model__prompt"
        )
        if prompt
    }
    for patch, number, engine, decision, reason in asked:
        prompt = prompts.get((patch, number), "")
        rows.append((engine + (f", prompt {prompt[:12]}" if prompt else ""), decision, reason, 1))
    found: dict[str, Counter] = {}
    for critic, decision, reason, n in rows:
        key = decision if decision != Review.Decision.REJECT else f"reject {reason}"
        found.setdefault(critic or "people", Counter())[key] += n
    labels = dict(Review.Reason.choices)
    return [
        Objection(
            critic=critic,
            reasons=tuple(
                sorted(
                    (
                        (labels.get(key.removeprefix("reject "), key), count)
                        for key, count in counts.items()
                        if key.startswith("reject ")
                    ),
                    key=lambda item: (-item[1], item[0]),
                )
            ),
            changes=counts[Review.Decision.CHANGES],
            decided=sum(counts.values()),
        )
        for critic, counts in sorted(found.items())
    ]
