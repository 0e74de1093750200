"""What exploring finds: by how many branches are tried, by what is picked of them without the answer, and by operator."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from cases.models import Evaluation
from sandbox.branches import NEEDED
from sandbox.models import Branch, Exploration

NEWEST = 200  # explorations that are looked at
COUNTS = (1, 2, 4, 8, 12)
NOT_OPERATORS = frozenset({"goes_on", "fresh_seed"})  # how far a branch went, and which one it repeats


@dataclass(frozen=True)
class BestOf:
    """Of ``n`` explorations, each by its first ``count`` branches (fewer where it ended sooner).

    ``found``: one of them is a success (pass@N). ``picked``: so is the one that stands best without the answer
    (selected@N). ``repeated``: that one also came out on enough fresh seeds, so it was more than the luck of one.
    """

    count: int
    n: int
    found: int
    picked: int
    repeated: int


@dataclass(frozen=True)
class OperatorYield:
    """Branches that differed by this operator, and the successes among them."""

    name: str
    branches: int
    successes: int


@dataclass(frozen=True)
class _Way:
    """A branch that was gone on with to its end."""

    operators: tuple[str, ...]
    success: bool
    blind: float
    repeats: int  # fresh seeds on which it succeeded again


def exploring() -> tuple[list[BestOf], list[OperatorYield]]:
    """Over the newest closed explorations whose branches were evaluated; both empty where there are none. One query."""
    ways = _ways()
    most = max(map(len, ways), default=0)
    best_of = [_best_of(ways, count) for count in sorted({min(count, most) for count in COUNTS}) if count]
    return best_of, _yields([way for tried in ways for way in tried])


def _ways() -> list[list[_Way]]:
    """The branches of each exploration, in the order in which they were spent."""
    newest = Exploration.objects.filter(state=Exploration.State.CLOSED).order_by("-pk").values("pk")[:NEWEST]
    rows = list(
        Branch.objects.filter(exploration__in=newest, blind__isnull=False)
        .order_by("run_id")
        .values_list("pk", "exploration", "operators", "verdict", "blind", "confirms", "continues")
    )
    repeats = Counter(row[5] for row in rows if row[5] and row[3] == Evaluation.Verdict.SUCCESS)
    gone_on = {row[6] for row in rows}
    found: dict[int, list[_Way]] = {}
    for pk, exploration, operators, verdict, blind, confirms, _ in rows:
        if confirms is None and pk not in gone_on:
            names = tuple(name for name in operators if name not in NOT_OPERATORS)
            way = _Way(names, verdict == Evaluation.Verdict.SUCCESS, blind, repeats[pk])
            found.setdefault(exploration, []).append(way)
    return list(found.values())


def _best_of(ways: Sequence[Sequence[_Way]], count: int) -> BestOf:
    tried = [one[:count] for one in ways]
    picked = [max(one, key=lambda way: way.blind) for one in tried]
    return BestOf(
        count=count,
        n=len(tried),
        found=sum(any(way.success for way in one) for one in tried),
        picked=sum(way.success for way in picked),
        repeated=sum(way.success and way.repeats >= NEEDED for way in picked),
    )


def _yields(ways: Sequence[_Way]) -> list[OperatorYield]:
    """The operator of which the greatest share succeeds first."""
    branches = Counter(name for way in ways for name in way.operators)
    successes = Counter(name for way in ways if way.success for name in way.operators)
    found = [OperatorYield(name.replace("_", " "), n, successes[name]) for name, n in branches.items()]
    return sorted(found, key=lambda one: (-one.successes / one.branches, -one.branches, one.name))
