"""The gate's policy: what holds now, and how a lead changes it."""

from dataclasses import fields

from django.db import transaction

from cases import log
from cases.access import LEAD, require_role
from rules.gate import Policy
from rules.models import GatePolicy

SET = tuple(field.name for field in fields(Policy) if field.name != "deterministic")  # what a lead may set


class PolicyError(ValueError):
    """A policy that the gate could not hold to; the message names the field and the remedy."""


def current() -> Policy:
    """The newest that a lead set, or the gate's own where nobody has."""
    row = GatePolicy.objects.values(*SET).first()
    return Policy(**row) if row else Policy()


def change(policy: Policy, *, by, reason: str) -> GatePolicy:
    """Let ``policy`` hold for every verdict from now on; verdicts that were given stay. Raises PolicyError."""
    require_role(by, LEAD)
    if not reason.strip():
        raise PolicyError("Say why, in a line.")
    if not 0 < policy.alpha <= 0.2:
        raise PolicyError("alpha, the risk of refusing without harm, is more than 0 and at most 0.2.")
    if not 0 < policy.eps < 0.5:
        raise PolicyError("eps, the loss that does not count, is more than 0 and less than 0.5.")
    if not 1 <= policy.minimum_pairs <= policy.maximum_pairs <= 200:
        raise PolicyError("The fewest pairs are at least 1, the most no fewer than that and at most 200.")
    was = current()
    changed = [name for name in SET if getattr(was, name) != getattr(policy, name)]
    if not changed:
        raise PolicyError("This is what holds already.")
    told = ", ".join(f"{name.replace('_', ' ')} {getattr(was, name)} -> {getattr(policy, name)}" for name in changed)
    with transaction.atomic():
        row = GatePolicy.objects.create(
            reason=reason.strip()[:300], by=by, **{name: getattr(policy, name) for name in SET}
        )
        log.note("gate policy set", by=by, subject=told, words=row.reason)
    return row
