import pytest

from sandbox.knowledge import faces
from sandbox.knowledge.language import RuleSyntaxError, parse

EVERYTHING = r"""RULE everything
WHEN evidence(saturation, "pool|connection \\d+", kind = pod, tool = get_metrics, component = symptom) AND symptom = latency | errors
AND NOT evidence(lock) AND conclusion ~ "leak" AND tool("get slow queries")
UNLESS evidence(change, "deploy") OR evidence(growth)
THEN REQUIRE get_slow_queries(service = $component, last = 5, deep = true, names = ["a", "b"]) BEFORE CONCLUDE
AND PREFER get_traces WEIGHT 1.5
AND AVOID scale_up(service = $component) WEIGHT 2
AND IMPLY missing_index WEIGHT 3 AT callee
AND SYMPTOM OF connection_leak WEIGHT 2
AND EXCLUDE evidence(log, "healthcheck")
AND ADVISE "look at \"plans\", not at pools"
BECAUSE "a full pool is a symptom — until the queries are seen"
"""
PLAIN = 'RULE plain\nWHEN evidence(log, "oom")\nTHEN IMPLY memory_leak\nBECAUSE "it says so"\n'


@pytest.mark.parametrize("write", [faces.as_text, faces.as_json, faces.as_markdown])
def test_every_face_reads_back_as_the_same_rules(write):
    rules = parse(EVERYTHING + PLAIN)
    assert faces.read(write(rules)) == rules


def test_one_rule_as_a_json_object_is_read():
    rules = parse(PLAIN)
    assert faces.read(faces.as_json(rules).strip().removeprefix("[").removesuffix("]")) == rules


def test_prose_says_each_part_in_a_sentence():
    assert faces.prose(parse(EVERYTHING)[0]) == (
        "When saturation of a pod that says “pool|connection \\d+” in get_metrics was seen where the alert points, and "
        "the alert is about latency or errors, and no lock was seen, and a fault like “leak” is about to be concluded, "
        "and there is a tool get slow queries.",
        "Not where change that says “deploy” was seen, or growth was seen.",
        "Ask get_slow_queries with service $component, last 5, deep True, names ['a', 'b'] before concluding.",
        "Rather ask get_traces (weight 1.5).",
        "Rather not ask scale_up with service $component (weight 2).",
        "This points to missing_index at what it calls (weight 3).",
        "It is a symptom, and does not explain connection_leak (weight 2).",
        "Leave out log that says “healthcheck”: it is noise here.",
        'For models: look at "plans", not at pools.',
        "Because a full pool is a symptom — until the queries are seen.",
    )


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("# notes\n\n```rule\nRULE a\nWHEM evidence(log)\n```\n", (5, 1, "WHEM")),
        ('[{"name": "a",\n "then": [nope]}]', (2, 11, "nope")),
        (
            '[{"name": "a", "when": [{"is": "evidence", "aspect": "mood"}],\n"then": [{"is": "implies", "fault_class": "x"}]}]',
            (1, 55, "mood"),
        ),
        ('[{"name": "a", "then": [{"is": "imply"}]}]', (1, 1, "")),
        ("RULE a\nWHEN evidence(mood)\nTHEN IMPLY x", (2, 15, "mood")),
        ("[" * 100_000, (1, 1, "")),
    ],
)
def test_a_mistake_is_named_at_its_place_in_what_was_given(text, place):
    with pytest.raises(RuleSyntaxError) as caught:
        faces.read(text)
    assert (caught.value.line, caught.value.column, caught.value.word) == place


def test_markdown_without_a_rule_block_is_read_as_text():
    with pytest.raises(RuleSyntaxError):
        faces.read("## a heading\n\nWHEN nothing")
