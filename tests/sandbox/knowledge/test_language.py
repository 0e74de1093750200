import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.knowledge.data import RuleDataError
from sandbox.knowledge.evidence import Aspect
from sandbox.knowledge.language import (
    RuleSyntaxError,
    as_data,
    from_data,
    knowledge_from,
    lint,
    parse,
    parse_rule,
    text_of,
)
from sandbox.knowledge.rule import (
    PLACES,
    SYMPTOMS,
    Advise,
    ConclusionTest,
    EvidenceTest,
    Exclude,
    Implies,
    Knowledge,
    Prefer,
    Require,
    Rule,
    SymptomOf,
    SymptomTest,
    ToolTest,
)

TEXT = """RULE check-slow-queries
WHEN evidence(saturation, "pool|connection") AND symptom = latency | errors AND NOT evidence(lock) AND tool(get_slow_queries)
UNLESS evidence(change, "deploy", component = same) OR conclusion ~ "traffic"
THEN REQUIRE get_slow_queries(service = $component, top = 3) BEFORE CONCLUDE
AND IMPLY missing_index WEIGHT 3 AT evidence
AND AVOID restart(hard = true) WEIGHT 0.5
BECAUSE "a pool at its limit is a symptom until the queries are seen"
"""
RULE = Rule(
    name="check-slow-queries",
    when=(
        EvidenceTest("saturation", "pool|connection"),
        SymptomTest(("latency", "errors")),
        EvidenceTest("lock", negated=True),
        ToolTest("get_slow_queries"),
    ),
    unless=(EvidenceTest("change", "deploy", component="same"), ConclusionTest("traffic")),
    then=(
        Require("get_slow_queries", {"service": "$component", "top": 3}),
        Implies("missing_index", 3.0, "evidence"),
        Prefer("restart", {"hard": True}, -0.5),
    ),
    because="a pool at its limit is a symptom until the queries are seen",
)


def test_rule_text_is_read_whole():
    assert parse_rule(TEXT) == RULE


def test_rule_text_is_written_as_it_was_read():
    assert text_of(RULE) == TEXT


words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)
patterns = words.map(lambda text: "".join(c if c.isalnum() else "." for c in text))
values = st.recursive(
    st.none() | st.booleans() | st.integers(-999, 999) | words,
    lambda inside: st.lists(inside, max_size=2) | st.dictionaries(words, inside, max_size=2),
    max_leaves=4,
)
arguments = st.dictionaries(words, values, max_size=2)
weights = st.floats(0.25, 9).map(lambda number: round(number, 2))
evidence_tests = st.builds(
    EvidenceTest,
    aspect=st.sampled_from([str(aspect) for aspect in Aspect]),
    pattern=st.just("") | patterns,
    kind=st.just("") | words,
    tool=st.just("") | words,
    component=st.sampled_from(["", "symptom", "same"]),
    negated=st.booleans(),
)
tests = (
    evidence_tests
    | st.builds(SymptomTest, st.lists(st.sampled_from(SYMPTOMS), min_size=1, max_size=2).map(tuple))
    | st.builds(ConclusionTest, patterns)
    | st.builds(ToolTest, words)
)
operators = (
    st.builds(Require, words, arguments)
    | st.builds(Prefer, words, arguments, weights | weights.map(lambda weight: -weight))
    | st.builds(Implies, words, weights, st.sampled_from(PLACES))
    | st.builds(SymptomOf, words, weights)
    | st.builds(Exclude, st.sampled_from([str(aspect) for aspect in Aspect]), patterns)
    | st.builds(Advise, words)
)
rules = st.builds(
    Rule,
    name=st.just("any-rule"),
    when=st.lists(tests, min_size=1, max_size=3).map(tuple),
    unless=st.lists(tests, max_size=2).map(tuple),
    then=st.lists(operators, min_size=1, max_size=3).map(tuple),
    because=st.just("") | words,
)


@given(rules)
def test_every_rule_survives_text_and_data(rule):
    assert (parse_rule(text_of(rule)), from_data(as_data(rule))) == (rule, rule)


