"""manage.py token: what agents sign in with."""

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from cases import tokens
from cases.models import AgentToken, System


class Command(BaseCommand):
    help = "Make, list and revoke the tokens that agents sign in with."

    def add_arguments(self, parser):
        verbs = parser.add_subparsers(dest="verb", required=True)
        issue = verbs.add_parser("issue", help="make a token; it is printed once")
        issue.add_argument("name", help="which agent it is for")
        issue.add_argument("--system", help="slug of the one system it reaches; default: every system")
        issue.add_argument("--by", default="admin", help="who makes it (default: admin)")
        verbs.add_parser("list", help="list tokens")
        revoke = verbs.add_parser("revoke", help="let a token sign nobody in any more")
        revoke.add_argument("prefix", help="the beginning of the token, as the list shows it")

    def handle(self, *args, **options):
        getattr(self, f"_{options['verb']}")(options)

    def _issue(self, options):
        by = get_user_model().objects.filter(username=options["by"]).first()
        if by is None:
            raise CommandError(f"There is no user {options['by']!r}: name an account with --by")
        system = None
        if options["system"]:
            system = System.objects.filter(slug=options["system"]).first()
            if system is None:
                known = ", ".join(System.objects.values_list("slug", flat=True)) or "none yet"
                raise CommandError(f"There is no system {options['system']!r}; there are: {known}")
        text, token = tokens.issue(options["name"], system, by)
        self.stdout.write(text)
        self.stderr.write(f"for {token.name}, {system or 'every system'}; it is not shown again")

    def _list(self, options):
        for token in AgentToken.objects.select_related("system"):
            state = "revoked" if token.revoked_at else "in use"
            used = f"{token.last_used_at:%Y-%m-%d %H:%M}" if token.last_used_at else "never"
            self.stdout.write(
                f"{token.prefix}…  {state:8} {token.system or 'every system'}  last used {used}  {token.name}"
            )

    def _revoke(self, options):
        token = AgentToken.objects.filter(prefix=options["prefix"].rstrip("…")).first()
        if token is None:
            raise CommandError(f"There is no token that begins with {options['prefix']!r}: see manage.py token list")
        tokens.revoke(token)
        self.stdout.write(f"{token.name} can no longer sign in with {token.prefix}…")
