"""Turn telemetry files into the world of a case."""

from __future__ import annotations

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from cases.models import Case
from sandbox import telemetry
from sandbox.importers.telemetry.rows import Problems


class Command(BaseCommand):
    help = (
        "Freeze CSV, JSON lines and Parquet files as the world of a case: sandbox/environment/world/docs/telemetry.md."
    )

    def add_arguments(self, parser):
        parser.add_argument("case", type=int, metavar="CASE", help="number of the case, as its page has it")
        parser.add_argument("--map", type=Path, required=True, metavar="FILE", help="the mapping file (YAML)")
        parser.add_argument(
            "--dry-run", action="store_true", help="check everything, say what would come, store nothing"
        )

    def handle(self, *, case, map, dry_run, **options):
        row = Case.objects.filter(pk=case).select_related("current").first()
        if row is None or row.current is None:
            raise CommandError(f"There is no case {case}; import or open it first.")
        try:
            made = telemetry.bring_in(row, map, dry_run=dry_run)
        except Problems as problems:
            for problem in problems.found:
                self.stderr.write(f"problem  {problem}")
            count = len(problems.found)
            raise CommandError(f"{count} problem{'' if count == 1 else 's'}; nothing was stored.") from None
        self._tell(made)
        if made.snapshot is None:
            self.stdout.write("Nothing was stored (dry run).")
        else:
            self.stdout.write(f"Snapshot {made.snapshot.number} of {row.name} holds this world.")

    def _tell(self, made: telemetry.Imported):
        for table in made.fidelity.tables:
            self.stdout.write(f"{table.state:<9}{table.table:<13}{table.rows:>9} rows  {table.words}".rstrip())
        for tool in made.fidelity.tools:
            agreeing = f", {tool.agreeing} of {tool.asked} asked again agree" if tool.asked else ""
            by = f"answered by {tool.by}" if tool.by else "answered by recordings alone"
            self.stdout.write(f"tool     {tool.tool}: {by}; {tool.recorded} recorded{agreeing}")
            for one in tool.first[:1]:
                self.stdout.write(
                    f"         {one['arguments']}: recorded {one['recorded']!r}, the world says {one['answered']!r}"
                )
        if made.empty:
            self.stdout.write(f"{made.empty} samples without a value were left out.")
        for one in made.redactions:
            self.stdout.write(f"{one.count} × {one.kind} redacted.")
