"""The secrets this installation looks for besides those of everybody: added, retired, and in force from the next thing stored."""

import re

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from cases import log, patterns
from cases.access import ADMIN, LEAD, require_role
from cases.models import RedactionPattern
from cases.redaction import Own, Secret, redact
from cloudmate import prepared

_KIND = re.compile(r"[a-z][a-z ]{0,38}[a-z]")


def own() -> Own:
    """What is in force now, in one query."""
    return tuple(Secret(kind, ("",), patterns.read(pattern, kind)) for kind, pattern in prepared.rows(_in_force))


def _in_force() -> QuerySet:
    return RedactionPattern.objects.filter(retired_at=None).values_list("kind", "pattern")


def add(kind: str, pattern: str, *, example: str, by) -> tuple[RedactionPattern, str]:
    """Look for ``pattern`` from now on; with it, what becomes of ``example``, which is not kept.

    What is stored already stays as it is. Raises PatternError for a pattern that could run away or does not find a
    secret in the example.
    """
    require_role(by, ADMIN, LEAD)
    if not _KIND.fullmatch(kind):
        raise patterns.PatternError("What it is called has 2 to 40 small letters and spaces.")
    secret = Secret(kind, ("",), patterns.read(pattern, kind))
    shown = redact(example, (secret,))
    if kind not in {one.kind for one in shown.redactions}:
        raise patterns.PatternError(
            "It finds nothing in the example: repetitions take all they can and give none back."
        )
    with transaction.atomic():
        row = RedactionPattern.objects.create(kind=kind, pattern=pattern, by=by)
        log.note("redaction added", by=by, subject=kind, words=pattern)
    return row, shown.text


def retire(row: RedactionPattern, *, by) -> None:
    """Look for it no more. Retiring twice keeps the first time."""
    require_role(by, ADMIN, LEAD)
    if row.retired_at is None:
        row.retired_at = timezone.now()
        with transaction.atomic():
            row.save(update_fields=["retired_at"])
            log.note("redaction retired", by=by, subject=row.kind, words=row.pattern)
