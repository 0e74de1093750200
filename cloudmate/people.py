"""Accounts: the four ready ones, one per role, and those an admin adds; the passwords they start with."""

import secrets
from collections.abc import Collection

from django.contrib.auth.models import Group, User
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.db import transaction

from cases import log
from cases.access import ADMIN, ROLES, make_roles, require_role

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is easily read as something else


class UnknownAccount(Exception):
    """No account of that name."""


class AccountError(ValueError):
    """A change of an account that cannot be made; the message says why."""


def make_accounts() -> dict[str, str]:
    """Make whichever of the four accounts is missing; return the passwords of those made, by name."""
    make_roles()
    return {role: _make(role) for role in ROLES if not User.objects.filter(username=role).exists()}


@transaction.atomic
def _make(role: str) -> str:
    password = new_password()
    manages_users = role == ADMIN
    user = User.objects.create_user(role, password=password, is_staff=manages_users, is_superuser=manages_users)
    user.groups.add(Group.objects.get(name=role))
    return password


def reset_password(name: str) -> str:
    """Give account ``name`` a new password and return it. Raises UnknownAccount."""
    try:
        user = User.objects.get(username=name)
    except User.DoesNotExist:
        names = ", ".join(User.objects.order_by("username").values_list("username", flat=True))
        raise UnknownAccount(f"no account {name!r}; there are: {names or 'none'}") from None
    password = new_password()
    user.set_password(password)
    user.is_active = True
    user.save(update_fields=["password", "is_active"])
    return password


def new_password() -> str:
    """Four groups of four: 79 bits, and can be read out."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(4))


@transaction.atomic
def add(name: str, roles: Collection[str], *, by) -> str:
    """An admin makes an account; its first password is returned here and never again. Raises AccountError."""
    require_role(by, ADMIN)
    name = name.strip()
    try:
        UnicodeUsernameValidator()(name[:151])
    except ValidationError:
        raise AccountError("A name has letters, digits and @ . + - _ only.") from None
    if len(name) > 150:
        raise AccountError("A name has at most 150 characters.")
    if User.objects.filter(username__iexact=name).exists():
        raise AccountError(f"There is a {name} already.")
    password = new_password()
    user = User.objects.create_user(name, password=password)
    _give(user, roles)
    log.note("account made", by=by, subject=name, words=_spelled(roles))
    return password


@transaction.atomic
def give_roles(user: User, roles: Collection[str], *, by) -> None:
    """Exactly these roles from now on; an admin stays one until another takes it away, so there is always one.

    Raises AccountError.
    """
    require_role(by, ADMIN)
    if user.pk == by.pk and ADMIN not in roles:
        raise AccountError("You cannot take the role admin from yourself: another admin can.")
    _give(user, roles)
    log.note("roles given", by=by, subject=user.username, words=_spelled(roles))


@transaction.atomic
def set_active(user: User, active: bool, *, by) -> None:
    """Let a person sign in, or no more: what they did stays in their name. Raises AccountError."""
    require_role(by, ADMIN)
    if user.pk == by.pk:
        raise AccountError("You cannot shut yourself out: another admin can.")
    user.is_active = active
    user.save(update_fields=["is_active"])
    log.note("account opened" if active else "account shut", by=by, subject=user.username)


def _give(user: User, roles: Collection[str]) -> None:
    if unknown := set(roles) - set(ROLES):
        raise AccountError(f"There is no role {sorted(unknown)[0]}; the roles are {', '.join(ROLES)}.")
    make_roles()
    user.groups.set(Group.objects.filter(name__in=roles))
    user.is_superuser = user.is_staff = ADMIN in roles
    user.save(update_fields=["is_superuser", "is_staff"])


def _spelled(roles: Collection[str]) -> str:
    return ", ".join(role for role in ROLES if role in roles) or "no role"
