from cases.diagnosis import Conclusion, Diagnosis, RootCause
from cases.transcript import Task, Transcript
from rules.critic.flipping import Flip, FlipTable, minimal
from sandbox.knowledge.rule import EvidenceTest, Implies, Knowledge, Rule


def rule(name):
    return Rule(name, (EvidenceTest("saturation", "pool"),), (Implies("index"),), "it was seen")


A, B, C = rule("a"), rule("b"), rule("c")


class World:
    """Passes where the knowledge has every rule of one of the winning sets; counts its replays."""

    def __init__(self, *winning):
        self.winning, self.replays = winning, 0

    def replay(self, knowledge):
        self.replays += 1
        names = {rule.name for rule in knowledge.rules}
        right = any(set(wanted) <= names for wanted in self.winning)
        causes = (RootCause("store", "index" if right else "pool"),)
        return Transcript(Task("slow"), (), Diagnosis(Conclusion.ROOT_CAUSE, causes), "concluded")

    def passes(self, transcript):
        return transcript.diagnosis.root_causes[0].fault_class == "index"

    def table(self):
        return FlipTable(Knowledge(), self.replay, self.passes)


def test_minimal_keeps_only_what_the_flip_needs():
    world = World("ac")
    assert minimal(world.table(), (A, B, C)) == (A, C)


def test_minimal_of_one_rule_is_that_rule():
    assert minimal(World("a").table(), (A,)) == (A,)


def test_minimal_finds_one_of_two_ways_the_earlier_rules_first():
    assert minimal(World("a", "bc").table(), (A, B, C)) == (A,)


def test_flip_table_shows_each_replay_once_with_its_conclusion():
    world = World("ac")
    table = world.table()
    table.run((), "the base alone")
    assert table.flips((A, C), "all of it") and table.flips((C, A), "again")
    assert world.replays == 2
    assert table.rows == [
        Flip((), False, 0, "pool at store", "the base alone"),
        Flip(("a", "c"), True, 0, "index at store", "all of it"),
    ]
