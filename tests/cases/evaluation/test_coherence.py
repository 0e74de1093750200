from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cases.diagnosis import Claim, ClaimKind, Conclusion, Link, Predicate, Ref, Rejected, Relation, RootCause
from cases.evaluation.coherence import cohere
from tests.cases.evaluation.values import CRASH, ROOT, SYMPTOM, diagnosis, transcript
from tests.cases.evaluation.world import World


def breaks(coherence):
    return [(finding.code, finding.text) for finding in coherence.findings]


def of(**changes):
    return cohere(transcript(diagnosis(**changes)))


def test_a_whole_chain_holds():
    coherence = of()
    assert (coherence.value, coherence.broken, coherence.findings) == (1.0, False, ())
    assert coherence.checks == {
        "consistent": True,
        "acyclic": True,
        "connected": True,
        "root_first": True,
        "time_order": None,
        "topology": None,
        "rival": True,
    }


@pytest.mark.parametrize(
    ("chain", "code", "text"),
    [
        ((), "no_chain", "Nothing says how the root cause leads to the symptom"),
        ((Link("c2", "c3"),), "chain_without_root", "No link leads on from the root cause, claim c1"),
        ((Link("c1", "c2"), Link("c4", "c3")), "gap", "Link 2: nothing connects c4 to the root cause"),
        ((Link("c1", "c2"), Link("c2", "c3"), Link("c3", "c2")), "cycle", None),
        (
            (Link("c3", "c1"), Link("c1", "c2")),
            "root_is_effect",
            "Claim c1 is called the root cause, but the chain has c3 cause it",
        ),
    ],
)
def test_each_break_of_the_chain_is_named(chain, code, text):
    aside = Claim("c4", ClaimKind.OBSERVATION, "the web restarts")
    coherence = of(chain=chain, claims=(ROOT, CRASH, SYMPTOM, aside))
    assert coherence.broken
    found = dict(breaks(coherence))
    assert code in found
    assert text is None or found[code] == text


def test_a_chain_that_ends_elsewhere_does_not_reach_the_symptom():
    aside = Claim("c4", ClaimKind.OBSERVATION, "a cache was warmed")
    coherence = of(chain=(Link("c1", "c4"), Link("c3", "c4", Relation.AMPLIFIES)), claims=(ROOT, SYMPTOM, aside))
    assert breaks(coherence) == [("symptom_not_reached", "The chain does not lead to what was alerted")]


def test_the_claim_that_restates_the_alert_must_be_reached_even_outside_the_chain():
    restated = Claim("c4", ClaimKind.OBSERVATION, "the shop is unreachable for many users")
    assert breaks(of(claims=(ROOT, CRASH, SYMPTOM, restated))) == [
        ("symptom_not_reached", "The chain does not lead to what was alerted")
    ]
    whole = (*diagnosis().chain, Link("c3", "c4"))
    assert not of(claims=(ROOT, CRASH, SYMPTOM, restated), chain=whole).broken


def test_an_effect_before_its_cause_is_named_with_both_times():
    claims = (replace(ROOT, text="killed since 10:05"), replace(CRASH, text="crashes began at 10:02"), SYMPTOM)
    assert breaks(of(claims=claims)) == [("time_inversion", "Link 1: effect at 10:02 precedes cause at 10:05")]


def test_stated_onsets_come_before_words_and_must_compare():
    cause = RootCause("basket", "oom", claim="c1", onset="2026-01-05T10:05:00Z")
    before = replace(CRASH, predicate=Predicate("changed", {"metric": "x", "factor": 2, "at": "2026-01-05T10:04:59Z"}))
    assert of(root_causes=(cause,), claims=(ROOT, before, SYMPTOM)).checks["time_order"] is False
    by_clock = replace(CRASH, text="crashes since 10:02")  # a clock and an instant: cannot be compared
    assert of(root_causes=(cause,), claims=(ROOT, by_clock, SYMPTOM)).checks["time_order"] is None


def test_when_a_quoted_line_was_printed_says_nothing_about_onset():
    late = replace(ROOT, refs=(Ref(2, "10:02:11 ERROR web"),))
    assert of(claims=(late, CRASH, SYMPTOM)).checks["time_order"] is None


def test_an_effect_must_depend_on_its_cause():
    root = replace(ROOT, text="basket is killed")
    symptom = replace(SYMPTOM, text="web answers with errors")
    said = {"claims": (root, symptom), "chain": (Link("c1", "c3"),)}
    holds = transcript(diagnosis(**said))
    assert cohere(holds, evidence=World({"web": ["basket"]})).checks["topology"] is True
    reversed_ = cohere(holds, evidence=World({"basket": ["web"]}))
    assert ("reversed_edge", "Link 1: it is basket that depends on web") in breaks(reversed_)
    missing = cohere(holds, evidence=World({"web": ["ledger"], "basket": ["store"]}))
    assert ("missing_edge", "Link 1: web does not depend on basket") in breaks(missing)
    assert cohere(holds, evidence=World({"ledger": ["store"]})).checks["topology"] is None


