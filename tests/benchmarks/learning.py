"""Does what the loop learns help on cases it did not learn from?

    python tests/benchmarks/learning.py [--split same_classes|new_classes] [--limit N] [--json FILE]

Imports the recorded cases beside the repository into a scratch database, confirms the library part
of the split, runs the loop over it with approvals by flag, and measures library and held-out part
with empty knowledge and with what was learned: exact (component and fault class) and class alone,
each with its n; losses; calls; how often a learned rule fired and changed a conclusion, and how
often for the worse. ``--others`` measures the other folders of recorded cases with the same knowledge.
"""

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("CLOUDMATE_SHARED") or ROOT.parent / "shared")
CASES = SHARED / "cases"
PARTS = {"same_classes": ("library", "twin"), "new_classes": ("learn", "unseen")}
FLOOR = {"class": 0.73, "exact": 0.38}  # of the twins, without agent or rules; from the README of the recorded cases
OTHERS = ("holmesgpt", "nezha", "opensre_synthetic", "rootcausebench")


@dataclass(frozen=True)
class Measured:
    """One case under one knowledge."""

    exact: bool | None
    same_class: bool | None
    calls: int
    conclusion: str
    fired: bool  # a learned rule changed a call or the conclusion


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--split", choices=sorted(PARTS), default="same_classes")
    parser.add_argument("--limit", type=int, help="only the first N cases of each part, for a quick look")
    parser.add_argument("--others", action="store_true", help="measure the other folders too")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if not CASES.is_dir():
        print(f"no recorded cases at {CASES}", file=sys.stderr)
        return 2
    data = tempfile.mkdtemp(prefix="cloudmate-learning-")
    os.environ |= {
        "CLOUDMATE_DATA": data,
        "DJANGO_SETTINGS_MODULE": "cloudmate.settings",
        "CLOUDMATE_LOG_LEVEL": "ERROR",
    }
    sys.path.insert(0, str(ROOT))
    try:
        import django

        django.setup()
        figures = measure(options)
    finally:
        shutil.rmtree(data, ignore_errors=True)
    print(json.dumps(figures, indent=1))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")
    return 1 if figures["losses"] else 0


def measure(options) -> dict:
    from django.contrib.auth import get_user_model
    from django.contrib.auth.models import Group
    from django.core.management import call_command

    from cases import library
    from cases.access import make_roles
    from cases.models import Case, System
    from rules import evolution, versions
    from rules.models import Patch
    from sandbox.importers import bundles
    from sandbox.importers.store import bring_in

    call_command("migrate", run_syncdb=True, verbosity=0)
    make_roles()
    people = [get_user_model().objects.create_user(name) for name in ("lead", "reviewer")]
    for person in people:
        person.groups.add(Group.objects.get(name=person.username))
    lead, reviewer = people
    split = json.loads((CASES / "split.json").read_text())[options.split]
    known, held_out = (split[name][: options.limit] for name in PARTS[options.split])
    cases: dict[str, Case] = {}
    start = time.monotonic()
    for name in [*known, *held_out]:
        for bundle in bundles.read(CASES / "cloudopsbench" / f"{name}.json"):
            bring_in(bundle)
            cases[name] = Case.objects.get(origin=bundle.identity[0], origin_path=bundle.identity[1])
    System.objects.update(policy=System.Policy.MANUAL)
    confirmed = library.confirm_in_bulk([cases[name] for name in known], by=lead)
    if len(confirmed) != len(known):
        raise SystemExit(f"only {len(confirmed)} of {len(known)} cases could be confirmed")
    imported = time.monotonic() - start

    before = {name: run(case, versions.knowledge(versions.head())) for name, case in cases.items()}
    start = time.monotonic()
    learn = Case.objects.filter(pk__in=[cases[name].pk for name in known])
    evolved = evolution.evolve(learn, approve_as=reviewer, on_progress=lambda told: print(told.words, file=sys.stderr))
    learned = time.monotonic() - start
    knowledge = versions.knowledge(evolved.after)
    after = {name: run(case, knowledge) for name, case in cases.items()}
    figures = {
        "python": sys.version.split()[0],
        "cores": os.cpu_count(),
        "split": options.split,
        "seconds": {"import": round(imported, 1), "loop": round(learned, 1)},
        "rules": len(knowledge.rules),
        "patches": {
            state: Patch.objects.filter(state=state).count()
            for state in Patch.objects.order_by().values_list("state", flat=True).distinct()
        },
        PARTS[options.split][0]: compared(known, before, after),
        PARTS[options.split][1]: compared(held_out, before, after),
        "nearest_neighbour_floor": FLOOR,
        "losses": sum(before[name].exact is True and after[name].exact is not True for name in known),
    }
    if options.others:
        figures["others"] = {folder: others(folder, knowledge) for folder in OTHERS}
    return figures


def others(folder: str, knowledge) -> dict:
    from cases.models import Case
    from sandbox.importers import bundles
    from sandbox.importers.store import bring_in
    from sandbox.knowledge.rule import EMPTY
    from sandbox.runs import snapshot_of

    cases = {}
    for path in sorted((CASES / folder).glob("*.json")):
        for bundle in bundles.read(path):
            bring_in(bundle)
            case = Case.objects.get(origin=bundle.identity[0], origin_path=bundle.identity[1])
            if snapshot_of(case.current):
                cases[bundle.name] = case
    before = {name: run(case, EMPTY) for name, case in cases.items()}
    after = {name: run(case, knowledge) for name, case in cases.items()}
    return compared(list(cases), before, after)


def run(case, knowledge) -> Measured:
    from cases import recording
    from cases.evaluation.components import same_class
    from cases.evaluation.registry import evaluate
    from sandbox import capture, runs

    source = capture.source_of(runs.snapshot_of(case.current))
    transcript = runs.play(source, recording.task_of(case.current), knowledge=knowledge)
    answer = case.current.parsed_answer()
    result = evaluate(transcript, answer)
    leading = transcript.diagnosis.root_causes[0] if transcript.diagnosis and transcript.diagnosis.root_causes else None
    wanted = answer.causes[0].fault_class if answer and answer.causes else ""
    uses = [use for step in transcript.steps for use in step.rules] + list(transcript.concluding_rules)
    return Measured(
        exact=result.correct,
        same_class=(same_class(leading.fault_class, wanted) if leading else False) if wanted else None,
        calls=len(transcript.steps),
        conclusion=f"{leading.fault_class} at {leading.component}"
        if leading
        else str(transcript.diagnosis.conclusion if transcript.diagnosis else "none"),
        fired=any(use.how == "fired" for use in uses),
    )


def compared(names, before, after) -> dict:
    """Old beside new, each share with its n."""
    changed = [name for name in names if after[name].fired and before[name].conclusion != after[name].conclusion]
    worse = [name for name in changed if before[name].exact is True and after[name].exact is not True]

    def share(results, part):
        values = [getattr(results[name], part) for name in names]
        settled = [value for value in values if value is not None]
        return {"passed": sum(settled), "n": len(settled)}

    return {
        "n": len(names),
        "exact": {"old": share(before, "exact"), "new": share(after, "exact")},
        "class": {"old": share(before, "same_class"), "new": share(after, "same_class")},
        "median_calls": {
            "old": statistics.median([before[name].calls for name in names] or [0]),
            "new": statistics.median([after[name].calls for name in names] or [0]),
        },
        "rule_fired": sum(after[name].fired for name in names),
        "conclusion_changed_by_a_rule": len(changed),
        "changed_for_the_worse": len(worse),
    }


if __name__ == "__main__":
    sys.exit(main())
