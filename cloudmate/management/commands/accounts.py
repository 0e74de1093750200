from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection

from cloudmate import people


class Command(BaseCommand):
    help = "Make the four accounts (expert, reviewer, lead, admin) that are missing, or give one a new password."

    def add_arguments(self, parser):
        parser.add_argument(
            "--reset", metavar="NAME", action="append", default=[], help="print a new password for NAME"
        )

    def handle(self, *, reset, **options):
        try:
            made = people.make_accounts() | {name: people.reset_password(name) for name in reset}
        except people.UnknownAccount as error:
            raise CommandError(error) from None
        except DatabaseError as error:
            raise CommandError(
                f"The database {connection.settings_dict['NAME']} cannot be used: {error}. manage.py up makes it; where"
                " it is kept elsewhere, say so with CLOUDMATE_DATA=FOLDER or CLOUDMATE_DATABASE_URL."
            ) from None
        for name, password in made.items():
            self.stdout.write(f"  {name:<10}{password}")
        if not made:
            self.stdout.write("All four accounts are there. For a new password: manage.py accounts --reset NAME")
