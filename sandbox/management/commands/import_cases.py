"""Bring recorded failures in: case bundles, HolmesGPT fixtures, Cloud-OpsBench case folders."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from cases.access import LEAD, has_role
from sandbox.importers.batch import Tally, places_under, take
from sandbox.importers.reading import ImportProblem
from sandbox.importers.store import Outcome


class Command(BaseCommand):
    help = "Import cases from files and folders: case-bundle/1, HolmesGPT fixtures, Cloud-OpsBench case folders."

    def add_arguments(self, parser):
        parser.add_argument(
            "paths", nargs="+", type=Path, metavar="PATH", help="a bundle, a case folder, or a folder of them"
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would happen, and change nothing")
        parser.add_argument("--system", default="", help="file the cases under this system")
        parser.add_argument(
            "--confirm-as", metavar="USER", help="confirm the gating cases in bulk, in this lead's name"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON document instead of lines")

    def handle(self, *, paths, dry_run, system, confirm_as, **options):
        lead = self._lead(confirm_as) if confirm_as else None
        tally = Tally()
        places = places_under(paths)
        for number, place in enumerate(places, 1):
            self._show_progress(number, len(places), place, options)
            take(
                place,
                tally,
                say=lambda told: self._tell(told, options),
                dry_run=dry_run,
                system=system,
                confirm_as=lead,
            )
        self._finish(tally, options, dry_run=dry_run)

    def _tell(self, told: Outcome | ImportProblem, options):
        if isinstance(told, ImportProblem):
            self._say(f"problem      {told}", options, error=True)
        else:
            self._say(f"{told.outcome:<12} {told.name}  {told.detail}".rstrip(), options)

    def _finish(self, tally: Tally, options, *, dry_run: bool):
        counts = tally.counts
        if options["json"]:
            self.stdout.write(json.dumps(_as_data(tally, counts, dry_run=dry_run), indent=2, ensure_ascii=False))
        else:
            said = ", ".join(f"{count} {outcome.replace('_', ' ')}" for outcome, count in sorted(counts.items()))
            would = "Nothing was changed (dry run). Would have been: " if dry_run else ""
            self.stdout.write(f"{would}{said or 'no case came in'}; {_counted(tally.problems)}.")
        if tally.problems:
            rest = "everything else came in" if tally.outcomes and not dry_run else "nothing was stored"
            raise CommandError(f"{_counted(tally.problems)}; {rest}.")

    def _say(self, line: str, options, *, error: bool = False):
        if not options["json"]:
            (self.stderr if error else self.stdout).write(line)

    def _show_progress(self, number: int, total: int, place, options):
        if self.stderr.isatty() and not options["json"]:
            self.stderr.write(f"\r{number}/{total} ", ending="")

    def _lead(self, name: str):
        user = get_user_model().objects.filter(username=name).first()
        if user is None or not has_role(user, LEAD):
            raise CommandError(f"--confirm-as: there is no lead named {name!r}. Only a lead may confirm in bulk.")
        return user


def _counted(problems: list[ImportProblem]) -> str:
    return f"{len(problems)} problem{'' if len(problems) == 1 else 's'}"


def _as_data(tally: Tally, counts: Counter, *, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "counts": dict(counts),
        "cases": [
            {"file": file, "name": outcome.name, "outcome": outcome.outcome, "detail": outcome.detail}
            for file, outcome in tally.outcomes
        ],
        "problems": [
            {"file": problem.file, "field": problem.field, "reason": problem.reason} for problem in tally.problems
        ],
    }
