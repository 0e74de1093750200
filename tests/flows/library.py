"""A small confirmed library of lab cases, and the people who work with it."""

from dataclasses import dataclass
from typing import Any

from cases import library as shelf
from cases import work as evaluation_work
from cases.models import Case, System
from rules import work
from sandbox import capture
from sandbox import work as sandbox_work
from sandbox.bundle import CaseBundle
from sandbox.importers.store import bring_in
from tests.lab import lab_case
from tests.rules.builders import user

SYSTEM = "quayside"
PROTECTED = (
    ("connection_pool_too_small", 1),
    ("connection_pool_too_small", 2),
    ("long_transaction_lock", 1),
    ("connection_leak", 1),
    ("no_fault", 1),
)


@dataclass(frozen=True)
class People:
    expert: Any
    reviewer: Any
    lead: Any
    second_lead: Any
    admin: Any


def people() -> People:
    return People(
        user("eve", "expert"), user("ria", "reviewer"), user("leo", "lead"), user("lea", "lead"), user("ada", "admin")
    )


def stock(lead) -> System:
    """The protected cases, confirmed; nothing in this system runs by itself."""
    for fault, seed in PROTECTED:
        outcome = bring_in(lab_case(SYSTEM, fault, seed), confirm_as=lead)
        assert outcome.outcome == "created", outcome
    return System.objects.get(slug=SYSTEM)


def curate(case: Case, bundle: CaseBundle, who: People) -> None:
    """What people add to an alert's case: the telemetry of that time, what was right, two confirmations."""
    capture.freeze(case, bundle.recordings)
    shelf.mark_cleaned(case, who.expert)
    shelf.label(case, bundle.answer, who.expert)
    case.refresh_from_db()
    shelf.confirm(case, by=who.expert)
    case.refresh_from_db()
    shelf.confirm(case, by=who.lead)
    case.refresh_from_db()


def until_quiet(among) -> None:
    """What the workers do, until nothing moves: everything but a person's decision."""
    for _turn in range(200):
        if not evaluation_work.turn() + sandbox_work.turn() + work.turn(among=among):
            return
    raise AssertionError("the loop does not come to rest")
