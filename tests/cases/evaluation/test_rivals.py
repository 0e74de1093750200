from dataclasses import replace

import pytest

from cases.diagnosis import Claim, ClaimKind, Predicate, Ref, Rejected
from cases.evaluation.rivals import told_apart
from cases.transcript import Level
from tests.cases.evaluation.values import PODS, STEPS, diagnosis, step, steps, transcript

RUNNING = Ref(0, "web-579b9bff58-t2dbm     1/1     Running")
CRASHING = Ref(0, "basket-6f966d9cc9-scwgm  0/1     CrashLoopBackOff")


def told(*, claims=(), rejected=(), made=STEPS):
    concluded = diagnosis(claims=(*diagnosis().claims, *claims), rejected=rejected)
    value, findings = told_apart(transcript(concluded, made=made), concluded)
    return value, [finding.code for finding in findings]


def excluded(ref, predicate=None):
    return Claim("c9", ClaimKind.EXCLUSION, "the node is not it", (ref,), predicate)


def test_an_exclusion_that_rests_on_what_was_seen_tells_them_apart():
    assert told(claims=(excluded(RUNNING),)) == (True, [])
    assert told(claims=(excluded(CRASHING, Predicate("absent", {"pattern": "Evicted"})),)) == (True, [])


@pytest.mark.parametrize(
    "claim",
    [
        excluded(Ref(0, "there is no such line")),
        excluded(Ref(7, "Running")),
        excluded(CRASHING, Predicate("absent", {"pattern": "CrashLoopBackOff"})),
        replace(excluded(RUNNING), refs=()),
    ],
)
def test_an_exclusion_on_nothing_or_refuted_by_what_it_cites_does_not(claim):
    assert told(claims=(claim,)) == (False, ["rival_not_told_apart"])


def test_a_rejection_on_a_passage_of_health_tells_them_apart():
    assert told(rejected=(Rejected("the web is down", (RUNNING,)),)) == (True, [])


def test_a_rejection_on_what_may_speak_for_it_is_left_open():
    assert told(rejected=(Rejected("basket has a wrong image", (CRASHING,)),)) == (None, ["rival_left_open"])


def test_a_rejection_on_nothing_or_on_a_miss_is_none():
    assert told(rejected=(Rejected("the node is down", reason="unlikely"),)) == (False, ["rival_not_told_apart"])
    missed = steps(step(output=PODS, level=Level.MISS), *STEPS[1:])
    assert told(rejected=(Rejected("the web is down", (RUNNING,)),), made=missed) == (False, ["rival_not_told_apart"])
    assert told() == (False, ["no_rival_tested"])


@pytest.mark.parametrize(
    ("passage", "clears"),
    [
        ("No locks are held", True),
        ("waiting: 0", True),
        ("web 1/1 Running", True),
        ("basket 0/1 CrashLoopBackOff", False),
        ("no such host", False),
        ("node is not ready", False),
        ("latency 1503.7 ms", False),
    ],
)
def test_what_reads_as_absence_or_health(passage, clears):
    found, _ = told(rejected=(Rejected("a rival", (Ref(0, passage),)),), made=steps(step(output=passage)))
    assert found is (True if clears else None)
