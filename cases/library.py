"""The baseline library: cases on their way in, confirmed by two people, and out again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from cases import labelling, labels, log
from cases.access import EXPERT, LEAD, has_role
from cases.diagnosis import Answer
from cases.intake import revise
from cases.models import Case, CaseVersion, Confirmation, Label
from cases.recording import task_of
from cloudmate.states import TransitionError, transition


class LibraryError(Exception):
    """A change of the library that is not this person's to make, or not possible now; the message says why."""


State = Case.State
QUARANTINE = timedelta(days=14)
_FREE = {"quarantine_owner": None, "quarantined_until": None}  # what a case that leaves quarantine says of it


def mark_cleaned(case: Case, by) -> None:
    """An expert or lead says that the case holds nothing that should not be kept. Moves a draft on."""
    _require(by, EXPERT, LEAD)
    _move(case, State.CLEANED, by=by, state_reason="")


def label(case: Case, answer: Answer, by) -> CaseVersion:
    """An expert or lead says what a right diagnosis says: a new version, which then waits for two confirmations.

    A confirmed case leaves the gate until its new version is confirmed.
    """
    _require(by, EXPERT, LEAD)
    if case.state == State.DRAFT:
        raise LibraryError("Mark the case as cleaned first: it may hold what should not be kept.")
    if case.state == State.RETIRED:
        raise LibraryError("The case is retired.")
    knew = bool(case.current.answer) and not labels.given_alone(case, by)
    with transaction.atomic():
        version, _ = revise(case, task=task_of(case.current), answer=answer, by=by)
        if case.state == State.CLEANED:
            _move(case, State.LABELLED, by=by)
        else:
            log.note("labelled anew", by=by, case=case, words=f"version {version.number}")
        labels.record(version, answer, by, informed=knew)
    return version


def label_alone(case: Case, answer: Answer, by, *, informed: bool = False) -> Label:
    """A person's own answer beside the one that stands, which it does not change.

    Where the two disagree the case is ambiguous and does not gate until they fit: the answer accepts both, the person
    labels it again, or a lead sets one aside. One who did not take the case first (``labelling.take``), or says that
    they knew the answer, is not counted as agreeing by themselves.
    """
    _require(by, EXPERT, LEAD)
    if not case.current.answer:
        raise LibraryError("Nobody has labelled the case yet: yours would be the answer itself.")
    if case.state == State.RETIRED:
        raise LibraryError("The case is retired.")
    with transaction.atomic():
        alone = labelling.end(case, by=by, given=True) or labels.given_alone(case, by)
        given = labels.record(case.current, answer, by, informed=informed or not alone)
        case.refresh_from_db(fields=["ambiguity"])
        log.note("labelled alone", by=by, case=case, words=case.get_ambiguity_display())
    return given


def set_aside(label: Label, *, by, reason: str) -> None:
    """A lead leaves somebody else's label out of account, with a reason that stays beside it."""
    _require(by, LEAD)
    if label.by_id == by.pk:
        raise LibraryError("It is your own: label the case again instead.")
    with transaction.atomic():
        label.set_aside_by, label.set_aside_reason = by, _said(reason)
        label.save(update_fields=["set_aside_by", "set_aside_reason"])
        labels.weigh(label.version.case)
        log.note("set a label aside", by=by, case=label.version.case, words=label.set_aside_reason)


def settle(case: Case, *, by=None) -> None:
    """Take an imported or generated case as its source publishes it: cleaned, and labelled where it has an answer."""
    if case.state == State.DRAFT:
        _move(case, State.CLEANED)
    if case.state == State.CLEANED and case.current.answer:
        _move(case, State.LABELLED)


def confirm(case: Case, *, by, version: int | None = None) -> Confirmation:
    """One person's word that the current version is right; ``version`` is the number of the one they have read.

    The first is an expert's or a lead's; the second a lead's, who is another person: then the case gates.
    Raises LibraryError otherwise, and where another version stands by now.
    """
    _require(by, EXPERT, LEAD)
    _confirmable(case)
    if version is not None and version != case.current.number:
        raise LibraryError(
            f"You read version {version}; version {case.current.number} stands now: read it, then confirm."
        )
    with transaction.atomic():
        read = case.current
        given = set(read.confirmations.values_list("by_id", flat=True))
        if by.pk in given:
            raise LibraryError("You confirmed this version already: the second confirmation is another person's.")
        if given and not has_role(by, LEAD):
            raise LibraryError("The second confirmation is a lead's.")
        confirmation = Confirmation.objects.create(version=read, by=by)
        if not given:
            log.note("confirmed first", by=by, case=case)
        else:
            _move(case, State.CONFIRMED, by=by, among=_saying(read), state_reason="", **_FREE)
    return confirmation


