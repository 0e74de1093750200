"""manage.py agent run CASE: one run, step by step."""

import json
import textwrap

from django.core.management.base import BaseCommand, CommandError

from cases import recording
from cases.evaluation.registry import evaluate
from cases.models import Case
from rules import versions
from rules.models import KnowledgeVersion
from sandbox import capture, runs
from sandbox.agents.base import Budget, Profile, RunParameters
from sandbox.agents.registry import ENGINES


class Command(BaseCommand):
    help = "Run an agent on one case in the sandbox and show each step, its diagnosis and its scores. Stores nothing."

    def add_arguments(self, parser):
        verbs = parser.add_subparsers(dest="verb", required=True)
        run = verbs.add_parser("run", help="run the agent on one case")
        run.add_argument("case", help="case id or name")
        run.add_argument("--engine", default="offline", choices=sorted(ENGINES))
        run.add_argument("--knowledge", type=int, metavar="VERSION", help="default: the current version")
        run.add_argument("--seed", type=int, default=0)
        run.add_argument("--profile", default="balanced")
        run.add_argument("--steps", type=int, default=20, help="most tool calls")
        run.add_argument("--lines", type=int, default=6, help="lines of each return to show; 0 shows all")

    def handle(self, *args, **options):
        case = self._case(options["case"])
        version = self._version(options["knowledge"])
        snapshot = runs.snapshot_of(case.current)
        if snapshot is None:
            raise CommandError(f"{case} has no snapshot: import recordings or record a session first")
        task = recording.task_of(case.current)
        self.stdout.write(f"{case.name}: {task.prompt}\nknowledge v{version.number}, snapshot {snapshot.number}\n")
        parameters = RunParameters(
            options["engine"], options["seed"], Profile(name=options["profile"]), Budget(steps=options["steps"])
        )
        transcript = runs.play(
            capture.source_of(snapshot),
            task,
            knowledge=versions.knowledge(version),
            parameters=parameters,
            on_step=lambda step: self._show(step, options["lines"]),
        )
        self.stdout.write(f"\nstopped: {transcript.stop_reason}")
        if transcript.diagnosis:
            self._conclude(transcript)
        answer = case.current.parsed_answer()
        result = evaluate(transcript, answer)
        self.stdout.write(
            f"\nverdict: {result.verdict}" + (f" ({', '.join(result.reasons)})" if result.reasons else "")
        )
        for score in result.scores:
            value = "unscored" if score.value is None else f"{score.value:.2f}"
            self.stdout.write(f"  {score.dimension:10} {value:>8}  {score.reason}")

    def _show(self, step, lines):
        observation = step.observation
        self.stdout.write(f"\n{step.index + 1}. {step.tool} {json.dumps(step.arguments)}  [{observation.level}]")
        if step.thought:
            self.stdout.write(textwrap.indent(step.thought, "   # "))
        for use in step.rules:
            if use.how == "fired":
                self.stdout.write(f"   rule {use.rule} fired instead of {use.instead_of}")
        output = observation.output.splitlines()
        shown = output if lines == 0 else output[:lines]
        self.stdout.write(textwrap.indent("\n".join(shown), "   | "))
        if len(output) > len(shown):
            self.stdout.write(f"   … {len(output) - len(shown)} more lines of {len(output)}")

    def _conclude(self, transcript):
        diagnosis = transcript.diagnosis
        self.stdout.write(f"conclusion: {diagnosis.conclusion}")
        for cause in diagnosis.root_causes:
            self.stdout.write(f"  {cause.fault_class} at {cause.component}")
        for claim in diagnosis.claims:
            cites = ", ".join(f"step {ref.step + 1}: {ref.quote!r}" for ref in claim.refs)
            self.stdout.write(f"  {claim.id} {claim.kind}: {claim.text}  <- {cites or 'no evidence'}")
        for use in transcript.concluding_rules:
            self.stdout.write(
                f"  rule {use.rule} {use.how}" + (f" instead of {use.instead_of}" if use.instead_of else "")
            )

    def _case(self, name):
        match = Case.objects.filter(pk=name) if name.isdecimal() else Case.objects.filter(name=name)
        case = match.select_related("current__case__system").first()
        if case is None or case.current is None:
            raise CommandError(f"There is no case {name!r}: give an id or a name as the library shows it")
        return case

    def _version(self, number):
        if number is None:
            return versions.head()
        version = KnowledgeVersion.objects.filter(number=number).select_related("value").first()
        if version is None:
            raise CommandError(f"There is no knowledge version {number}: the newest is {versions.head().number}")
        return version
