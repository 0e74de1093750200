"""The four ready accounts, one per role, and the passwords they start with."""

import secrets

from django.contrib.auth.models import Group, User
from django.db import transaction

from cases.access import ADMIN, ROLES, make_roles

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is easily read as something else


class UnknownAccount(Exception):
    """No account of that name."""


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
