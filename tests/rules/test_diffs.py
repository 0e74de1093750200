from rules.diffs import Clash, diff_of
from sandbox.knowledge.language import parse
from sandbox.knowledge.rule import Knowledge

POOL = 'RULE pool\nWHEN evidence(saturation, "pool")\nTHEN IMPLY connection_leak WEIGHT 3\nBECAUSE "a"\n'
OTHER = 'RULE other\nWHEN evidence(saturation, "pool")\nTHEN SYMPTOM OF connection_leak\nBECAUSE "b"\n'


def knowledge(*texts: str) -> Knowledge:
    return Knowledge(tuple(rule for text in texts for rule in parse(text)))


def shape(lines):
    return [(line.kind, [text for text, marked in line.pieces if marked]) for line in lines]


def test_changed_line_stands_before_and_after_it_word_by_word():
    diff = diff_of(knowledge(POOL), knowledge(POOL.replace("WEIGHT 3", "WEIGHT 5")))
    assert shape(diff["changes"][0].lines) == [
        ("same", []),
        ("same", []),
        ("del", ["3"]),
        ("add", ["5"]),
        ("same", []),
    ]


def test_conflict_stands_at_the_line_that_clashes():
    diff = diff_of(knowledge(OTHER), knowledge(OTHER, POOL))
    lines = diff["changes"][0].lines
    why = "one rule points to connection_leak, the other calls it a symptom"
    assert [line.clashes for line in lines] == [(), (), (Clash("contradiction", "other", why),), ()]


def test_duplicate_stands_at_the_first_line():
    diff = diff_of(knowledge(POOL), knowledge(POOL, POOL.replace("RULE pool", "RULE twin")))
    assert [[clash.kind for clash in line.clashes] for line in diff["changes"][0].lines] == [["duplicate"], [], [], []]


def test_removed_rule_clashes_with_nothing():
    diff = diff_of(knowledge(OTHER, POOL), knowledge(OTHER))
    assert [(line.kind, line.clashes) for line in diff["changes"][0].lines] == [("del", ())] * 4
