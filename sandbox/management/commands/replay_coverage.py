"""Say how much of what experts and agents ask is answered from recordings, source by source."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from cases.transcript import Level
from sandbox.agents.base import Budget
from sandbox.agents.registry import UnknownEngineError, agent_named
from sandbox.bundle import CaseBundle
from sandbox.coverage import Coverage, of_agent, of_experts
from sandbox.importers.discovery import Found, find
from sandbox.importers.reading import ImportProblem

_SHOWN = (Level.R0, Level.R1, Level.R2, Level.R3, Level.MISS, Level.REFUSED)


class Command(BaseCommand):
    help = "Replay the experts' calls of recorded cases, and with --agent an untaught agent's; reads files, stores nothing."

    def add_arguments(self, parser):
        parser.add_argument(
            "paths", nargs="+", type=Path, metavar="PATH", help="bundles, case folders, or folders of them"
        )
        parser.add_argument("--agent", metavar="ENGINE", help="also run this engine on every case, without any rules")
        parser.add_argument("--steps", type=int, default=20, help="the agent's budget on each case (default 20)")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--json", action="store_true", help="print one JSON document instead of tables")

    def handle(self, *, paths, agent, steps, seed, **options):
        problems: list[ImportProblem] = []
        bundles = list(_bundles(paths, problems))
        experts = of_experts(bundles)
        agents = self._agents(bundles, agent, steps, seed) if agent else []
        if options["json"]:
            data = {
                "experts": [coverage.as_dict() for coverage in experts],
                "agent": {"engine": agent, "sources": [coverage.as_dict() for coverage in agents]} if agent else None,
                "problems": [str(problem) for problem in problems],
            }
            self.stdout.write(json.dumps(data, indent=2, ensure_ascii=False))
        else:
            self._show_experts(experts)
            if agent:
                self._show_agent(agent, agents)
        for problem in problems:
            self.stderr.write(f"problem  {problem}")
        if problems:
            raise CommandError(f"{len(problems)} problems.")

    def _agents(self, bundles: list[CaseBundle], engine: str, steps: int, seed: int) -> list[Coverage]:
        try:
            return of_agent(bundles, agent_named(engine), budget=Budget(steps=steps), seed=seed)
        except UnknownEngineError as error:
            raise CommandError(f"--agent: {error}") from None

    def _show_experts(self, coverages: list[Coverage]):
        self.stdout.write("Experts' calls")
        if not coverages:
            self.stdout.write("  none: no case brings an expert's path")
            return
        self._head("answered", "identical")
        for coverage in coverages:
            identical = f"{_share(coverage.identical, coverage.compared)} of {coverage.compared}"
            self._row(coverage, _share(coverage.answered, coverage.calls), identical)
        for coverage in coverages:
            for call in coverage.unanswered:
                self.stdout.write(f"  not answered ({call['level']}): {_said(call)}")
            for call in coverage.different:
                self.stdout.write(f"  not identical: {_said(call)}")

    def _show_agent(self, engine: str, coverages: list[Coverage]):
        self.stdout.write(f"\nCalls of the {engine} agent, without rules")
        self._head("answered")
        for coverage in coverages:
            self._row(coverage, _share(coverage.answered, coverage.calls))

    def _head(self, *more: str):
        levels = "".join(f"{level.upper():>10}" for level in _SHOWN)
        self.stdout.write(f"  {'source':<28}{'cases':>6}{'calls':>7}{levels}" + "".join(f"{word:>17}" for word in more))

    def _row(self, coverage: Coverage, *more: str):
        levels = "".join(f"{_share(coverage.levels[level], coverage.calls):>10}" for level in _SHOWN)
        counts = f"{coverage.cases:>6}{coverage.calls:>7}"
        self.stdout.write(f"  {coverage.source:<28}{counts}{levels}" + "".join(f"{word:>17}" for word in more))


def _bundles(paths: list[Path], problems: list[ImportProblem]) -> Iterator[CaseBundle]:
    for path in paths:
        for place in find(path):
            for item in place.read() if isinstance(place, Found) else [place]:
                if isinstance(item, ImportProblem):
                    problems.append(item)
                else:
                    yield item


def _share(part: int, whole: int) -> str:
    """Rounded down, so that 100 % means all."""
    return f"{int(1000 * part / whole) / 10:.1f} %" if whole else "-"


def _said(call: dict) -> str:
    arguments = json.dumps(call["arguments"], ensure_ascii=False)
    return f"{call['case']} {call['session']}: {call['tool']} {arguments}"
