import time

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from cases.models import System
from cloudmate.up import SEEDED
from sandbox.importers.store import bring_in
from sandbox.lab.case import GENERATOR
from sandbox.lab.library import cases, plan

LEAD = "lead"


class Command(BaseCommand):
    help = "Bring in the starter library: cases that the project makes itself, confirmed by the lead in one go."

    def handle(self, **options):
        try:
            lead = User.objects.get(username=LEAD)
        except User.DoesNotExist:
            raise CommandError(
                f"there is no account {LEAD!r} to confirm the cases: run manage.py accounts first"
            ) from None
        whole, told, count = len(plan()), time.monotonic(), {}
        for done, bundle in enumerate(cases(), 1):
            outcome = bring_in(bundle, confirm_as=lead)
            count[outcome.outcome] = count.get(outcome.outcome, 0) + 1
            if time.monotonic() - told > 2:
                told = time.monotonic()
                self.tell(f"{done}/{whole}")
        mark = settings.DATA_DIR / SEEDED
        if not mark.exists():  # the loop starts by itself on what comes with the program; a person may turn that off
            System.objects.filter(cases__origin=GENERATOR).update(policy=System.Policy.RUN_OPEN)
        mark.touch()
        self.tell(", ".join(f"{number} cases {outcome}" for outcome, number in count.items()))

    def tell(self, words):
        self.stdout.write(f"  library   {words}")
        self.stdout.flush()
