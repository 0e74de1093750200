"""What the pages of knowledge show: charts with the tables behind them, the rules with what they do, the versions."""

from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils import timezone

from cases.access import has_role
from cases.contexts.agreement import newest_judge
from cases.contexts.tools import tool_names
from cloudmate import prepared
from cloudmate.sums import summed
from rules import versions
from rules.charts import Value, chart
from rules.insight import exploring, growth, outcome, staleness, use, weeks
from rules.models import RuleRecord
from sandbox.knowledge.language import text_of
from sandbox.knowledge.rule import Rule

MAKERS = ("expert", "reviewer", "lead")
RULE_SORTS = {
    "name": lambda item: item.rule.name,
    "since": lambda item: item.record.added_in.number if item.record else 0,
    "retrieved": lambda item: item.use.retrieved,
    "fired": lambda item: item.use.fired,
    "helped": lambda item: item.use.helped,
    "hurt": lambda item: item.use.hurt,
}
RULE_FILTERS = {
    "": ("All", lambda item: True),
    "hurting": ("Hurt a case", lambda item: item.use.hurt > 0),
    "conflicts": ("In conflict", lambda item: bool(item.clashes)),
    "dormant": ("Never fired", lambda item: not item.use.fired),
    "stale": ("Stale", lambda item: bool(item.gone)),
}
VERSION_SORTS = {
    "number": lambda item: item.version.number,
    "rules": lambda item: item.rules,
    "passing": lambda item: item.passing / item.tested if item.tested else -1,
    "fixed": lambda item: item.fixed,
}


def insight() -> dict:
    """Is it evolving? Every figure with its n and range; each chart with the table behind it."""
    grown = growth.growth()
    return {
        "growth": list(reversed(grown)),
        "rates": chart(
            [("Library", "library", _library(grown)), ("Held out", "held", [_held(item) for item in grown])],
            top=1.0,
            percent=True,
        )
        if len(grown) > 1
        else None,
        "sizes": chart(
            [
                (
                    "Rules",
                    "library",
                    [Value(f"v{i.version.number}", i.rules, f"v{i.version.number}: {i.rules} rules") for i in grown],
                ),
                (
                    "Conflicts",
                    "conflicts",
                    [
                        Value(f"v{i.version.number}", i.conflicts, f"v{i.version.number}: {i.conflicts} conflicts")
                        for i in grown
                    ],
                ),
                (
                    "Changed rules",
                    "held",
                    [
                        Value(
                            f"v{i.version.number}",
                            i.churn,
                            f"v{i.version.number}: {i.churn} rules came, changed or went",
                        )
                        for i in grown
                    ],
                ),
            ]
        )
        if len(grown) > 1
        else None,
        "judge": newest_judge(),
        **_counted(),
        "head": versions.head(),
    }


def _counted() -> dict:
    """What is summed over all there is, anew once a minute: nobody's next step hangs on it."""
    found = summed("insight", _count)
    return found | _over_time(found["weeks"]) | _of_explorations(*found["exploring"])


def _count() -> dict:
    return {
        "weeks": weeks.weeks(),
        "costs": outcome.costs(),
        "yields": outcome.yields(),
        "to_merge": outcome.to_merge(),
        "expert_time": outcome.expert_time(),
        "objections": outcome.objections(),
        "exploring": exploring.exploring(),
        "counted_at": timezone.now(),
        "looked_at": weeks.NEWEST,
    }


def _over_time(found: list[weeks.Week]) -> dict:
    right = [Value(one.label, one.right / one.n, f"{one.label}: {one.right} of {one.n} right") for one in found]
    sure = [Value(one.label, one.grounded / one.n, f"{one.label}: {one.grounded} of {one.n} grounded") for one in found]
    drawn = chart([("Right", "library", right), ("Right and grounded", "held", sure)], top=1.0, percent=True)
    return {"weeks": found[::-1], "over_time": drawn if len(found) > 1 else None}


