"""Can the lab be solved by looks, without reasoning?

    python tests/benchmarks/looks.py [--seeds N] [--json FILE]

Two matchers that understand nothing are given every recording of a case at once. The nearest neighbour
knows the library's cases: lines as templates (numbers, names and identifiers masked) and series as what
each column did, weighed by how rare they are. The keyword matcher knows the classes' names only. Both
are scored on the class alone, on seeds the library does not have, on both systems; both must stay below
one half. The templates that give most away are listed, so that the simulator can be made honest.
"""

import argparse
import json
import math
import re
import sys
from collections import Counter, defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from sandbox.lab.case import faults, make, systems  # noqa: E402
from sandbox.lab.library import HELD_OUT_FROM, plan  # noqa: E402

LIMIT = 0.5
NUMBER = re.compile(r"\d+(?:[.:]\d+)*")
HASHED = re.compile(r"\b(?=[a-z]*\d)[0-9a-z]{5,16}\b")
WORD = re.compile(r"[a-z]{3,}")
ALARM = re.compile(r"\b(?:ERROR|WARN|FATAL|Warning)\b|error=")


def names_of(bundle):
    """What the case itself calls components: masked, since another system calls them otherwise."""
    topology = next(each.output for each in bundle.recordings if each.tool == "get_topology" and not each.arguments)
    found = set(re.findall(r"^([\w-]+): ", topology, re.M))
    for each in bundle.recordings:
        found |= {str(value) for key, value in each.arguments.items() if key in ("service", "table", "name", "target")}
    return re.compile("|".join(sorted(map(re.escape, found), key=len, reverse=True)))


def templates(bundle):
    """Everything a case shows, as a set of looks."""
    names, looks = names_of(bundle), set()
    for each in bundle.recordings:
        if each.tool == "get_metrics":
            looks |= {f"series {what}" for what in movements(each.output)}
            continue
        for line in each.output.splitlines():
            masked = NUMBER.sub("#", HASHED.sub("#", names.sub("@", line)))
            looks.add(f"{each.tool} {' '.join(masked.split())}"[:160])
    return frozenset(looks)


def movements(text):
    """(column, what it did) of a table of series."""
    rows = [line.split(",") for line in text.splitlines() if "," in line and not line.startswith("#")]
    if len(rows) < 12:
        return
    for column, name in enumerate(rows[0][1:], 1):
        values = [float(row[column]) for row in rows[1:]]
        before, now = sum(values[:10]) / 10, sum(values[-4:]) / 4
        ratio = (now + 1e-6) / (before + 1e-6)
        for bound, said in ((5, "soars"), (1.5, "rises"), (0.67, "stays"), (0.2, "falls"), (-1, "collapses")):
            if ratio > bound:
                yield f"{name} {said}"
                break


class Nearest:
    """Cosine similarity of rare looks with the library's cases."""

    def __init__(self, known):
        self.known = known
        seen = Counter(look for _, looks in known for look in looks)
        self.weight = {look: math.log((1 + len(known)) / count) for look, count in seen.items()}
        self.norm = [self._norm(looks) for _, looks in known]

    def _norm(self, looks):
        return math.sqrt(sum(self.weight.get(look, 0.0) ** 2 for look in looks)) or 1.0

    def guess(self, looks):
        best = max(
            range(len(self.known)),
            key=lambda at: sum(self.weight[look] ** 2 for look in self.known[at][1] & looks) / self.norm[at],
        )
        return self.known[best][0]


class Keywords:
    """The class whose name's words the alarming lines say most often, rare words first."""

    def __init__(self, classes, spoken):
        self.classes = {name: set(WORD.findall(name.replace("_", " "))) for name in classes}
        count = Counter(word for words in spoken for word in words)
        self.weight = {word: math.log((1 + len(spoken)) / (1 + count[word])) for word in count}

    def guess(self, words):
        def score(name):
            own = self.classes[name]
            return sum(self.weight.get(word, 0.0) for word in own & words.keys()) / math.sqrt(len(own))

        return max(sorted(self.classes), key=score)


def alarming(bundle):
    lines = (line for each in bundle.recordings for line in each.output.splitlines() if ALARM.search(line))
    return Counter(word for line in lines for word in WORD.findall(line.lower()))


def measure(seeds):
    known = [(fault, make(system, fault, seed)) for system, fault, seed in plan()]
    nearest = Nearest([(fault, templates(bundle)) for fault, bundle in known])
    keywords = Keywords(faults(), [alarming(bundle) for _, bundle in known])
    tally, wrong = defaultdict(Counter), Counter()
    by_class, right_by_class = defaultdict(set), Counter()
    for system in systems():
        for fault in faults():
            for seed in range(HELD_OUT_FROM, HELD_OUT_FROM + seeds):
                bundle = make(system, fault, seed)
                looks = templates(bundle)
                by_class[fault] |= looks
                for name, guess in (
                    ("nearest", nearest.guess(looks)),
                    ("keywords", keywords.guess(alarming(bundle))),
                ):
                    tally[name, system]["n"] += 1
                    tally[name, system]["right"] += guess == fault
                    if name == "nearest":
                        wrong[fault, guess] += guess != fault
                        right_by_class[fault] += guess == fault
    shares = {
        name: {
            **{system: dict(tally[name, system]) for system in systems()},
            "accuracy": round(
                sum(tally[name, system]["right"] for system in systems())
                / sum(tally[name, system]["n"] for system in systems()),
                3,
            ),
        }
        for name in ("nearest", "keywords")
    }
    holders = Counter(look for looks in by_class.values() for look in looks)
    own = {
        fault: sorted(look for look in looks if holders[look] == 1 and not look.startswith("get_traces"))[:3]
        for fault, looks in by_class.items()
    }
    return {
        "library": len(known),
        "classes": len(faults()),
        "chance": round(1 / len(faults()), 3),
        **shares,
        "given_away": {fault: own[fault] for fault, count in right_by_class.items() if count},
        "taken_for": [f"{one} for {other}: {count}" for (one, other), count in wrong.most_common(8)],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=2, help="held-out seeds of each class and system")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    figures = measure(options.seeds)
    print(json.dumps(figures, indent=1))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")
    return 0 if max(figures[name]["accuracy"] for name in ("nearest", "keywords")) < LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
