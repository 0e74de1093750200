import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.knowledge.language import RuleSyntaxError, lint, parse_rule
from sandbox.knowledge.patterns import LONGEST, endless, problem_of
from sandbox.knowledge.rule import EvidenceTest, Implies, Rule

HARMLESS = (
    "",
    "pool",
    "slow quer(y|ies)",
    "(seq|index) scan",
    r"connections?.*(full|exhausted).*timed? out",
    r"\d+ of \d+ connections",
    r"waiting for (lock|transaction) .* held by",
    r"Back-?Off",
    r"(?:timeout|timed out|deadline exceeded|connection (refused|reset))",
    r"^OOMKilled$",
    r"no such (table|column|index)s?\b",
    r"\w+\s+\w+\s+\w+",
    r"(ab)+",
    r"(?<!not )ready",
)
ENDLESS = (
    r"(x+)+y",
    r"((x+))+y",
    r"(?:.|.)+!",
    r"(a|aa)+!",
    r"(?:a?){26}!",
    r"(a{1,9}){1,9}!",
    r"(\w+\s?)*!",
    r"a?" * 40 + "b",
    r"(a|a)" * 30 + "b",
    r".*.*.*.*!",
    r"(?=(x+x+)+y)",
)


@pytest.mark.parametrize("pattern", HARMLESS)
def test_patterns_that_people_write_are_harmless(pattern):
    assert not endless(pattern)


@pytest.mark.parametrize("pattern", ENDLESS)
def test_patterns_that_multiply_are_endless(pattern):
    assert endless(pattern)


@given(st.text("ab.*+?|(){}1,", max_size=14))
def test_what_is_not_endless_is_searched_in_reasonable_time(pattern):
    if not problem_of(pattern):
        started = time.process_time()
        re.search(pattern, "ab" * (LONGEST // 8) + "a" * (LONGEST // 8), re.IGNORECASE)
        assert time.process_time() - started < 2


def test_a_rule_with_an_endless_pattern_is_refused_at_the_word():
    with pytest.raises(RuleSyntaxError) as caught:
        parse_rule('RULE a WHEN evidence(log, "(?:a?){26}!") THEN ADVISE "x"')
    assert (caught.value.line, caught.value.column, caught.value.word, caught.value.message) == (
        1,
        27,
        '"(?:a?){26}!"',
        "it repeats what can repeat or vary in itself: a search could take for ever",
    )


@pytest.mark.parametrize(
    "text",
    [
        'RULE a WHEN evidence(log, "x") THEN IMPLY x WEIGHT 1e999',
        'RULE a WHEN evidence(log, "x") THEN ADVISE "\\u0000"',
        'RULE a WHEN evidence(log, "x\\ud800") THEN IMPLY x',
        'RULE a WHEN evidence(log, "x") THEN REQUIRE t(n = 1e999) BEFORE CONCLUDE',
        f'RULE {"a" * 121} WHEN evidence(log, "x") THEN IMPLY x',
        f'RULE a WHEN evidence(log, "x") THEN REQUIRE t(n = {"[" * 3000}{"]" * 3000}) BEFORE CONCLUDE',
        f'RULE a WHEN evidence(log, "{"(" * 3000}{")" * 3000}") THEN IMPLY x',
        'RULE a WHEN evidence(log, "x{99999999999999999999}") THEN IMPLY x',
        f'RULE a WHEN evidence(log, "x") THEN IMPLY {"x" * 20_000}',
    ],
)
def test_what_cannot_be_kept_is_refused_in_words(text):
    with pytest.raises(RuleSyntaxError):
        parse_rule(text)


def test_lint_names_an_endless_pattern_of_a_rule_that_was_never_text():
    rule = Rule("a", (EvidenceTest("log", "(x+)+y"),), (Implies("x"),), "why")
    assert lint(rule) == ["when[0].pattern: it repeats what can repeat or vary in itself: a search could take for ever"]
