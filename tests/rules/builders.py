"""Patches in the states that reviewing and merging start from."""

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from cases.access import make_roles
from cloudmate.states import transition
from rules import patches, versions
from rules.models import Patch
from sandbox.knowledge.language import parse
from sandbox.models import Regression
from sandbox.values import stored

RULE = """RULE {name}
WHEN evidence(saturation, "pool")
THEN REQUIRE get_slow_queries(service = $component) BEFORE CONCLUDE
BECAUSE "a full pool is a symptom"
"""


def user(name: str, *roles: str):
    make_roles()
    made = get_user_model().objects.create_user(name)
    made.groups.set(Group.objects.filter(name__in=roles))
    return made


def rule(name: str = "look-behind-the-pool"):
    return parse(RULE.format(name=name))[0]


def draft(*, name: str = "look-behind-the-pool", by=None) -> Patch:
    return patches.draft(title=f"add {name}", add=(rule(name),), by=by, engine="" if by else "offline")


def tested(patch: Patch, *, decision: str = "accept", state: str = Patch.State.IN_REVIEW) -> Patch:
    """As the gate leaves it: proposed, tested on the head, judged."""
    patches.propose(patch)
    regression = Regression.objects.create(
        state=Regression.State.CLOSED,
        base=versions.head().value,
        candidate=stored(patches.candidate_of(patch)),
    )
    transition(patch, Patch.State.TESTING, regression=regression)
    transition(patch, state, verdict={"decision": decision, "reason": "No case is lost"})
    return patch


def in_review(*, name: str = "look-behind-the-pool", by=None) -> Patch:
    return tested(draft(name=name, by=by))
