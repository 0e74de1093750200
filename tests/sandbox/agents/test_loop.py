from dataclasses import dataclass, field

import pytest

from cases.diagnosis import Conclusion, Diagnosis
from cases.transcript import Level, Observation, Task, ToolSchema
from sandbox.agents.base import AgentError, Budget, Call, Conclude, Profile
from sandbox.agents.loop import Cancelled, run
from sandbox.agents.registry import UnknownEngineError, agent_named
from sandbox.agents.scripted import ScriptedAgent
from sandbox.environment.base import Inventory

TOOLS = tuple(ToolSchema(name) for name in ("look", "list", "read", "ask", "measure"))
TASK = Task(prompt="It is slow.", tools=TOOLS)
HEALTHY = Conclude(Diagnosis(Conclusion.NO_FAULT))


@dataclass
class Counting:
    """Answers every call with its own count: always something new."""

    tools: tuple = TOOLS
    calls: list = field(default_factory=list)
    level: Level = Level.R0

    def call(self, tool, arguments):
        self.calls.append((tool, arguments))
        return Observation(f"answer {len(self.calls)}", level=self.level)

    def inventory(self):
        return Inventory()


def script(*names):
    return ScriptedAgent([*(Call(name, {"n": number}) for number, name in enumerate(names)), HEALTHY])


def shape(transcript):
    conclusion = transcript.diagnosis.conclusion if transcript.diagnosis else None
    return [step.tool for step in transcript.steps], transcript.stop_reason, conclusion


def test_run_records_each_step_and_the_conclusion():
    saved = []
    transcript = run(script("look", "read"), TASK, Counting(), seed=7, on_step=saved.append)
    assert shape(transcript) == (["look", "read"], "concluded", "no_fault")
    assert tuple(saved) == transcript.steps
    assert (transcript.engine, transcript.parameters["seed"]) == ("scripted", 7)


def test_run_at_its_budget_lets_the_agent_conclude_once_more():
    transcript = run(script("look", "read", "list"), TASK, Counting(), budget=Budget(steps=2))
    assert shape(transcript) == (["look", "read"], "max_steps", "no_fault")


def test_run_stops_at_its_deadline():
    ticks = iter(range(100))
    transcript = run(
        script("look", "read", "list"), TASK, Counting(), budget=Budget(seconds=2), clock=lambda: next(ticks)
    )
    assert shape(transcript) == (["look"], "deadline", "no_fault")


def test_run_that_repeats_a_call_is_stopped():
    repeating = ScriptedAgent([Call("look", {"a": 1})] * 9)
    assert shape(run(repeating, TASK, Counting())) == (["look"] * 3, "loop", "inconclusive")


def test_run_that_goes_round_is_stopped():
    round_trip = ScriptedAgent([Call("look", {}), Call("read", {})] * 9)
    assert shape(run(round_trip, TASK, Counting())) == (["look", "read"] * 2 + ["look"], "loop", "inconclusive")


def test_run_that_learns_nothing_new_is_stopped():
    agent = script(*["look"] * 9)
    assert shape(run(agent, TASK, Counting(level=Level.MISS))) == (["look"] * 5, "loop", "no_fault")


def test_run_that_is_cancelled_keeps_its_steps():
    def cancel_second(step):
        if step.index == 1:
            raise Cancelled

    transcript = run(script("look", "read", "list"), TASK, Counting(), on_step=cancel_second)
    assert shape(transcript) == (["look", "read"], "cancelled", None)


def test_run_of_an_agent_that_fails_ends_in_error():
    agent = ScriptedAgent([Call("look", {}), AgentError("the model does not answer")])
    assert shape(run(agent, TASK, Counting())) == (["look"], "error", None)


def test_run_plays_the_prefix_first():
    environment = Counting()
    profile = Profile(prefix=(("measure", {"m": "cpu"}),))
    transcript = run(script("look"), TASK, environment, profile=profile)
    assert shape(transcript) == (["measure", "look"], "concluded", "no_fault")
    assert environment.calls == [("measure", {"m": "cpu"}), ("look", {"n": 0})]


def test_run_refuses_a_masked_tool_without_asking_the_environment():
    environment = Counting()
    transcript = run(script("look", "read"), TASK, environment, profile=Profile(masked_tools=("look",)))
    assert [step.observation.level for step in transcript.steps] == ["refused", "r0"]
    assert environment.calls == [("read", {"n": 1})]


def test_unknown_engine_names_those_there_are():
    with pytest.raises(UnknownEngineError, match="no engine 'oracle'; there are offline, llm, scripted"):
        agent_named("oracle")


def test_engine_is_found_by_name():
    assert agent_named("scripted", script=[HEALTHY]) == ScriptedAgent([HEALTHY])
