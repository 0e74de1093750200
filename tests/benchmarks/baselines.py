"""What learning is measured against: rules drawn at random, and the case that was learned from which looks most alike."""

import random
import re
from collections.abc import Iterable
from dataclasses import replace

from sandbox.knowledge.evidence import Evidence
from sandbox.knowledge.rule import EvidenceTest, Implies, Knowledge, Rule, SymptomOf
from tests.benchmarks.looks import HASHED, NUMBER, Nearest, movements

WORDS = 3  # of a phrase that was seen, joined as a learned pattern is
NAMED = ("services", "deployments", "statefulsets", "components")  # kinds of things whose names are masked
LONGEST = 160  # characters of a line that is compared


def random_knowledge(learned: Knowledge, *, seen: list[Evidence], vocabulary: list[str], seed: int) -> Knowledge:
    """The learned rules with each trigger's pattern and each class drawn anew from what the library shows and may name."""
    drawn = random.Random(seed)
    rules = [
        _drawn(rule, f"random-{seed}-{number}", seen, vocabulary, drawn) for number, rule in enumerate(learned.rules)
    ]
    return Knowledge(tuple(rules))


def _drawn(rule: Rule, name: str, seen: list[Evidence], vocabulary: list[str], drawn: random.Random) -> Rule:
    when = tuple(
        _test(test, drawn.choice(seen), drawn) if isinstance(test, EvidenceTest) else test for test in rule.when
    )
    unless = tuple(
        _test(test, drawn.choice(seen), drawn) if isinstance(test, EvidenceTest) else test for test in rule.unless
    )
    then = tuple(
        replace(operator, fault_class=drawn.choice(vocabulary))
        if isinstance(operator, Implies | SymptomOf)
        else operator
        for operator in rule.then
    )
    return replace(rule, name=name, when=when, unless=unless, then=then)


def _test(test: EvidenceTest, item: Evidence, drawn: random.Random) -> EvidenceTest:
    words = [word for word in re.findall(r"[A-Za-z]{3,}", item.value) if word.lower() not in ("name", "path")]
    start = drawn.randrange(max(1, len(words) - WORDS + 1))
    pattern = ".*".join(re.escape(word) for word in words[start : start + WORDS])
    return replace(test, aspect=str(item.aspect) if test.aspect else "", pattern=pattern, kind="", tool="")


def nearest_neighbour(known: dict, parts: dict[str, dict]) -> dict:
    """The answer of the nearest case that was learned from, given all recordings of both at once.

    Lines are compared as templates, weighed by how rare they are; nothing is understood of them.
    """
    from cases.diagnosis import Conclusion, Diagnosis, RootCause
    from cases.evaluation.components import same_class
    from cases.evaluation.registry import evaluate
    from cases.recording import task_of
    from cases.transcript import Transcript

    nearest = Nearest([(case.current.parsed_answer(), looks_of(case)) for case in known.values()])
    found = {}
    for part, cases in parts.items():
        exact = alike = 0
        for case in cases.values():
            guess, answer = nearest.guess(looks_of(case)), case.current.parsed_answer()
            causes = tuple(RootCause(one.component, one.fault_class) for one in guess.causes[:1])
            conclusion = Conclusion.ROOT_CAUSE if causes else Conclusion.NO_FAULT
            said = Transcript(task_of(case.current), diagnosis=Diagnosis(conclusion, causes), stop_reason="concluded")
            exact += evaluate(said, answer).correct is True
            named, wanted = (one.causes[0].fault_class if one.causes else "" for one in (guess, answer))
            alike += named == wanted or bool(named and wanted and same_class(named, wanted))
        found[part] = {"exact": exact, "class": alike, "n": len(cases)}
    return found


def looks_of(case) -> frozenset[str]:
    """Everything that a stored case shows, as a set of looks: numbers, identifiers and the names of its components masked."""
    from sandbox import capture, runs

    snapshot = runs.snapshot_of(case.current)
    recordings = capture.recordings_of(snapshot)
    names = {name for kind in NAMED for name in snapshot.inventory.get(kind, ())}
    return looks(((one.tool, one.output) for one in recordings), names)


def looks(returns: Iterable[tuple[str, str]], names: Iterable[str]) -> frozenset[str]:
    ranked = sorted((name for name in names if len(name) > 2), key=lambda name: (-len(name), name))
    named = re.compile("|".join(map(re.escape, ranked)) or r"(?!)")
    found = set()
    for tool, output in returns:
        lines = output.splitlines()
        found |= {f"series {what}" for what in _series(lines, output)}
        for line in lines:
            masked = NUMBER.sub("#", HASHED.sub("#", named.sub("@", line[: 4 * LONGEST])))
            found.add(f"{tool} {' '.join(masked.split())}"[:LONGEST])
    return frozenset(found)


def _series(lines: list[str], output: str) -> Iterable[str]:
    """What the columns of a table of series did; nothing for any other text."""
    try:
        return list(movements(output)) if lines and lines[0].count(",") else []
    except (ValueError, IndexError):
        return []
