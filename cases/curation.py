"""What a lead does to many cases at once, and takes back again.

Each case is a transaction of its own: what cannot be done to one is said of that one, and the others are done.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from cases import library, log
from cases.library import LibraryError
from cases.models import Case, Confirmation, Entry
from cloudmate.states import TransitionError, transition

LONGEST_TAG = 40
MUST_PASS = {True: "made must-pass", False: "no longer must-pass"}  # as the log says it
UNDONE_STATES = {  # where an undo may lead from: what the act made of the case
    "retired": Case.State.RETIRED,
    "quarantined": Case.State.QUARANTINED,
    "confirmed": Case.State.CONFIRMED,
}


@dataclass(frozen=True)
class Done:
    """``batch`` names it for an undo; "" where nothing was done. ``refused``: each case left alone, and why."""

    batch: str
    cases: tuple[Case, ...]
    refused: tuple[tuple[Case, str], ...] = ()


def confirm(cases: Iterable[Case], *, by) -> Done:
    def act(case: Case, batch: str) -> None:
        if not library.confirm_in_bulk([case], by=by, batch=batch):
            raise LibraryError("it does not wait for a confirmation, does not gate, or says what you wrote yourself")

    return _each(cases, act, by=by)


def quarantine(cases: Iterable[Case], *, by, reason: str, owner=None, until: datetime | None = None) -> Done:
    how = {"by": by, "reason": reason, "owner": owner, "until": until}
    return _each(cases, lambda case, batch: library.quarantine(case, batch=batch, **how), by=by)


def retire(cases: Iterable[Case], *, by, reason: str) -> Done:
    return _each(cases, lambda case, batch: library.retire(case, by=by, reason=reason, batch=batch), by=by)


def tag(cases: Iterable[Case], *, by, name: str) -> Done:
    """Put a tag on each; one that has it already is left alone."""
    library.require_lead(by)
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_TAG:
        raise LibraryError(f"A tag has 1 to {LONGEST_TAG} characters.")

    def act(case: Case, batch: str) -> None:
        if name in case.tags:
            raise LibraryError("it has that tag already")
        case.tags = [*case.tags, name]
        case.save(update_fields=["tags"])
        log.note("tagged", by=by, case=case, words=name, batch=batch)

    return _each(cases, act, by=by)


def must_pass(cases: Iterable[Case], *, by) -> Done:
    """No rule goes in that loses one of these, however the agent samples."""
    return _each(cases, lambda case, batch: _set_must_pass(case, True, by=by, batch=batch), by=by)


def need_not_pass(cases: Iterable[Case], *, by) -> Done:
    return _each(cases, lambda case, batch: _set_must_pass(case, False, by=by, batch=batch), by=by)


def _set_must_pass(case: Case, value: bool, *, by, batch: str) -> None:
    if case.must_pass == value:
        raise LibraryError(f"it {'must pass' if value else 'need not pass'} already")
    case.must_pass = value
    case.save(update_fields=["must_pass"])
    log.note(MUST_PASS[value], by=by, case=case, batch=batch)


def undo(batch: str, *, by) -> Done:
    """Take one click back, case by case, where the case still stands as that click left it."""
    library.require_lead(by)
    entries = Entry.objects.filter(batch=batch, undone_by=None, undoes=None).exclude(batch="")
    undone, refused = [], []
    for entry in entries.select_related("case__current").order_by("pk"):
        try:
            with transaction.atomic():
                _take_back(entry)
                log.note(f"undid: {entry.action}", by=by, case=entry.case, words=entry.words, undoes=entry)
        except TransitionError:
            refused.append((entry.case, f"it is {entry.case.standing} by now"))
        except LibraryError as error:
            refused.append((entry.case, str(error)))
        else:
            undone.append(entry.case)
    return Done("", tuple(undone), tuple(refused))


def _take_back(entry: Entry) -> None:
    case = entry.case
    if entry.action == "tagged":
        if entry.words not in case.tags:
            raise LibraryError("the tag is gone already")
        case.tags = [name for name in case.tags if name != entry.words]
        case.save(update_fields=["tags"])
        return
    if entry.action in MUST_PASS.values():
        set_to = entry.action == MUST_PASS[True]
        if case.must_pass != set_to:
            raise LibraryError("that was changed again meanwhile")
        case.must_pass = not set_to
        case.save(update_fields=["must_pass"])
        return
    if case.state != UNDONE_STATES[entry.action]:
        raise LibraryError(f"it is {case.standing} by now")
    if entry.action == "confirmed":
        given = Confirmation.objects.filter(version=case.current, by=entry.by, bulk=True)
        if not given.delete()[0]:
            raise LibraryError("it says something else by now, confirmed by others")
    was = entry.before
    until = datetime.fromisoformat(was["quarantined_until"]) if was["quarantined_until"] else None
    transition(
        case,
        was["state"],
        state_reason=was["state_reason"],
        quarantined_until=until,
        quarantine_owner_id=was["quarantine_owner"],
    )


def _each(cases: Iterable[Case], act: Callable[[Case, str], None], *, by) -> Done:
    library.require_lead(by)
    batch, done, refused = uuid.uuid4().hex, [], []
    for case in cases:
        try:
            with transaction.atomic():
                act(case, batch)
        except LibraryError as error:
            refused.append((case, str(error)))
        else:
            done.append(case)
    return Done(batch if done else "", tuple(done), tuple(refused))
