import json
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from sandbox.lab import theory
from sandbox.lab.case import UnknownName, faults, make, systems
from sandbox.lab.export import bundle_data
from sandbox.lab.library import HELD_OUT_FROM


class Command(BaseCommand):
    help = (
        "The lab: list its systems and faults, make a case from (system, fault, seed), or draw the model beside theory."
    )

    def add_arguments(self, parser):
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("list", help="the systems, and the faults with what each changes")
        maker = verbs.add_parser("make", help="print a case as a case-bundle/1 file that import_cases reads")
        maker.add_argument("system")
        maker.add_argument("fault")
        maker.add_argument("seed", type=int, help=f"from {HELD_OUT_FROM} up: never in the starter library")
        maker.add_argument("--out", type=Path, metavar="FILE", help="write to FILE instead of printing")

        drawn = verbs.add_parser("theory", help="draw what the simulator gives beside what theory says")
        drawn.add_argument(
            "--out", type=Path, metavar="FOLDER", required=True, help="where theory.md and its drawings go"
        )

    def handle(self, *, verb, **options):
        if verb == "list":
            return self.list()
        if verb == "theory":
            return self.theory(options["out"])
        return self.make(options["system"], options["fault"], options["seed"], options["out"])

    def list(self):
        self.stdout.write("Systems")
        for name, system in systems().items():
            services = ", ".join(service.name for service in system.services)
            self.stdout.write(f"  {name}: {services}")
        self.stdout.write("Faults, and what each changes")
        for name, fault in faults().items():
            self.stdout.write(f"  {name:<26} {fault.category:<14} {fault.parameters}")

    def theory(self, out):
        found = theory.studies()
        try:
            (out / "theory").mkdir(parents=True, exist_ok=True)
            for study in found:
                (out / "theory" / f"{study.fault}.svg").write_text(theory.drawing(study), encoding="utf-8")
            (out / "theory.md").write_text(theory.page(found), encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{out} cannot be written: {error.strerror}") from error
        for study in found:
            self.stdout.write(f"{study.fault:<28} deviates by {study.deviation:.2%} at most (bound {study.bound:.2%})")

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
