"""What does a portfolio find that chance does not, and does what the evaluator picks hold up?

    python -m tests.benchmarks.exploration [--cases N] [--from SEED] [--keep FOLDER] [--json FILE]

On failed runs of the untaught offline agent on lab cases: pass@5 of hypothesis-seeded branches beside pass@32 of
temperature alone; the whole portfolio of twelve; what each operator finds alone; and *selected@N*: the branch that
the evaluator picks without knowing the answer, by grounding and coherence, and how often it is right and repeats on
fresh seeds. A branch passes when it is right and grounded. Every share stands beside its n. The cases are one of
each class and system in turn, from the given seed up; ``--keep`` keeps them in a folder.
"""

import argparse
import json
import os
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path

from cases.evaluation.registry import evaluate
from cases.transcript import Transcript
from sandbox.agents import loop
from sandbox.agents.base import Budget, Profile
from sandbox.agents.offline.agent import OfflineAgent
from sandbox.agents.offline.read import CaseFile
from sandbox.archive import distances
from sandbox.bundle import CaseBundle
from sandbox.environment.inventory import inventory_of
from sandbox.environment.replay import ReplaySource
from sandbox.lab import faults, systems
from sandbox.operators import OPERATORS, Ground
from sandbox.partial import blind_score
from sandbox.strategies import plan
from tests.benchmarks.lab_cases import made

HELD_OUT = 1000  # first seed that no library uses
HYPOTHESES, SAMPLES, PORTFOLIO = 5, 32, 12
FRESH = (101, 102, 103)
TEMPERATURE = 1.0


@dataclass(frozen=True)
class Case:
    bundle: CaseBundle
    source: ReplaySource
    failed: Transcript
    _runs: dict[str, Transcript] = field(default_factory=dict)  # the same profile and seed give the same run

    def run(self, profile: Profile, seed: int) -> Transcript:
        key = f"{profile} {seed if profile.temperature else 0}"
        if key not in self._runs:
            self._runs[key] = loop.run(
                OfflineAgent(),
                self.bundle.task,
                self.source.open(),
                seed=seed,
                profile=profile,
                budget=Budget(steps=25),
            )
        return self._runs[key]

    def passes(self, transcript: Transcript) -> bool:
        return evaluate(transcript, self.bundle.answer).verdict == "success"

    def ground(self) -> Ground:
        file = CaseFile(self.bundle.task)
        for step in self.failed.steps:
            file.add(step)
        hops = distances(file.symptom_components(), file.edges)
        return Ground(self.failed, tuple(file.evidence), self.bundle.task, hops)


def blind(transcript: Transcript) -> float:
    """What an evaluator sees that does not know the answer."""
    result = evaluate(transcript, None)
    coherence = next((score.value for score in result.scores if score.dimension == "coherence"), None)
    return blind_score(transcript.diagnosis, result.grounded, coherence)


def failed_cases(wanted: int, first: int, keep: Path | None) -> tuple[list[Case], int]:
    """Held-out cases that the untaught agent fails, over all classes and systems; and how many were tried."""
    names = [name for name, fault in sorted(faults().items()) if fault.category != "none"]
    keys = [(system, name, first + seed) for seed in range(4) for name in names for system in sorted(systems())]
    found, tried = [], 0
    for _, bundle in made(keys, keep):
        tried += 1
        source = ReplaySource(bundle.task.tools, bundle.recordings, inventory=inventory_of(bundle.recordings))
        plain = loop.run(OfflineAgent(), bundle.task, source.open())
        case = Case(bundle, source, plain)
        if not case.passes(plain):
            found.append(case)
        if len(found) == wanted:
            break
    return found, tried


def measure(cases: list[Case]) -> dict:
    operators: dict[str, Counter] = defaultdict(Counter)
    passed: Counter[str] = Counter()
    selected: dict[int, Counter] = {count: Counter() for count in (1, 2, 4, 8, PORTFOLIO)}
    runs: Counter[str] = Counter()
    for case in cases:
        ground = case.ground()
        seeded = [one.profile for one in _first(OPERATORS["hypothesis"](ground), HYPOTHESES)]
        passed["hypotheses"] += any(case.passes(case.run(profile, 0)) for profile in seeded)
        samples = [case.run(Profile(temperature=TEMPERATURE), seed) for seed in range(SAMPLES)]
        passed["temperature"] += any(map(case.passes, samples))
        runs["hypotheses"] += len(seeded)
        runs["temperature"] += len(samples)
        for name, make_candidates in OPERATORS.items():
            for candidate in _first(make_candidates(ground), 3):
                operators[name]["branches"] += 1
                operators[name]["passed"] += case.passes(case.run(candidate.profile, 0))
        branches = plan(
            case.failed, evidence=ground.evidence, task=case.bundle.task, runs=PORTFOLIO, hops=dict(ground.hops)
        )
        made = [(case.run(branch.profile, branch.seed), branch.profile) for branch in branches]
        passed["portfolio"] += any(case.passes(transcript) for transcript, _ in made)
        for count, tally in selected.items():
            _select(case, made[:count], tally)
    n = len(cases)
    return {
        "n": n,
        f"pass@{HYPOTHESES} hypothesis-seeded": passed["hypotheses"],
        f"pass@{SAMPLES} temperature {TEMPERATURE}": passed["temperature"],
        f"pass@{PORTFOLIO} portfolio": passed["portfolio"],
        "runs": dict(runs),
        "curve": {f"N={count}": dict(tally) for count, tally in selected.items()},
        "operators": {name: dict(tally) for name, tally in sorted(operators.items())},
    }


def _select(case: Case, made: list, tally: Counter) -> None:
    """pass@N, what the evaluator picks of N, and whether that repeats on two of three fresh seeds."""
    best, profile = max(made, key=lambda pair: blind(pair[0]))
    tally["pass"] += any(case.passes(transcript) for transcript, _ in made)
    tally["selected right"] += case.passes(best)
    fresh = replace(profile, temperature=max(profile.temperature, 0.2))
    named = _named(best)
    again = [case.run(fresh, seed) for seed in FRESH]
    if named and sum(_named(transcript) == named for transcript in again) >= 2:
        tally["confirmed"] += 1
        tally["confirmed right"] += case.passes(best)


def _named(transcript: Transcript) -> tuple[str, str] | None:
    causes = transcript.diagnosis.root_causes if transcript.diagnosis else ()
    return (causes[0].component, causes[0].fault_class) if causes else None


def _first(candidates, count: int) -> list:
    return [candidate for candidate, _ in zip(candidates, range(count), strict=False)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=40, help="failed cases to explore")
    parser.add_argument("--from", type=int, default=HELD_OUT, dest="first", help="the first seed")
    parser.add_argument("--keep", type=Path, help="a folder to keep the lab's cases in")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    start = time.monotonic()
    cases, tried = failed_cases(options.cases, options.first, options.keep)
    figures = {
        "python": sys.version.split()[0],
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[1], 1),
        "untaught": {"failed": len(cases), "of": tried},
        **measure(cases),
        "seconds": round(time.monotonic() - start, 1),
    }
    print(json.dumps(figures, indent=1))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
