"""What is wrong or risky in how CloudMate is set up: told at every command, each with an id and a remedy."""

import os

from django.conf import settings
from django.core import checks

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def on_sqlite() -> bool:
    return settings.DATABASES["default"]["ENGINE"].endswith("sqlite3")


@checks.register(checks.Tags.security)
def reachable_from_elsewhere(app_configs, **options):
    host = os.environ.get("CLOUDMATE_LISTENS_ON", "127.0.0.1")
    found = []
    if host not in LOOPBACK and not settings.HTTPS:
        found.append(
            checks.Warning(
                f"The page listens on {host}, so passwords and recordings cross the network unencrypted.",
                hint="Let a proxy with TLS in front speak to it, and set CLOUDMATE_HTTPS=true.",
                id="cloudmate.W001",
            )
        )
    if host in {"0.0.0.0", "::"} and set(settings.ALLOWED_HOSTS) <= LOOPBACK | {"[::1]"}:
        found.append(
            checks.Warning(
                f"The page listens on {host} but answers only to the names of this machine.",
                hint="Set CLOUDMATE_HOSTS to the names under which people reach it, with commas between.",
                id="cloudmate.W002",
            )
        )
    if "*" in settings.ALLOWED_HOSTS:
        found.append(
            checks.Warning(
                "CLOUDMATE_HOSTS=* lets anybody choose the name the page believes it has.",
                hint="Name the hosts.",
                id="cloudmate.W003",
            )
        )
    if settings.DEBUG and host not in LOOPBACK:
        found.append(
            checks.Error(
                f"CLOUDMATE_DEBUG=true on {host} shows settings and recordings to whoever causes an error.",
                hint="Leave CLOUDMATE_DEBUG out.",
                id="cloudmate.E001",
            )
        )
    return found


@checks.register
def broker_fits_the_database(app_configs, **options):
    embedded = settings.CELERY_BROKER_URL == settings.EMBEDDED_BROKER
    if embedded and not on_sqlite():
        return [
            checks.Warning(
                "The database is PostgreSQL, but the queue is a file that only workers on this machine see.",
                hint="For workers on other machines set CLOUDMATE_BROKER_URL=redis://host:6379/0.",
                id="cloudmate.W004",
            )
        ]
    if on_sqlite() and not embedded:
        return [
            checks.Warning(
                "The queue is a server's, but the database is a file that only this machine sees.",
                hint="For workers on other machines set CLOUDMATE_DATABASE_URL=postgres://user:password@host/name.",
                id="cloudmate.W005",
            )
        ]
    return []


@checks.register
def shared_secret(app_configs, **options):
    """Web servers on several machines must agree on the secret, or signing in works on one of them only."""
    if not on_sqlite() and not os.environ.get("CLOUDMATE_SECRET_KEY"):
        return [
            checks.Info(
                f"The secret key is this machine's own, in {settings.DATA_DIR / 'secret-key'}.",
                hint="For web servers on several machines set CLOUDMATE_SECRET_KEY to the same value on each.",
                id="cloudmate.I001",
            )
        ]
    return []
