from itertools import pairwise

import pytest

from cases.evaluation.registry import evaluate
from sandbox.lab.case import happen, make, systems
from sandbox.lab.expert import UnseenEvidence, session_of
from sandbox.lab.expertise.registry import EXPERTISE
from sandbox.lab.faults.registry import FAULTS
from sandbox.lab.library import plan, starter_library
from sandbox.lab.tools import recordings
from tests.sandbox.lab.reading import expert_transcript

EVERY = pytest.mark.parametrize("number", range(len(plan())), ids=["/".join(map(str, each)) for each in plan()])


def test_there_is_expertise_for_every_fault():
    assert set(EXPERTISE) == set(FAULTS)


def test_expertise_names_no_component():
    names = {service.name for system in systems().values() for service in system.services}
    for expertise in EXPERTISE.values():
        for look in expertise.looks:
            words = {*map(str, look.arguments.values()), *f"{look.says} {look.why}".split()}
            assert not words & names, look


@EVERY
def test_every_quote_is_in_the_answer_it_cites_and_every_call_is_answered(number):
    transcript = expert_transcript(starter_library()[number])
    assert {step.observation.level for step in transcript.steps} <= {"r0", "r1"}
    assert all(step.thought for step in transcript.steps)
    for claim in transcript.diagnosis.claims:
        assert claim.refs
        for ref in claim.refs:
            assert ref.quote
            assert ref.quote in transcript.steps[ref.step].observation.output
            assert ref.step < claim.made_at_step


@EVERY
def test_an_expert_is_right_and_shows_it(number):
    bundle = starter_library()[number]
    result = evaluate(expert_transcript(bundle), bundle.answer)
    assert (result.verdict, result.correct, result.reasons) == ("success", True, ())
    assert result.grounded >= 0.8


@EVERY
def test_the_chain_leads_from_the_cause_to_the_alert(number):
    diagnosis = starter_library()[number].sessions[0].diagnosis
    if not diagnosis.root_causes:
        assert diagnosis.chain == ()
        return
    assert diagnosis.chain[0].cause == diagnosis.root_causes[0].claim
    assert diagnosis.chain[-1].effect == "c1"
    assert all(one.effect == two.cause for one, two in pairwise(diagnosis.chain))


@pytest.mark.parametrize("system", systems())
@pytest.mark.parametrize("fault", FAULTS)
def test_expertise_holds_for_incidents_outside_the_library(fault, system):
    bundle = make(system, fault, 1004, world=False)
    assert evaluate(expert_transcript(bundle), bundle.answer).correct


@EVERY
def test_an_expert_needs_two_to_six_calls(number):
    assert 2 <= len(starter_library()[number].sessions[0].calls) <= 6


def test_a_look_that_shows_nothing_is_an_error():
    leak, index = happen("quayside", "connection_leak", 1), happen("quayside", "missing_index", 1)
    with pytest.raises(UnseenEvidence, match="does not show"):
        session_of(leak, None, recordings(index))
