from dataclasses import dataclass, replace

import pytest

from cases.transcript import Observation, Step, Task, ToolSchema, Transcript
from rules.critic.asking import asks, generalised
from rules.critic.neighbours import Library, Neighbour
from sandbox.knowledge.evidence import Aspect, Evidence
from sandbox.knowledge.rule import EvidenceTest, Require

POD = Evidence(
    Aspect.STATE,
    "loom",
    "pod status Pending",
    "Pending",
    0,
    "get",
    "pod",
    object="loom-7f-x2",
    namespace="mill",
    node="n1",
)
EVENT = Evidence(Aspect.EVENT, "loom", "no volume left", "no volume left", 1, "get", "pod", object="loom-7f-x2")
AROUND = Library((), (), names=("loom", "dye", "n1", "n2"))
SEED = Neighbour("this", "volume_full", component="loom")


def session(*calls):
    steps = tuple(Step(index, tool, arguments, Observation("")) for index, (tool, arguments) in enumerate(calls))
    return Transcript(Task("the loom is down"), steps, None, "concluded")


def asked(failed, better, *, seen=(POD,), shown=(POD,), steps):
    return asks(steps, failed, better, seen=seen, shown=shown, seed=SEED, library=AROUND)


@pytest.mark.parametrize(
    ("arguments", "general"),
    [
        ({"name": "loom-7f-x2", "kind": "pods"}, {"name": "$object", "kind": "pods"}),
        ({"service": "loom"}, {"service": "$component"}),
        ({"namespace": "mill", "node": "n1"}, {"namespace": "$namespace", "node": "$node"}),
        ({"kind": "quota", "wide": True, "lines": 50}, {"kind": "quota", "wide": True, "lines": 50}),
        ({"service": "dye"}, None),
        ({"name": "dye-5c-k8"}, None),
        ({"service": "loom", "port": 80}, None),
        ({"service": "loom", "process": 31337}, None),
    ],
)
def test_a_call_is_general_where_nothing_of_its_case_is_left(arguments, general):
    assert generalised(arguments, POD, AROUND) == general


def test_a_missing_check_is_asked_for_at_what_is_ill():
    failed, better = session(("pods", {})), session(("pods", {}), ("describe", {"name": "loom-7f-x2"}))
    (ask,) = asked(failed, better, steps=(1,))
    assert ask.trigger.tests == (EvidenceTest("state", "pod status Pending", "pod"),)
    assert (ask.call, ask.step) == (Require("describe", {"name": "$object"}), 1)


def test_a_call_about_a_neighbour_asks_first_who_the_neighbours_are():
    tools = (ToolSchema("dependencies", "What calls what.", {"properties": {"service": {"type": "string"}}}),)
    better = replace(session(("metrics", {"service": "dye"})), task=Task("the loom is down", tools=tools))
    around = Library((), (), names=("loom", "dye"), edges=[("loom", "dye")])
    (ask,) = asks((0,), session(), better, seen=(POD,), shown=(POD,), seed=SEED, library=around)
    assert (ask.before, ask.call) == (
        (Require("dependencies", {"service": "$component"}),),
        Require("metrics", {"service": "$callee"}),
    )


def test_a_neighbour_that_calls_is_told_from_one_that_is_called():
    around = Library((), (), names=("loom", "dye"), edges=[("dye", "loom")])
    assert generalised({"service": "dye"}, POD, around) == {"service": "$caller"}


def test_nothing_is_asked_for_that_the_failed_session_asked():
    better = session(("describe", {"name": "loom-7f-x2"}))
    assert asked(better, better, steps=(0,)) == ()


def test_a_check_that_waits_for_another_missing_one_brings_it_too():
    better = session(("pods", {}), ("events", {}), ("volumes", {"pod": "loom-7f-x2"}))
    found = asked(session(("pods", {})), better, seen=(), shown=(POD, EVENT), steps=(2,))
    assert [ask.call for ask in found] == [Require("events"), Require("volumes", {"pod": "$object"})]
    assert found[1].trigger.tests == (EvidenceTest("event", "no volume left", "pod"),)


def test_a_check_with_nothing_to_hang_on_is_not_asked_for():
    better = session(("describe", {"name": "loom-7f-x2"}))
    assert asked(session(), better, seen=(), shown=(), steps=(0,)) is None


def test_a_check_that_names_its_case_is_not_asked_for():
    better = session(("pods", {}), ("describe", {"name": "dye-5c-k8"}))
    assert asked(session(("pods", {})), better, steps=(1,)) is None


@dataclass(frozen=True)
class Ran(Neighbour):
    """A neighbour whose run's evidence is given, not read."""

    shown: tuple[Evidence, ...] = ()

    @property
    def sightings(self):
        return (self.shown,)

    def of_agents(self):
        return self


@pytest.mark.parametrize(
    ("harmed", "exceptions"), [(False, ()), (True, (EvidenceTest("event", "node cordoned", "pod", component="same"),))]
)
def test_a_check_is_narrowed_only_where_one_did_harm(harmed, exceptions):
    theirs = (replace(POD, component="dye"), replace(EVENT, component="dye", value="node cordoned"))
    around = Library((), (Ran("that", "cordoned", harmed=harmed, shown=theirs),), names=("loom", "dye"))
    better = session(("pods", {}), ("describe", {"name": "loom-7f-x2"}))
    (ask,) = asks((1,), session(("pods", {})), better, seen=(POD,), shown=(POD,), seed=SEED, library=around)
    assert ask.trigger.unless == exceptions