@pytest.mark.parametrize(
    ("text", "line", "column", "word", "message"),
    [
        ("RULE", 1, 5, "", "expected a name"),
        ("RULE a\nWHEN evidence(smell) THEN ADVISE", 2, 33, "", 'expected a text in "quotes"'),
        ("RULE a\nWHEN evidence(smell) THEN ADVISE \"x\"", 2, 15, "smell", f"expected one of {', '.join(Aspect)}"),
        ('RULE a WHEN evidence(log, "(") THEN ADVISE "x"', 1, 27, '"("',
         "not a regular expression: missing ), unterminated subpattern at position 0"),
        ('RULE a WHEN evidence(log, "x', 1, 27, '"x', "the text has no closing quote"),
        ("RULE a WHEN evidence(log) THEN IMPLY x WEIGHT y", 1, 47, "y", "expected a number"),
        ("RULE a WHEN evidence(log) & THEN", 1, 27, "&", "expected AND or OR or THEN or UNLESS"),
        ('RULE a WHEN evidence() THEN ADVISE "x"', 1, 13, "evidence",
         "evidence() needs at least one of aspect, pattern, kind, tool, component"),
        ("RULE a WHEN evidence(log) THEN REQUIRE x(a = $pod) BEFORE CONCLUDE", 1, 46, "$pod",
         "expected one of $component, $namespace, $node, $object, $callee, $caller"),
        ('RULE a WHEN evidence(log) THEN ADVISE "x"\nRULE a WHEN evidence(log) THEN ADVISE "y"', 2, 6, "a",
         "another rule has this name; names must be unique"),
    ],
)  # fmt: skip
def test_wrong_text_is_refused_at_the_word(text, line, column, word, message):
    with pytest.raises(RuleSyntaxError) as caught:
        parse(text)
    problem = caught.value
    assert (problem.line, problem.column, problem.word, problem.message) == (line, column, word, message)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "a rule must be an object"),
        ({"name": ""}, "rule.name must be a text that is not empty"),
        ({"name": "a", "when": {}}, "a.then is missing: say what the rule does"),
        ({"name": "a", "when": [{"is": "smell"}]}, 'a.when[0] must be an object whose "is" is one of evidence, symptom, conclusion, tool'),
        ({"name": "a", "then": [{"is": "implies"}]}, "a.then[0].fault_class is missing"),
        ({"name": "a", "then": [{"is": "implies", "fault_class": 3}]}, "a.then[0].fault_class must be str"),
        ({"name": "a", "when": [{"is": "symptom", "families": "latency"}]}, "a.when[0].families must be tuple of texts"),
        ({"name": "a", "when": [{"is": "tool", "nam": "x"}]}, "a.when[0] has no field nam; it may have name"),
    ],
)  # fmt: skip
def test_wrong_data_is_refused_by_field(data, message):
    with pytest.raises(RuleDataError) as caught:
        from_data(data)
    assert str(caught.value) == message


def test_knowledge_has_one_digest_whatever_the_order():
    first, second = RULE, Rule("other", RULE.when, RULE.then, "why")
    assert Knowledge((first, second)).digest == knowledge_from([as_data(second), as_data(first)]).digest


def test_knowledge_with_two_rules_of_one_name_is_refused():
    with pytest.raises(RuleDataError, match="check-slow-queries occurs more than once"):
        knowledge_from([as_data(RULE), as_data(RULE)])


def test_lint_finds_nothing_in_a_good_rule():
    assert lint(RULE, known_names=["shop", "orders"]) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('RULE a WHEN evidence(log, "orders-db refused") THEN IMPLY x BECAUSE "y"', "when[0].pattern names the component 'orders-db': write $component or a class of words"),
        ('RULE a WHEN evidence(log, "10.0.0.7 refused") THEN IMPLY x BECAUSE "y"', "when[0].pattern holds an address: '10.0.0.7'"),
        ('RULE a WHEN evidence(log, "2025-01-01") THEN IMPLY x BECAUSE "y"', "when[0].pattern holds an absolute time: '2025-01-01'"),
        ('RULE a WHEN evidence(log, "x.*") AND evidence(log, ".*") THEN IMPLY x BECAUSE "y"', "when[1].pattern matches everything"),
        ('RULE a WHEN tool(x) THEN PREFER x BECAUSE "y"', "when has no trigger: a rule that always applies is no knowledge"),
        ('RULE a WHEN symptom = latency THEN IMPLY x BECAUSE "y"', "IMPLY x needs evidence in when, to say where the fault is"),
        ('RULE a WHEN evidence(log, "x") THEN IMPLY x', "because is empty: say why, for the people who review the rule"),
        ('RULE a WHEN evidence(log, "x") THEN REQUIRE t(name = "web-5d4f7c9b8d-x2x4z") BEFORE CONCLUDE BECAUSE "y"', "then[0].arguments.name holds a pod's name: '-5d4f7c9b8d-x2x4z'"),
        ('RULE a WHEN evidence(log, "password=hunter2") THEN IMPLY x BECAUSE "y"', "when[0].pattern holds a secret: 'password=hunter2'"),
    ],
)  # fmt: skip
def test_lint_names_what_is_wrong(text, problem):
    assert lint(parse_rule(text), known_names=["orders-db"]) == [problem]
