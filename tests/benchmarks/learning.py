"""Does what the loop learns help on cases it did not learn from?

    python -m tests.benchmarks.learning [--split same_classes|new_classes|lab] [--seeds N] [--from SEED] [--keep FOLDER] [--json FILE] [--learned FILE]

Brings cases into a scratch database, confirms the part to learn from, runs the loop over it with
approvals by flag, and measures that part and the held-out ones with empty knowledge and with what was
learned: exact (component and fault class) and class alone, each with its n; losses; calls; how often a
learned rule fired and changed a conclusion, and how often for the worse; how many of the experts' next
calls are among the agent's first three (``--guided`` also teaches what the experts of the part to learn from did
next); and, beside it, rule sets of the same size drawn at random, and the nearest neighbour over all recordings.

``same_classes`` and ``new_classes`` are the splits of the recorded cases beside the repository; ``--others``
measures their other folders, and the lab's second system, with the same knowledge. ``lab`` learns from two
seeds of every class in the lab's first system, and holds out other seeds, those with the fault at another component
told apart, and the second system. ``--keep`` keeps the lab's cases in a folder, which takes as long as learning.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

from tests.benchmarks.measuring import compared, critic_timed, measured, next_actions, share

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("CLOUDMATE_SHARED") or ROOT.parent / "shared")
CASES = SHARED / "cases"
PARTS = {"same_classes": ("library", "twin"), "new_classes": ("learn", "unseen")}
SHARED_BY, MOST_TAUGHT, BATCH = 2, 40, 2  # sessions that teach a call alike; calls tried, so many to a patch
LEARN_SEEDS = (1, 2)  # of each lab class
RANDOM = 3  # rule sets drawn at random
OTHERS = ("holmesgpt", "nezha", "opensre_synthetic", "rootcausebench")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--split", choices=[*sorted(PARTS), "lab"], default="same_classes")
    parser.add_argument("--limit", type=int, help="only the first N cases of each part, for a quick look")
    parser.add_argument("--others", action="store_true", help="measure the other folders too")
    parser.add_argument("--guided", action="store_true", help="teach what the library's experts did next, too")
    parser.add_argument("--seeds", type=int, default=1, help="held-out seeds of each lab class and system")
    parser.add_argument("--from", type=int, default=1000, dest="first", help="the first of the held-out seeds")
    parser.add_argument("--keep", type=Path, help="a folder to keep the lab's cases in")
    parser.add_argument("--learned", type=Path, help="a file to write the learned rules to")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if options.split != "lab" and not CASES.is_dir():
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
    from django.core.management import call_command

    from cases import library
    from cases.models import Case, System
    from rules import evolution, versions
    from rules.models import Patch
    from sandbox.knowledge.language import text_of
    from sandbox.knowledge.rule import EMPTY
    from tests.benchmarks.baselines import nearest_neighbour

    call_command("migrate", run_syncdb=True, verbosity=0)
    lead, reviewer = people()
    start = time.monotonic()
    bring = lab_parts(options) if options.split == "lab" else recorded_parts(options.split, options.limit)
    first, *held_out = bring
    known = bring[first]()
    System.objects.update(policy=System.Policy.MANUAL)
    confirmed = library.confirm_in_bulk(list(known.values()), by=lead)
    if len(confirmed) != len(known):
        raise SystemExit(f"only {len(confirmed)} of {len(known)} cases could be confirmed")
    imported = time.monotonic() - start
    start = time.monotonic()
    learn = Case.objects.filter(pk__in=[case.pk for case in known.values()])
    with critic_timed() as critic:
        evolution.evolve(learn, approve_as=reviewer, on_progress=lambda told: print(told.words, file=sys.stderr))
    learned = time.monotonic() - start
    start = time.monotonic()
    guided = taught_by_experts(known.values(), learn, lead, reviewer) if options.guided else None
    taught = time.monotonic() - start
    start = time.monotonic()
    parts = {first: known} | {part: bring[part]() for part in held_out}  # the loop has not even their names
    knowledge = versions.knowledge(versions.head())
    if options.learned:
        options.learned.write_text("\n".join(map(text_of, knowledge.rules)))
    drawn = random_rules(knowledge, known)
    everything = {f"{part}/{name}": case for part, cases in parts.items() for name, case in cases.items()}
    (before,) = measured(everything, EMPTY)
    after, *by_chance = measured(everything, knowledge, *drawn, before=before)
    of = {part: [f"{part}/{name}" for name in cases] for part, cases in parts.items()}
    held = [everything[name] for part in held_out for name in of[part]]
    figures = {
        "python": sys.version.split()[0],
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[1], 1),
        "split": options.split,
        "seconds": {"import": round(imported, 1), "loop": round(learned, 1), "guidance": round(taught, 1)},
        "critic_seconds": {
            "n": len(critic),
            "median": round(median(critic or [0]), 2),
            "max": round(max(critic or [0]), 2),
        },
        "rules": len(knowledge.rules),
        "patches": {
            state: Patch.objects.filter(state=state).count()
            for state in Patch.objects.order_by().values_list("state", flat=True).distinct()
        },
        "guided": guided,
        **{part: compared(names, before, after) for part, names in of.items()},
        "elsewhere": elsewhere(known, {part: parts[part] for part in held_out}, before, after),
        "expert_next_call": {"old": next_actions(held, EMPTY), "new": next_actions(held, knowledge)},
        "random_rules": [
            {
                part: {kind: share(names, results, kind) for kind in ("exact", "same_class")}
                for part, names in of.items()
            }
            for results in by_chance
        ],
        "nearest_neighbour": nearest_neighbour(known, {part: parts[part] for part in held_out}),
        "losses": compared(of[first], before, after)["lost"],
    }
    if options.others:
        figures["others"] = {folder: others(folder, knowledge) for folder in OTHERS}
        figures["others"]["lab, second system"] = other_system(knowledge, options)
    figures["seconds"]["measuring"] = round(time.monotonic() - start, 1)
    return figures


def elsewhere(known, held_out, before, after) -> dict:
    """Of the held-out cases, those whose fault is at a component where no case learned from has a fault of this class."""
    seen = {(one.component, one.fault_class) for case in known.values() for one in case.current.parsed_answer().causes}
    found = {}
    for part, cases in held_out.items():
        other = {
            f"{part}/{name}": case
            for name, case in cases.items()
            if not seen & {(one.component, one.fault_class) for one in case.current.parsed_answer().causes}
        }
        exact = {arm: share(list(other), results, "exact") for arm, results in (("old", before), ("new", after))}
        found[part] = {"n": len(other), "exact": exact}
    return found


def taught_by_experts(cases, learn, lead, reviewer) -> dict:
    """The calls that experts made next and the agent did not, taught in batches; the gate decides on each."""
    from cases.models import Session
    from rules import evolution, guided, patches
    from rules.models import Patch
    from sandbox import guidance

    derivations = []
    for case in cases:
        session = case.sessions.filter(actor=Session.Actor.EXPERT).order_by("pk").first()
        if session is not None:
            derivations.append(guidance.offer(session, by=lead).derivation)
            guidance.derive(derivations[-1])
    rules = guided.rules_of(derivations, least=SHARED_BY)
    states = []
    for at in range(0, min(len(rules), MOST_TAUGHT), BATCH):
        patch = patches.draft(title=f"experts' calls {at}", add=rules[at : at + BATCH], by=lead, source="expert")
        patches.propose(patch, by=lead)
        evolution.evolve(learn, approve_as=reviewer)
        patch.refresh_from_db()
        states.append(patch.state)
    merged = Patch.objects.filter(state=Patch.State.MERGED, title__startswith="experts' calls").count()
    return {
        "sessions": len(derivations),
        "rules": len(rules),
        "tried": len(states) * BATCH,
        "merged batches": merged,
        "of": len(states),
    }


def people():
    """A lead who confirms and a reviewer who approves."""
    from django.contrib.auth import get_user_model
    from django.contrib.auth.models import Group

    from cases.access import make_roles

    make_roles()
    found = [get_user_model().objects.create_user(name) for name in ("lead", "reviewer")]
    for person in found:
        person.groups.add(Group.objects.get(name=person.username))
    return found


def stored(bundle):
    """The case of a bundle, brought in."""
    from cases.models import Case
    from sandbox.importers.store import bring_in

    bring_in(bundle)
    return Case.objects.get(origin=bundle.identity[0], origin_path=bundle.identity[1])


Parts = dict[str, Callable[[], dict]]  # part -> what brings its cases in, by name; the part to learn from first


def recorded_parts(split: str, limit: int | None) -> Parts:
    names = json.loads((CASES / "split.json").read_text())[split]
    return {part: partial(recorded_cases, names[part][:limit]) for part in PARTS[split]}


def recorded_cases(names) -> dict:
    from sandbox.importers import bundles

    return {name: stored(bundle) for name in names for bundle in bundles.read(CASES / "cloudopsbench" / f"{name}.json")}


def lab_parts(options) -> Parts:
    """Two seeds of every class in the first system; held out: its other seeds, and the second system whole."""
    from sandbox.lab import faults, systems
    from tests.benchmarks.lab_cases import held_out_keys

    first, *rest = systems()
    parts = {"library": [(first, name, seed) for name in faults() for seed in LEARN_SEEDS]}
    for system in (first, *rest):
        parts[f"held out, {system}"] = held_out_keys(system, seeds=options.seeds, first=options.first)
    return {part: partial(lab_cases, keys[: options.limit], options.keep) for part, keys in parts.items()}


def lab_cases(keys, keep) -> dict:
    from tests.benchmarks.lab_cases import made

    return {name: stored(bundle) for name, bundle in made(keys, keep)}


def other_system(knowledge, options) -> dict:
    from tests.benchmarks.lab_cases import held_out_keys, second_system

    keys = held_out_keys(second_system(), seeds=options.seeds, first=options.first)
    return under_both(lab_cases(keys[: options.limit], options.keep), knowledge)


def under_both(cases, knowledge) -> dict:
    """Cases that nobody learned from, untaught and taught."""
    from sandbox.knowledge.rule import EMPTY

    (before,) = measured(cases, EMPTY)
    (after,) = measured(cases, knowledge, before=before)
    return compared(list(cases), before, after)


def random_rules(knowledge, known) -> list:
    """Rule sets of the same size, drawn from what the library shows and may name."""
    from cases import recording
    from cases.models import Session
    from sandbox.agents.offline.read import evidence_of
    from tests.benchmarks.baselines import random_knowledge

    seen = []
    for case in known.values():
        session = case.sessions.filter(actor=Session.Actor.EXPERT).order_by("pk").first()
        transcript = recording.transcript_of(session) if session else None
        seen += evidence_of(transcript.task, transcript.steps) if transcript else []
    vocabulary = sorted({name for case in known.values() for name in recording.task_of(case.current).fault_classes})
    return [random_knowledge(knowledge, seen=seen, vocabulary=vocabulary, seed=seed) for seed in range(RANDOM)]


def others(folder: str, knowledge) -> dict:
    from sandbox.importers import bundles
    from sandbox.runs import snapshot_of

    cases = {
        bundle.name: case
        for path in sorted((CASES / folder).glob("*.json"))
        for bundle in bundles.read(path)
        if snapshot_of((case := stored(bundle)).current)
    }
    return under_both(cases, knowledge)


if __name__ == "__main__":
    sys.exit(main())
