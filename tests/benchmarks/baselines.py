"""What learning is measured against: rules drawn at random, as many and of the same make as those that were learned."""

import random
import re
from dataclasses import replace

from sandbox.knowledge.evidence import Evidence
from sandbox.knowledge.rule import EvidenceTest, Implies, Knowledge, Rule, SymptomOf

WORDS = 3  # of a phrase that was seen, joined as a learned pattern is


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
