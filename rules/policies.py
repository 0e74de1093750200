"""The gate's policy: what holds now, and how a lead changes it."""

from dataclasses import fields

from django.db import transaction

from cases import log
from cases.access import LEAD, require_role
from rules.gate import Policy
from rules.models import GatePolicy

SET = tuple(field.name for field in fields(Policy) if field.name != "deterministic")  # what a lead may set
WORDS = {
    "needs_target": "the case a patch was written for must be fixed",
    "alpha": "harmless rules refused at most",
    "eps": "a net loss counts as none below",
    "minimum_pairs": "fewest pairs of a case",
    "maximum_pairs": "most pairs of a case",
}
SHARES = {"alpha", "eps"}


class PolicyError(ValueError):
    """A policy that the gate could not hold to; the message names the field and the remedy."""


def current() -> Policy:
    """The newest that a lead set, or the gate's own where nobody has."""
    row = GatePolicy.objects.values(*SET).first()
    return Policy(**row) if row else Policy()


def said(name: str, value: bool | float) -> str:
    """A value of a policy as people say it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{100 * value:g} %" if name in SHARES else f"{value}"


def change(policy: Policy, *, by, reason: str) -> GatePolicy:
    """Let ``policy`` hold for every verdict from now on; verdicts that were given stay. Raises PolicyError."""
    require_role(by, LEAD)
    if not reason.strip():
        raise PolicyError("Say why, in a line.")
    if not 0 < policy.alpha <= 0.2:
        raise PolicyError("The share of harmless rules that may be refused is more than 0 % and at most 20 %.")
    if not 0 < policy.eps < 0.5:
        raise PolicyError("The net loss that counts as none is more than 0 % and less than 50 %.")
    if not 1 <= policy.minimum_pairs <= policy.maximum_pairs <= 200:
        raise PolicyError("The fewest pairs are at least 1, the most no fewer than that and at most 200.")
    was = current()
    changed = [name for name in SET if getattr(was, name) != getattr(policy, name)]
    if not changed:
        raise PolicyError("This is what holds already.")
    told = ", ".join(
        f"{WORDS[name]}: {said(name, getattr(was, name))} -> {said(name, getattr(policy, name))}" for name in changed
    )
    with transaction.atomic():
        row = GatePolicy.objects.create(
            reason=reason.strip()[:300], by=by, **{name: getattr(policy, name) for name in SET}
        )
        log.note("gate policy set", by=by, subject=told, words=row.reason)
    return row
