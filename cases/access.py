"""Who may do what. Roles are groups; an agent's token is none of them."""

import re
from collections.abc import Callable, Iterable

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, Group
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404

from cases.models import Case, LabelSeat, Session
from cloudmate import prepared

EXPERT, REVIEWER, LEAD, ADMIN = ROLES = ("expert", "reviewer", "lead", "admin")

User = AbstractBaseUser | AnonymousUser


def make_roles() -> None:
    """Create the groups that stand for the roles, where they are missing."""
    for role in ROLES:
        Group.objects.get_or_create(name=role)


def roles_of(user: User) -> frozenset[str]:
    """The roles of a signed-in, active person; empty for anybody and anything else. A superuser is an admin.

    Read once and kept on ``user``, which lives as long as a request.
    """
    if not isinstance(user, AbstractBaseUser) or not user.is_active:
        return frozenset()
    kept = getattr(user, "_roles", None)
    return keep_roles(user, user.groups.values_list("name", flat=True)) if kept is None else kept


def keep_roles(user: AbstractBaseUser, groups: Iterable[str]) -> frozenset[str]:
    """The roles among the names of a person's groups; kept on ``user``, so that they are not read again."""
    kept = frozenset(ROLES).intersection(groups)
    if user.is_superuser:
        kept |= {ADMIN}
    user._roles = kept
    return kept


class Blind(PermissionDenied):
    """What would show the answer of a case to somebody who is to give their own first."""


CLOSED = (
    "You are labelling this case by yourself. What others say of it opens as soon as your own answer is given, "
    "or when you leave it to somebody else."
)


def closed_to(user: User) -> int | None:
    """The case that this person labels by themselves: nothing of its answer is shown to them. Read once and kept."""
    if not isinstance(user, AbstractBaseUser):
        return None
    if not hasattr(user, "_closed"):  # not its __dict__: a request's user is wrapped, and that of the wrapper is empty
        held = LabelSeat.objects.filter(by=user.pk, state=LabelSeat.State.HELD)
        keep_closed(user, held.values_list("case", flat=True).first())
    return user._closed


def keep_closed(user: AbstractBaseUser, case: int | None) -> None:
    """Keep what is closed to ``user`` on it, so that it is not read again."""
    user._closed = case


def forget_what_is_closed(user: User) -> None:
    if hasattr(user, "_closed"):
        del user._closed


def require_open(user: User, case: int | None) -> None:
    """Raise Blind where the answer of this case is closed to ``user``."""
    if case is not None and closed_to(user) == case:
        raise Blind(CLOSED)


def left_out(rows: QuerySet, user: User, *, case: str = "pk") -> QuerySet:
    """``rows`` without those of the case that is closed to ``user``; ``case`` is the field that names it."""
    closed = closed_to(user)
    return rows if closed is None else rows.exclude(**{case: closed})


def somebody(roles: frozenset[str], pk: int, closed: int | None = None) -> AbstractBaseUser:
    """Whoever has these roles, by their number alone: for questions that are put into SQL once for all of them."""
    found = get_user_model()(pk=pk, is_active=True)
    keep_roles(found, roles)
    keep_closed(found, closed)
    return found


def asked_by(user: User, question: Callable[[User], QuerySet]) -> list:
    """The rows of ``question(user)``, which varies with their roles, their number and what is closed to them alone."""
    return prepared.rows(_of_somebody, question, roles_of(user), user.pk, closed_to(user) or 0)


def counted_by(user: User, question: Callable[[User], QuerySet]) -> int:
    """How many rows ``asked_by`` gives."""
    return prepared.count(_of_somebody, question, roles_of(user), user.pk, closed_to(user) or 0)


def _of_somebody(question: Callable[[User], QuerySet], roles: frozenset[str], pk: int, closed: int) -> QuerySet:
    return question(somebody(roles, pk, closed))


def has_role(user: User, *roles: str) -> bool:
    """Whether ``user`` has one of ``roles``; with none named, any role at all."""
    return not roles_of(user).isdisjoint(roles or ROLES)


def require_role(user: User, *roles: str) -> None:
    """Raise PermissionDenied unless ``user`` has one of ``roles``; with none named, any role at all."""
    if not has_role(user, *roles):
        wanted = " or ".join(roles or ROLES)
        raise PermissionDenied(f"This needs the role {wanted}. Ask an admin to give it to you.")


def may_see_answer(user: User) -> bool:
    """People with a role see what a right diagnosis says; agents and everybody else never do."""
    return has_role(user)


def number_in(text: str, *, usual: int | None) -> int | None:
    """The number that an address or a form names; ``usual`` for anything else, such as the digit ² or a thousand digits."""
    return int(text) if re.fullmatch(r"-?[0-9]{1,15}", text) else usual


def case_for(user: User, pk: int, *, even_closed: bool = False) -> Case:
    """The case with its system and current version; PermissionDenied without a role, Http404 where there is none.

    Raises Blind for whoever labels it by themselves, except with ``even_closed``: for pages that show nothing of an
    answer.
    """
    require_role(user)
    if not even_closed:
        require_open(user, pk)
    case = prepared.first(_case, pk)
    if case is None:
        raise Http404(f"There is no case {pk}.")
    return case


def _case(pk: int) -> QuerySet[Case]:
    return Case.objects.select_related("system", "current", "owner", "quarantine_owner").filter(pk=pk)


def session_for(user: User, pk: int) -> Session:
    """The session with its case and version; PermissionDenied without a role, Http404 where there is none.

    Of a case that is closed to ``user``, only what they record themselves is open: raises Blind.
    """
    require_role(user)
    session = prepared.first(_session, pk)
    if session is None:
        raise Http404(f"There is no session {pk}.")
    if not may_record(session, user):
        require_open(user, session.case_id)
    session.version.case = session.case  # the same row: not read again
    return session


def _session(pk: int) -> QuerySet[Session]:
    return Session.objects.select_related("case__system", "version", "by", "token").filter(pk=pk)


def may_record(session: Session, user: User) -> bool:
    """An expert's session takes steps and words from its own author, while it is open."""
    return (
        session.state == Session.State.RECORDING
        and session.actor == Session.Actor.EXPERT
        and session.by_id == user.pk
        and has_role(user, EXPERT, LEAD)
    )


def recording_for(user: User, pk: int) -> Session:
    """The open session of this person; PermissionDenied, in words, for anybody else's or a finished one."""
    require_role(user, EXPERT, LEAD)
    found = session_for(user, pk)
    if not may_record(found, user):
        finished = found.state == Session.State.FINISHED
        raise PermissionDenied(
            "This session is finished. Its page shows what happened; start a new one from its case."
            if finished
            else "Only the person who started a session records it."
        )
    return found
