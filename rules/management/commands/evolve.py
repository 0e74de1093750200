"""manage.py evolve: the loop over a set of cases, headless."""

import json
import sys
from pathlib import Path

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from cases.access import has_role
from cases.models import Case, System
from rules import evolution, versions
from rules.merge import rules_of
from sandbox import exports
from sandbox.admission import gating
from sandbox.knowledge.language import text_of
from sandbox.regression import RegressionError


class Command(BaseCommand):
    help = (
        "Run the loop over cases until nothing moves: agent runs, evaluation, exploration, critic, regression, gate. "
        "Prints the library case by case under the old and the new knowledge, the rules, and each verdict."
    )

    def add_arguments(self, parser):
        parser.add_argument("cases", nargs="*", help="case ids or names; default: every confirmed case")
        parser.add_argument("--system", help="only cases of this system (slug)")
        parser.add_argument(
            "--approve-as",
            metavar="USER",
            help="approve and merge what the gate accepts, in the name of this reviewer or lead; recorded as given by flag",
        )
        parser.add_argument("--merges", type=int, help="stop approving after this many merges")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the report as JSON")
        parser.add_argument("--junit", type=Path, metavar="FILE", help="write the report as JUnit XML")

    def handle(self, *args, **options):
        cases = self._cases(options["cases"], options["system"])
        approver = self._approver(options["approve_as"])
        self.stderr.write(f"{cases.count()} cases, knowledge v{versions.head().number}")
        try:
            evolved = evolution.evolve(
                cases,
                approve_as=approver,
                most_merges=options["merges"],
                on_progress=lambda progress: self.stderr.write(f"  {progress.words}"),
            )
        except RegressionError as problem:
            raise CommandError(str(problem)) from problem
        self._print(evolved)
        if options["json"]:
            data = {
                **exports.as_data(evolved.report),
                "before": evolved.before.number,
                "after": evolved.after.number,
                "patches": [_patch_data(patch) for patch in evolved.patches],
                "rules": [text_of(rule) for rule in rules_of(evolved.after)],
            }
            options["json"].write_text(json.dumps(data, indent=1) + "\n")
        if options["junit"]:
            options["junit"].write_text(exports.as_junit(evolved.report, name="cloudmate evolve"))
        if waiting := sum(patch.state == "in_review" for patch in evolved.patches):
            self.stdout.write(f"\n{waiting} of these wait for a person's decision: review them, or give --approve-as")
        if evolved.report.totals.regressed:
            sys.exit(1)

    def _cases(self, wanted, system):
        cases = gating()
        if system:
            if not System.objects.filter(slug=system).exists():
                known = ", ".join(System.objects.values_list("slug", flat=True)) or "none yet"
                raise CommandError(f"There is no system {system!r}; there are: {known}")
            cases = cases.filter(system__slug=system)
        if not wanted:
            if not cases.exists():
                raise CommandError(
                    "There is no confirmed case: import some with --confirm-as, or confirm in the library"
                )
            return cases
        found = Case.objects.none()
        for name in wanted:
            match = Case.objects.filter(pk=name) if name.isdecimal() else Case.objects.filter(name=name)
            if not match.exists():
                raise CommandError(f"There is no case {name!r}: give an id or a name of the library")
            found = found | match
        return found

    def _approver(self, name):
        if name is None:
            return None
        user = get_user_model().objects.filter(username=name).first()
        if user is None:
            raise CommandError(f"--approve-as: there is no user {name!r}")
        if not has_role(user, "reviewer", "lead"):
            raise CommandError(f"--approve-as: {name} is neither a reviewer nor a lead")
        return user

    def _print(self, evolved):
        report = evolved.report
        width = max((len(row.name) for row in report.rows), default=4)
        self.stdout.write(f"\n{'case':{width}}  {'old':>5}  {'new':>5}  verdict")
        for row in report.rows:
            words = exports.WORDS[row.outcome] + (f"  {row.divergence}" if row.divergence else "")
            reason = f"  ({row.reason})" if row.reason else ""
            self.stdout.write(f"{row.name:{width}}  {row.base!s:>5}  {row.candidate!s:>5}  {words}{reason}")
        totals = report.totals
        self.stdout.write(
            f"\npass rate {totals.base} -> {totals.candidate}; {totals.regressed} regressed, {totals.fixed} fixed, "
            f"{totals.inconclusive} inconclusive, {totals.unaffected} proven unaffected, n = {totals.cases}"
        )
        self.stdout.write(f"\nknowledge v{evolved.before.number} -> v{evolved.after.number}")
        for rule in rules_of(evolved.after):
            self.stdout.write("\n" + text_of(rule))
        for patch in evolved.patches:
            reason = (patch.verdict or {}).get("reason", "")
            self.stdout.write(f"\npatch {patch.pk} {patch.get_state_display().lower()}: {patch.title}\n  {reason}")


def _patch_data(patch):
    return {
        "id": patch.pk,
        "title": patch.title,
        "state": patch.state,
        "source": patch.source,
        "case": patch.case.name if patch.case else None,
        "verdict": patch.verdict,
    }