def confirm_in_bulk(cases: Iterable[Case], *, by, imported: bool = False, batch: str = "") -> list[Case]:
    """Confirm the current versions of gating cases in one go, in one lead's name; they show that for ever.

    Cases that do not gate, have no answer, are ambiguous, retired or confirmed already, or say what this lead wrote, are
    passed over; what was ``imported`` just now is its source's word, whoever brought it in. Returns those confirmed.
    """
    _require(by, LEAD)
    confirmed = []
    for case in cases:
        waits = case.state == State.LABELLED or (case.state == State.QUARANTINED and not is_confirmed(case.current))
        own = not imported and case.current.created_by_id == by.pk
        if not (case.gates and waits and case.current.answer) or own or _is_ambiguous(case):
            continue
        with transaction.atomic():
            Confirmation.objects.update_or_create(version=case.current, by=by, defaults={"bulk": True})
            _move(case, State.CONFIRMED, by=by, batch=batch, among=_saying(case.current), state_reason="", **_FREE)
        confirmed.append(case)
    return confirmed


def is_confirmed(version: CaseVersion) -> bool:
    """Whether two people, or one lead in bulk, stand for this version."""
    given = list(version.confirmations.values_list("bulk", flat=True))
    return len(given) > 1 or any(given)


def quarantine(case: Case, *, by, reason: str, owner=None, until: datetime | None = None, batch: str = "") -> None:
    """A lead takes a confirmed case out of the gate for the time being.

    ``until`` (QUARANTINE from now) it is left alone; then it is the turn of ``owner`` (the lead) to restore or retire it.
    """
    _require(by, LEAD)
    _stands(case, State.CONFIRMED, State.QUARANTINED)
    until = until or timezone.now() + QUARANTINE
    if until <= timezone.now():
        raise LibraryError("The quarantine would be over already: give a day that is to come.")
    owner = owner or by
    if not has_role(owner, EXPERT, LEAD):
        raise LibraryError(f"{owner} is neither an expert nor a lead, and could do nothing with the case.")
    _move(
        case,
        State.QUARANTINED,
        by=by,
        batch=batch,
        state_reason=_said(reason),
        quarantine_owner=owner,
        quarantined_until=until,
    )


def restore(case: Case, *, by, reason: str) -> None:
    """A lead lets a quarantined case gate again; its current version must have been confirmed."""
    _require(by, LEAD)
    _stands(case, State.QUARANTINED, State.CONFIRMED)
    if not is_confirmed(case.current):
        raise LibraryError("Its content changed since it was confirmed: confirm the new version instead.")
    _clear(case)
    _move(case, State.CONFIRMED, by=by, among=_saying(case.current), state_reason=_said(reason), **_FREE)


def retire(case: Case, *, by, reason: str, batch: str = "") -> None:
    """A lead takes a case out of the library for good."""
    _require(by, LEAD)
    _move(case, State.RETIRED, by=by, batch=batch, state_reason=_said(reason), **_FREE)


def require_lead(by) -> None:
    """Raises LibraryError for anybody else."""
    _require(by, LEAD)


def state_of(case: Case) -> dict[str, Any]:
    """What an undo puts back."""
    return {
        "state": str(case.state),
        "state_reason": case.state_reason,
        "quarantine_owner": case.quarantine_owner_id,
        "quarantined_until": case.quarantined_until.isoformat() if case.quarantined_until else "",
    }


def _stands(case: Case, state: str, to: str) -> None:
    """Only an undo goes ways that the graph allows besides."""
    if case.state != state:
        raise LibraryError(f"A case that is {case.standing} cannot become {State(to).label.lower()}.")


def _is_ambiguous(case: Case) -> bool:
    return case.ambiguity == Case.Ambiguity.AMBIGUOUS


def _clear(case: Case) -> None:
    if _is_ambiguous(case):
        raise LibraryError("People who labelled it disagree, so it cannot gate: settle that first.")


def _confirmable(case: Case) -> None:
    if not case.current.answer:
        raise LibraryError("Nobody has said yet what a right diagnosis says: label the case first.")
    _clear(case)
    if case.state == State.QUARANTINED and is_confirmed(case.current):
        raise LibraryError(f"The case is quarantined ({case.state_reason}): a lead may restore it.")
    if case.state not in (State.LABELLED, State.QUARANTINED):
        raise LibraryError(f"A case that is {case.standing} is not waiting for a confirmation.")


def _require(by, *roles: str) -> None:
    if not has_role(by, *roles):
        raise LibraryError(f"This is for the role {' or '.join(roles)}.")


def _said(reason: str) -> str:
    if not reason.strip():
        raise LibraryError("Say why, in a line.")
    return reason.strip()[:300]


def _saying(version: CaseVersion) -> QuerySet[Case]:
    """Only while the case still says what was read: a label of the same moment is not confirmed with it."""
    return Case.objects.filter(current=version)


def _move(case: Case, to: str, *, by=None, batch: str = "", among: QuerySet[Case] | None = None, **changes) -> None:
    """The transition and, where a person made it, its line in the audit log."""
    before = state_of(case)
    try:
        with transaction.atomic():
            transition(case, to, among=among, **changes)
            if by is not None:
                words = changes.get("state_reason", "")
                log.note(State(to).label.lower(), by=by, case=case, words=words, batch=batch, before=before)
    except TransitionError:
        if among is not None and not among.filter(pk=case.pk).exists():
            raise LibraryError("The case was changed meanwhile: read its new version, then confirm.") from None
        now = Case.objects.get(pk=case.pk).standing
        raise LibraryError(f"A case that is {now} cannot become {State(to).label.lower()}.") from None