def linked(cause, effect, world):
    said = {"claims": (replace(ROOT, text=cause), replace(SYMPTOM, text=effect)), "chain": (Link("c1", "c3"),)}
    named = next(name for name in world if name in cause)
    concluded = diagnosis(root_causes=(RootCause(named, "fault", claim="c1"),), **said)
    return cohere(transcript(concluded), evidence=World(world))


def test_demand_travels_from_a_caller_to_what_it_calls():
    calls = {"web": ["basket"]}
    assert linked("web was deployed", "basket gets a multiple of its usual requests", calls).checks["topology"] is None
    assert linked("traffic of web doubled", "basket is at its limit", calls).checks["topology"] is None
    assert linked("web answers slowly", "basket is at its limit", calls).checks["topology"] is False
    assert linked("web was deployed", "basket answers with errors", calls).checks["topology"] is False


def test_two_callers_of_one_thing_may_disturb_each_other_through_it():
    calls = {"web": ["store"], "basket": ["store"], "mail": ["relay"]}
    assert linked("basket holds locks", "web answers slowly", calls).checks["topology"] is None
    assert linked("mail holds locks", "web answers slowly", calls).checks["topology"] is False


def test_a_cause_that_began_after_the_alert_did_not_bring_it_about():
    def began(onset, alerted=datetime(2026, 1, 5, 10, tzinfo=UTC)):
        cause = RootCause("basket", "oom_killed", claim="c1", onset=onset)
        return cohere(transcript(diagnosis(root_causes=(cause,))), evidence=World({}, alerted_at=alerted))

    assert began("2026-01-05T09:59:00Z").checks["time_order"] is True
    late = began("2026-01-05T10:01:00Z")
    assert breaks(late) == [("after_alert", "The cause began at 10:01, after the alert at 10:00")]
    assert late.broken
    assert began("2026-01-05T10:01:00Z", alerted=None).checks["time_order"] is None
    assert began("some time later").checks["time_order"] is None
    assert began("2026-01-05 10:01").checks["time_order"] is None  # whose clock it is, nobody said


@pytest.mark.parametrize(
    ("one", "other", "about"),
    [
        (
            Predicate("state", {"component": "basket", "value": "Ready"}),
            Predicate("state", {"component": "basket", "value": "NotReady"}),
            "basket",
        ),
        (Predicate("eq", {"metric": "size", "value": 5}), Predicate("eq", {"metric": "size", "value": 6}), "size"),
        (Predicate("contains", {"pattern": "oom"}), Predicate("absent", {"pattern": "OOM"}), "oom"),
    ],
)
def test_claims_that_oppose_each_other_on_one_step_are_named(one, other, about):
    claims = (replace(ROOT, predicate=one), replace(CRASH, predicate=other, refs=ROOT.refs), SYMPTOM)
    assert breaks(of(claims=claims)) == [("contradiction", f"Claims c1 and c2 contradict each other about {about}")]


def test_two_words_for_one_state_are_no_contradiction():
    one = replace(ROOT, predicate=Predicate("state", {"component": "basket", "value": "Waiting"}))
    other = replace(
        CRASH, predicate=Predicate("state", {"component": "basket", "value": "CrashLoopBackOff"}), refs=ROOT.refs
    )
    assert not of(claims=(one, other, SYMPTOM)).broken


def test_rejecting_what_is_concluded_is_a_contradiction():
    coherence = of(rejected=(Rejected("basket was OOM killed"),))
    assert breaks(coherence)[:1] == [("contradiction", "It rejects what it concludes: basket was OOM killed")]


def test_no_fault_with_a_root_cause_is_a_contradiction():
    assert of(conclusion=Conclusion.NO_FAULT).broken


def test_an_untested_rival_lowers_the_score_and_is_no_break():
    coherence = of(rejected=())
    assert (coherence.value, coherence.broken) == (0.8, False)
    assert breaks(coherence) == [("no_rival_tested", "No other explanation was tested and rejected")]


def test_nothing_to_check_is_unscored():
    assert cohere(transcript(None)).value is None
    bare = diagnosis(claims=(), chain=(), root_causes=(RootCause("basket", "oom"),))
    assert cohere(transcript(bare, engine="expert")).value is None
    assert cohere(transcript(bare)).broken


def test_what_masks_a_symptom_brings_nothing_about():
    chain = (Link("c1", "c2"), Link("c2", "c3"), Link("c3", "c1", Relation.MASKS))
    assert not of(chain=chain).broken
