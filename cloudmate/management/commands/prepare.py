import hashlib
from io import StringIO
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.cache import caches
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from cases.models import Case
from cloudmate import people
from cloudmate.up import SEEDED

NOT_SERVED = ["rest_framework", "*/htmx-4*", "*/htmax-4*", "*-4.js", "*-4.min.js", "*.map"]


class Command(BaseCommand):
    help = "Bring database, accounts and static files up to date: what 'up' does before it starts anything."
    requires_system_checks = "__all__"

    def handle(self, **options):
        try:
            self.migrate()
            made = people.make_accounts()
            if not Case.objects.exists():  # another database than the one that was filled
                (settings.DATA_DIR / SEEDED).unlink(missing_ok=True)
        except OperationalError as error:
            raise CommandError(_in_words(error)) from None
        except DatabaseError as error:
            raise CommandError(f"The database could not be brought up to date: {error}") from error
        self.collect_static()
        caches["sums"].clear()  # which another version may have counted
        if made:
            again = f"{_place()}python3 manage.py accounts --reset NAME"
            self.tell("accounts", f"sign in with these passwords, shown this once (again: {again})")
            for name, password in made.items():
                self.tell("", f"{name:<10}{password}")

    def migrate(self):
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if plan:
            call_command("migrate", interactive=False, stdout=Steps(self, len(plan)))
        self.tell("database", "up to date")

    def collect_static(self):
        """Name and compress the static files again where one of them, or a library's, has changed."""
        mark = Path(settings.STATIC_ROOT) / ".made-from"
        made_from = _fingerprint()
        if mark.exists() and mark.read_text() == made_from:
            return
        call_command("collectstatic", interactive=False, clear=True, ignore_patterns=NOT_SERVED, stdout=StringIO())
        mark.write_text(made_from)

    def tell(self, subject, words, over=False):
        """One line; ``over`` lets the next one be written over it."""
        self.stdout.write(
            f"  {subject:<10}{words}", ending="\x1b[K\r" if over else "\x1b[K\n" if self.stdout.isatty() else "\n"
        )
        self.stdout.flush()


class Steps:
    """Stands in for the terminal of ``migrate`` and tells how far it is."""

    def __init__(self, command, total):
        self.command, self.total, self.done = command, total, 0

    def write(self, line, *args, **kwargs):
        if "Applying " in line:
            self.done += 1
            step = line.split("Applying ")[1].split("...")[0]
            self.command.tell("database", f"{self.done}/{self.total} {step}", over=self.command.stdout.isatty())

    def flush(self):
        self.command.stdout.flush()

    def isatty(self):
        return False


def _place() -> str:
    """What a command has to be told where the data is kept elsewhere than usual."""
    return "" if settings.DATA_DIR == settings.BASE_DIR / "var" else f"CLOUDMATE_DATA={settings.DATA_DIR} "


def _fingerprint() -> str:
    """Of every static file: where it is, how big, how old."""
    digest = hashlib.sha256(repr(NOT_SERVED).encode())
    for finder in get_finders():
        for path, storage in finder.list(NOT_SERVED):
            found = Path(storage.path(path)).stat()
            digest.update(f"{path} {found.st_size} {found.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _in_words(error: OperationalError) -> str:
    where = connection.settings_dict
    if "locked" in str(error):
        return f"The database {where['NAME']} is locked by another program. Close what has it open and start again."
    if connection.vendor == "postgresql":
        return (
            f"PostgreSQL at {where['HOST'] or 'its local socket'} port {where['PORT'] or 5432}, database {where['NAME']}, "
            f"cannot be used: {error}\nIs it running, and is CLOUDMATE_DATABASE_URL right?"
        )
    return f"The database {where['NAME']} cannot be used: {error}"
