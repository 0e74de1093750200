"""Does the evaluation find one thing wrong in an otherwise right diagnosis, and leave the right ones alone?

    python -m tests.benchmarks.planted [--seed N] [--cases-from N] [--each N] [--recorded DIR] [--json FILE] [--show]

Right diagnoses (experts' sessions and the offline agent's successes on lab cases of seeds ``--cases-from`` up; with
``--recorded`` also its successes on a folder of case bundles) are taken as they are, and once more with one defect of
one kind planted by ``--seed``. As many are clean as are spoiled.

A diagnosis counts as flagged when its score of evidence or of coherence is below 1, or any finding names one of its
claims: something is said to be wrong with the reasoning, whatever is said of the answer. This rule was fixed before
any figure was seen. Precision = spoiled among the flagged, recall = flagged among the spoiled; both must be at
least .95. False alarms are counted by the code of their findings.
"""

import argparse
import json
import os
import sys
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from cases.evaluation.registry import evaluate
from tests.benchmarks.planting.bases import Base, lab, recorded
from tests.benchmarks.planting.defects import KINDS, Spoiled
from tests.benchmarks.planting.writing import written_up

REASONING = ("evidence", "coherence")
FROM, SEEDS, RECORDED = 5000, 2, 60
LEAST = 0.95


@dataclass(frozen=True)
class Verdict:
    flagged: bool
    codes: tuple[str, ...]
    words: tuple[str, ...]


def judged(base: Base) -> Verdict:
    """What the evaluation says of the base's diagnosis, by the rule above."""
    result = evaluate(base.transcript, base.answer)
    low = [
        score for score in result.scores if score.dimension in REASONING and score.value is not None and score.value < 1
    ]
    named = [finding for finding in result.findings if finding.claim]
    return Verdict(
        bool(low or named),
        tuple(sorted({str(finding.code) for finding in result.findings})),
        (
            *(f"{score.dimension} {score.value:.2f}: {score.reason}" for score in low),
            *(f"{finding.code} {finding.claim}: {finding.text}" for finding in result.findings),
        ),
    )


def gathered(first_seed: int, seeds: int, folder: Path | None, drawn: Random) -> tuple[list[Base], list[str]]:
    """The bases, written up and in the order of chance; and the cases that could not be made."""
    made = [*lab(first_seed, seeds), *(recorded(folder, RECORDED) if folder else ())]
    bases = [
        replace(base, transcript=written_up(base.transcript, Random(f"{base.name}/{base.hand}")))
        for base in made
        if isinstance(base, Base)
    ]
    drawn.shuffle(bases)
    return bases, [each for each in made if isinstance(each, str)]


def planted(bases: list[Base], each: int, seed: int) -> list[tuple[Base, str, Spoiled]]:
    """``each`` defects of every kind, no base used twice; the kinds that find least room choose first."""
    free, done = list(bases), []
    for kind, plant in KINDS.items():
        count = 0
        for base in list(free):
            if count == each:
                break
            if spoiled := plant(base, Random(f"{seed}/{kind}/{base.name}/{base.hand}"), bases):
                done.append((base, kind, spoiled))
                free.remove(base)
                count += 1
    return done


def share(hits: int, n: int) -> dict:
    return {"share": round(hits / n, 4) if n else None, "hits": hits, "n": n}


def measured(planted_in: list[tuple[Base, str, Spoiled]]) -> tuple[dict, dict]:
    """The figures, and the texts of what was missed and of the false alarms."""
    found, codes, kinds, ways = Counter(), Counter(), Counter(), Counter()
    found_ways, hands = Counter(), Counter()
    missed, alarms = [], []
    for base, kind, spoiled in planted_in:
        verdict = judged(replace(base, transcript=replace(base.transcript, diagnosis=spoiled.diagnosis)))
        way = f"{kind}: {spoiled.how}"
        kinds[kind] += 1
        ways[way] += 1
        found[kind] += verdict.flagged
        found_ways[way] += verdict.flagged
        if not verdict.flagged:
            missed.append({"base": base.name, "hand": base.hand, "way": way, "what": spoiled.what})
        clean = judged(base)
        hands[f"{base.hand}, {base.source}"] += 1
        if clean.flagged:
            codes.update(clean.codes or ["no finding"])
            alarms.append({"base": base.name, "hand": base.hand, "words": clean.words})
    hits, n = sum(found.values()), len(planted_in)
    figures = {
        "spoiled": n,
        "clean": n,
        "bases": dict(sorted(hands.items())),
        "precision": share(hits, hits + len(alarms)),
        "recall": share(hits, n),
        "recall_by_kind": {kind: share(found[kind], kinds[kind]) for kind in KINDS},
        "recall_by_way": {way: share(found_ways[way], ways[way]) for way in sorted(ways)},
        "false_alarms": {
            **share(len(alarms), n),
            "by_hand": dict(sorted(Counter(alarm["hand"] for alarm in alarms).items())),
            "by_code": dict(codes.most_common()),
        },
    }
    return figures, {"missed": missed, "false_alarms": alarms}


def main(arguments=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1, help="of the planting")
    parser.add_argument("--cases-from", type=int, default=FROM, help="first seed of the lab cases")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="how many seeds of lab cases")
    parser.add_argument("--each", type=int, default=36, help="defects of each kind")
    parser.add_argument("--recorded", type=Path, help="a folder of case bundles")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--show", action="store_true", help="tell what was missed and each false alarm")
    options = parser.parse_args(arguments)
    began = time.perf_counter()
    bases, unmade = gathered(options.cases_from, options.seeds, options.recorded, Random(options.seed))
    figures, told = measured(planted(bases, options.each, options.seed))
    figures |= {
        "seed": options.seed,
        "cases_from": options.cases_from,
        "not_made": unmade,
        "seconds": round(time.perf_counter() - began, 1),
        "cores": os.cpu_count(),
    }
    if options.show:
        figures |= told
    print(json.dumps(figures, indent=1))
    if options.json:
        options.json.write_text(json.dumps(figures | told, indent=1) + "\n")
    shares = [figures[name]["share"] or 0.0 for name in ("precision", "recall")]
    return 0 if min(shares) >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