def _of_explorations(best_of: list[exploring.BestOf], by_operator: list[exploring.OperatorYield]) -> dict:
    found = [Value(str(one.count), one.found / one.n, f"one of {one.count}: {one.found} of {one.n}") for one in best_of]
    picked = [
        Value(str(one.count), one.picked / one.n, f"picked of {one.count}: {one.picked} of {one.n}") for one in best_of
    ]
    drawn = chart(
        [("One of them succeeds", "library", found), ("The one picked", "held", picked)], top=1.0, percent=True
    )
    return {"best_of": best_of, "by_operator": by_operator, "of_branches": drawn if len(best_of) > 1 else None}


def _library(grown: list[growth.Growth]) -> list[Value]:
    """The library as tested when each version went in; before the first, as its base arm had it."""
    return [
        Value(
            f"v{item.version.number}",
            item.passing / item.tested if item.tested else None,
            f"v{item.version.number}: {item.passing} of {item.tested} pass" if item.tested else "not tested",
        )
        for item in grown
    ]


def _held(item: growth.Growth) -> Value:
    label = f"v{item.version.number}"
    if not item.held_tested:
        return Value(label, None, f"{label}: no held-out case ran")
    words = f"{label}: {item.held_passing} of {item.held_tested} held-out cases pass"
    return Value(label, item.held_passing / item.held_tested, words)


def version_list(*, sort: str = "") -> dict:
    grown = growth.growth()
    key = VERSION_SORTS.get(sort.lstrip("-"), VERSION_SORTS["number"])
    rows = sorted(grown, key=key, reverse=sort.startswith("-") or not sort)
    rates = chart([("Library", "library", _library(grown))], top=1.0, percent=True) if len(grown) > 1 else None
    return {"growth": rows, "rates": rates, "newest": grown[-1].version.number if grown else 0}


@dataclass(frozen=True)
class Described:
    """A rule of the head version with where it came from and what it does."""

    rule: Rule
    text: str
    record: RuleRecord | None
    use: use.Use
    clashes: tuple[str, ...]
    ablation: use.Ablation | None
    gone: tuple[str, ...] = ()  # tools it asks for that no system has any more


def _records() -> QuerySet[RuleRecord]:
    return RuleRecord.objects.select_related("added_in__patch")


def rule_list(user, *, show: str = "", source: str = "", sort: str = "") -> dict:
    """Every rule with its figures; a constant number of queries, whatever the number of rules."""
    head = versions.head()
    rules = versions.knowledge(head).rules
    records = {record.name: record for record in prepared.rows(_records)}
    used, looked = use.uses()
    clashes, ablations = use.clashes_of_head(), use.ablations()
    gone = staleness.gone(rules, tool_names())
    items = [
        Described(
            rule,
            text_of(rule),
            records.get(rule.name),
            used.get(rule.name, use.Use()),
            tuple(clashes.get(rule.name, ())),
            ablations.get(rule.name),
            gone.get(rule.name, ()),
        )
        for rule in sorted(rules, key=lambda rule: rule.name)
    ]
    _, holds = RULE_FILTERS.get(show, RULE_FILTERS[""])
    chosen = [item for item in items if holds(item) and (not source or (item.record and item.record.source == source))]
    key = RULE_SORTS.get(sort.lstrip("-"), RULE_SORTS["name"])
    return {
        "version": head,
        "may_write": has_role(user, *MAKERS),
        "rules": sorted(chosen, key=key, reverse=sort.startswith("-")),
        "all": len(items),
        "filters": [(name, label, sum(map(test, items))) for name, (label, test) in RULE_FILTERS.items()],
        "show": show if show in RULE_FILTERS else "",
        "sources": sorted({item.record.source for item in items if item.record}),
        "source": source,
        "looked": looked,
        "regressions": use.NEWEST_REGRESSIONS,
    }
