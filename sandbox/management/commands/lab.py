import json
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from sandbox.lab.case import UnknownName, faults, make, systems
from sandbox.lab.export import bundle_data
from sandbox.lab.library import HELD_OUT_FROM


class Command(BaseCommand):
    help = "The lab: list its systems and faults, or make a case from (system, fault, seed)."

    def add_arguments(self, parser):
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("list", help="the systems, and the faults with what each changes")
        maker = verbs.add_parser("make", help="print a case as a case-bundle/1 file that import_cases reads")
        maker.add_argument("system")
        maker.add_argument("fault")
        maker.add_argument("seed", type=int, help=f"from {HELD_OUT_FROM} up: never in the starter library")
        maker.add_argument("--out", type=Path, metavar="FILE", help="write to FILE instead of printing")

    def handle(self, *, verb, **options):
        if verb == "list":
            return self.list()
        return self.make(options["system"], options["fault"], options["seed"], options["out"])

    def list(self):
        self.stdout.write("Systems")
        for name, system in systems().items():
            services = ", ".join(service.name for service in system.services)
            self.stdout.write(f"  {name}: {services}")
        self.stdout.write("Faults, and what each changes")
        for name, fault in faults().items():
            self.stdout.write(f"  {name:<26} {fault.category:<14} {fault.parameters}")

    def make(self, system, fault, seed, out):
        try:
            bundle = make(system, fault, seed)
        except UnknownName as error:
            raise CommandError(str(error)) from error
        text = json.dumps(bundle_data(bundle), indent=1, ensure_ascii=False) + "\n"
        if out is None:
            self.stdout.write(text, ending="")
            return
        try:
            out.write_text(text, encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{out} cannot be written: {error.strerror}") from error
        self.stdout.write(f"{out}: {bundle.name}, {len(bundle.recordings)} recordings")
