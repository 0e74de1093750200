"""Which rules a model is given, and when."""

from cases.transcript import Observation, Step, Task
from sandbox.agents.recall import Recall, fitting
from sandbox.knowledge.language import parse, text_of
from sandbox.knowledge.rule import Knowledge

RULES = parse(
    "\n".join(
        f'RULE {name}\nWHEN evidence(log, "{word}")\nTHEN ADVISE "look at {word}"\nBECAUSE "it may be {word}"'
        for name, word in (("a", "disk"), ("b", "latency"), ("c", "memory"))
    )
)
TASK = Task(prompt="latency is high, memory too")


def step(index, text):
    return Step(index, "get_logs", {"pod": f"p-{index}"}, Observation(text))


def test_rules_beyond_the_room_are_left_out_least_related_first(monkeypatch):
    assert [rule.name for rule in fitting(Knowledge(RULES), TASK)] == ["a", "b", "c"]
    monkeypatch.setattr("sandbox.agents.recall.LONGEST_KNOWLEDGE", sum(len(text_of(rule)) + 1 for rule in RULES[1:]))
    assert [rule.name for rule in fitting(Knowledge(RULES), TASK)] == ["b", "c"]


def test_rule_applies_newly_once():
    recall = Recall(Knowledge(RULES), TASK)
    first = step(0, "2026-01-05T10:00:00Z ERROR disk failure on device sda")
    steps = (first, step(1, "2026-01-05T10:00:01Z ERROR disk failure on device sda"))
    assert recall.newly(()) == ()
    assert [rule.name for rule in recall.newly((first,))] == ["a"]
    assert recall.newly(steps) == ()


def test_rule_that_did_not_fit_is_told_in_full_when_it_applies(monkeypatch):
    monkeypatch.setattr("sandbox.agents.recall.LONGEST_KNOWLEDGE", 0)
    recall = Recall(Knowledge(RULES), TASK)
    assert (recall.given, recall.untold(RULES[:1])) == ((), RULES[:1])
    assert recall.told(RULES[:1]) == text_of(RULES[0]).strip()
    assert (recall.told(RULES[:1]), recall.untold(RULES[:1])) == ("a", ())
