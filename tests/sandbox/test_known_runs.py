"""A run under new rules, given the run under old ones: nothing is decided twice, and nothing comes out otherwise."""

from dataclasses import dataclass, field, replace

import pytest

from cases.transcript import Step, Transcript
from sandbox import runs
from sandbox.agents import loop
from sandbox.agents.base import Budget, Call, Profile, RunParameters
from sandbox.agents.offline.agent import OfflineAgent
from sandbox.environment.inventory import inventory_of
from sandbox.environment.replay import ReplaySource
from sandbox.knowledge.language import parse
from sandbox.knowledge.retrieval import affected
from sandbox.knowledge.rule import EMPTY, Knowledge
from sandbox.lab import make

LATE = """RULE late
WHEN evidence(saturation, "pool|connection")
THEN REQUIRE get_lock_waits() BEFORE CONCLUDE
BECAUSE "a full pool is a symptom"
"""
READING = """RULE reading
WHEN evidence(log) AND evidence(latency)
THEN IMPLY retry_storm WEIGHT 3
BECAUSE "slow calls that are logged are made again"
"""
NEVER = """RULE never
WHEN evidence(certificate, "no such words anywhere")
THEN IMPLY retry_storm WEIGHT 9
BECAUSE "nothing shows this"
"""
RULES = {
    name: Knowledge(parse(text))
    for name, text in {"late": LATE, "reading": READING, "both": LATE + READING, "never": NEVER}.items()
}
CASES = (("quayside", "long_transaction_lock"), ("quayside", "no_fault"), ("millrace", "connection_leak"))


def whole(transcript: Transcript):
    """All that a run is, its wall time aside."""
    return replace(transcript, wall_ms=None)


@pytest.fixture(scope="module", params=CASES, ids="/".join)
def case(request):
    bundle = make(*request.param, 7)
    return bundle.task, ReplaySource(bundle.task.tools, bundle.recordings, inventory=inventory_of(bundle.recordings))


@pytest.mark.parametrize("old", ["none", "late", "reading"])
def test_run_from_a_known_one_is_the_run_it_would_have_been(case, old):
    task, source = case
    base = RULES.get(old, EMPTY)
    for parameters in (
        RunParameters(),
        RunParameters(seed=3, profile=Profile(temperature=0.7), budget=Budget(steps=6)),
    ):
        known = runs.Known(runs.play(source, task, knowledge=base, parameters=parameters), base)
        for knowledge in (EMPTY, *RULES.values()):
            played = runs.play(source, task, knowledge=knowledge, parameters=parameters)
            assert whole(runs.replay(source, task, knowledge=knowledge, known=known, parameters=parameters)) == whole(
                played
            )


def test_run_that_no_changed_rule_touches_is_not_made_again(case):
    task, source = case
    known = runs.play(source, task, knowledge=EMPTY)
    assert affected(known, EMPTY, RULES["never"]) is None
    again = runs.replay(source, task, knowledge=RULES["never"], known=runs.Known(known, EMPTY))
    assert again.steps is known.steps and again.knowledge_digest == RULES["never"].digest


@dataclass
class Asked:
    """An agent that decides as the offline one does, and counts how often it is asked."""

    counted: list[int] = field(default_factory=list)
    engine: str = "offline"

    def start(self, *args, **more):
        mind, counted = OfflineAgent().start(*args, **more), self.counted

        class Counted:
            tokens = 0
            resume = mind.resume

            def decide(self, steps, *, steps_left):
                counted.append(len(steps))
                return mind.decide(steps, steps_left=steps_left)

        return Counted()


def test_known_steps_are_not_decided_again(case):
    task, source = case
    known = loop.run(OfflineAgent(), task, source.open())
    agent = Asked()
    again = loop.run(agent, task, source.open(), first=known.steps[:2])
    assert whole(again) == whole(known)
    assert agent.counted == list(range(2, len(known.steps) + 1))


def test_steps_that_are_not_answered_as_they_were_are_refused_and_the_run_is_made_whole():
    """What is stored of a run may be redacted where the snapshot is not."""
    bundle = make("quayside", "long_transaction_lock", 7)
    source = ReplaySource(bundle.task.tools, bundle.recordings, inventory=inventory_of(bundle.recordings))
    known = runs.play(source, bundle.task, knowledge=EMPTY)
    seen = known.steps[0].observation
    first = replace(known.steps[0], observation=replace(seen, output=f"{seen.output} "))
    other = replace(known, steps=(first, *known.steps[1:]))
    with pytest.raises(loop.UnlikeError, match="step 1"):
        loop.run(OfflineAgent(), bundle.task, source.open(), first=other.steps[:1])
    assert affected(other, EMPTY, RULES["late"]) > 0
    late = runs.replay(source, bundle.task, knowledge=RULES["late"], known=runs.Known(other, EMPTY))
    assert whole(late) == whole(runs.play(source, bundle.task, knowledge=RULES["late"]))


@pytest.mark.parametrize("reason", ["deadline", "memory", "error", "cancelled", ""])
def test_run_that_a_clock_or_a_person_ended_proves_nothing(case, reason):
    task, source = case
    known = runs.play(source, task, knowledge=EMPTY)
    cut = replace(known, steps=known.steps[:1], diagnosis=None, stop_reason=reason)
    again = runs.replay(source, task, knowledge=RULES["never"], known=runs.Known(cut, EMPTY))
    assert [step.tool for step in again.steps] == [step.tool for step in known.steps]
    assert again.diagnosis == known.diagnosis


def test_circles_are_seen_where_the_known_steps_end():
    """Resumed at its very end, a run that was stopped for going in circles is stopped so again."""
    bundle = make("quayside", "no_fault", 7, world=False)
    source = ReplaySource(bundle.task.tools, bundle.recordings, inventory=inventory_of(bundle.recordings))
    call = Call("get_alerts", {})
    steps = []
    environment = source.open()
    for index in range(3):
        steps.append(Step(index, call.tool, call.arguments, environment.call(call.tool, call.arguments)))
    again = loop.run(OfflineAgent(), bundle.task, source.open(), first=tuple(steps))
    assert again.stop_reason == "loop" and len(again.steps) == 3
