"""What an agent signs in with, and what it may reach with it: its system's cases and its own sessions."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from cases import log
from cases.models import AgentToken, Case, Session, System

MARK = "cm_"
SHOWN = 11  # characters of a token that are kept readable
USE_NOTED_EVERY = timedelta(minutes=1)


class TokenError(ValueError):
    """A token that cannot be issued; the message says what is missing."""


def issue(name: str, system: System | None, by) -> tuple[str, AgentToken]:
    """Make a token for an agent of ``system`` (None: of every system); its text is returned here and never again."""
    if not name.strip():
        raise TokenError("A token needs a name: say which agent it is for.")
    text = MARK + secrets.token_urlsafe(32)
    with transaction.atomic():
        token = AgentToken.objects.create(
            name=name.strip()[:120], prefix=text[:SHOWN], hashed=hashed(text), system=system, created_by=by
        )
        log.note("token made", by=by, subject=_named(token), words=f"for {system or 'every system'}")
    return text, token


def revoke(token: AgentToken, *, by=None) -> None:
    """Let ``token`` sign nobody in any more. Revoking twice keeps the first time."""
    if token.revoked_at is None:
        token.revoked_at = timezone.now()
        with transaction.atomic():
            token.save(update_fields=["revoked_at"])
            log.note("token revoked", by=by, subject=_named(token))


def _named(token: AgentToken) -> str:
    return f"{token.name} ({token.prefix}…)"


def token_of(text: str) -> AgentToken | None:
    """The token of that text, unless it is unknown or revoked. Notes its use, at most once a minute."""
    token = AgentToken.objects.select_related("system").filter(hashed=hashed(text), revoked_at=None).first()
    now = timezone.now()
    if token and (token.last_used_at is None or now - token.last_used_at >= USE_NOTED_EVERY):
        AgentToken.objects.filter(pk=token.pk).update(last_used_at=now)
        token.last_used_at = now
    return token


def hashed(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def cases_for(token: AgentToken) -> QuerySet[Case]:
    cases = Case.objects.filter(current__isnull=False).select_related("system", "current")
    return cases.filter(system_id=token.system_id) if token.system_id else cases


def sessions_for(token: AgentToken) -> QuerySet[Session]:
    """Its own only: what experts and other agents concluded would tell it the answer."""
    return Session.objects.filter(token=token).select_related("version", "case__system")
