"""A report as a picture: a library of cases, old beside new; grey is unchanged, colour is what changed."""

from dataclasses import dataclass, replace
from itertools import groupby
from typing import NamedTuple

from cloudmate.addresses import address
from sandbox.report import Outcome, Report, Row, Tally

LOST = (Outcome.REGRESSED, Outcome.FLAKY)
CHANGED = dict.fromkeys(LOST, "lost") | {Outcome.FIXED: "fixed"}  # how the new arm is drawn then
HEADED = (("Regressed", LOST), ("Inconclusive", (Outcome.INCONCLUSIVE,)), ("Fixed", (Outcome.FIXED,)))


class Shown(NamedTuple):
    """One case. ``old`` and ``new`` say how to draw its arms: pass, fail, some, none; fixed or lost for a new one."""

    row: Row
    url: str
    old: str
    new: str
    underpowered: bool = False

    @property
    def lost(self) -> bool:
        return self.new == "lost"

    @property
    def words(self) -> str:
        return f"{self.row.name}: {self.row.base} → {self.row.candidate}, {self.row.outcome.replace('_', ' ')}"


@dataclass(frozen=True)
class Group:
    """Rows under one heading; ``kind`` is bad where they were lost. A piece that goes on from another is ``continued``."""

    heading: str
    rows: tuple[Shown, ...]
    kind: str = ""
    of: int = 0  # how many rows it has in all, where ``rows`` are a piece of it
    continued: bool = False


def shown(report: Report) -> list[Shown]:
    few = {id(row) for row in report.underpowered}
    return [_shown(row, id(row) in few) for row in report.rows]


def piece(groups: list[Group], start: int, end: int) -> list[Group]:
    """The rows ``start`` to ``end`` of all groups, still under their headings."""
    found, at = [], 0
    for group in groups:
        rows = group.rows[max(0, start - at) : max(0, end - at)]
        if rows:
            found.append(replace(group, rows=rows, of=len(group.rows), continued=start > at))
        at += len(group.rows)
    return found


def grouped(rows: list[Shown]) -> list[Group]:
    """What was lost stands first, then what is not settled and what was fixed; the rest by fault category."""
    groups = []
    for heading, outcomes in HEADED:
        if members := tuple(item for item in rows if item.row.outcome in outcomes):
            groups.append(Group(heading, members, "bad" if outcomes is LOST else ""))
    headed = {outcome for _, outcomes in HEADED for outcome in outcomes}
    return groups + by_category([item for item in rows if item.row.outcome not in headed])


def by_category(rows: list[Shown]) -> list[Group]:
    ordered = sorted(rows, key=lambda item: (item.row.category, item.row.fault_class, item.row.name))
    return [
        Group(
            {"": "No category", "none": "No fault"}.get(category, category.replace("_", " ").capitalize()),
            tuple(members),
        )
        for category, members in groupby(ordered, key=lambda item: item.row.category)
    ]


def _shown(row: Row, underpowered: bool) -> Shown:
    new = CHANGED.get(row.outcome) or _arm(row.candidate)
    return Shown(row, _url(row), _arm(row.base), new, underpowered)


def _arm(tally: Tally) -> str:
    if not tally.n:
        return "none"
    return "pass" if tally.passed == tally.n else "some" if tally.passed else "fail"


def _url(row: Row) -> str:
    """The two runs of the pair that explains the row, where they part; the case where there are not two."""
    for pair in row.telling_first:
        if pair.base_session and pair.candidate_session:
            return address("sandbox:compare", pair.base_session, pair.candidate_session) + "#parts"
    return address("cases:case", row.case)
