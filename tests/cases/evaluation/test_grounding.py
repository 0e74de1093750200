from dataclasses import replace

import pytest

from cases.diagnosis import Claim, ClaimKind, Conclusion, Predicate, Ref, RootCause
from cases.evaluation.grounding import Support, carrier, ground, leading
from cases.transcript import Level
from tests.cases.evaluation.values import CRASH, PODS, ROOT, STEPS, SYMPTOM, diagnosis, step, steps, transcript


def codes(grounding):
    return [finding.code for finding in grounding.findings]


def with_root(**changes):
    return transcript(diagnosis(claims=(replace(ROOT, **changes), CRASH, SYMPTOM)))


def test_every_claim_borne_out_is_fully_grounded():
    grounding = ground(transcript())
    assert grounding.value == 1.0
    assert grounding.supports == (Support("c1", 1.0, 3.0), Support("c2", 1.0, 3.0), Support("c3", 1.0, 3.0))
    assert grounding.findings == ()


def test_claims_off_the_chain_weigh_less():
    aside = Claim("c9", ClaimKind.OBSERVATION, "the web is fine")
    grounding = ground(transcript(diagnosis(claims=(ROOT, CRASH, SYMPTOM, aside))))
    assert grounding.value == 0.9
    assert grounding.supports[-1] == Support("c9", 0.0, 1.0)
    assert codes(grounding) == ["unsupported"]


@pytest.mark.parametrize(
    ("changes", "code", "text"),
    [
        (
            {"refs": (Ref(1, "Reason: Evicted"),)},
            "quote_not_found",
            "Claim c1 cites step 2, whose return does not hold: Reason: Evicted",
        ),
        (
            {"refs": (Ref(1, "Exit Code: 138"),)},
            "quote_not_found",
            "Claim c1 cites step 2, whose return does not hold: Exit Code: 138",
        ),
        ({"refs": (Ref(7, "Reason: OOMKilled"),)}, "no_such_step", "Claim c1 cites step 8, but there are 3 steps"),
        ({"made_at_step": 1}, "hindsight", "Claim c1 cites step 2, which came after the claim was made, at 1 steps"),
        ({"refs": ()}, "unsupported", "Claim c1 cites nothing: basket is killed for want of memory"),
        (
            {"predicate": Predicate("contains", {"pattern": "Evicted"})},
            "predicate_false",
            "Claim c1: what it cites does not show contains(pattern=Evicted)",
        ),
    ],
)
def test_an_unsupported_root_cause_is_named_and_caps_the_score(changes, code, text):
    grounding = ground(with_root(**changes))
    assert grounding.value == 0.4
    assert [(finding.code, finding.text, finding.claim) for finding in grounding.findings] == [(code, text, "c1")]


@pytest.mark.parametrize("level", [Level.MISS, Level.REFUSED])
def test_an_answer_that_is_none_is_no_evidence(level):
    made = steps(STEPS[0], step(output="Reason: OOMKilled", level=level), STEPS[2])
    grounding = ground(transcript(made=made))
    assert grounding.value == 0.4
    assert "not_evidence" in codes(grounding)
    assert grounding.tainted == ((1,) if level is Level.MISS else ())


def test_a_step_without_a_place_in_it_counts_half():
    grounding = ground(with_root(refs=(Ref(1),)))
    assert grounding.supports[0] == Support("c1", 0.5, 3.0)
    assert codes(grounding) == ["no_quote"]


def test_one_bad_reference_of_two_counts_half():
    grounding = ground(with_root(refs=(Ref(1, "Reason: OOMKilled"), Ref(0, "no such text"))))
    assert grounding.supports[0] == Support("c1", 0.5, 3.0)


def test_a_number_that_nobody_printed_counts_half():
    wrong = replace(CRASH, text="basket crashed 51 times")
    grounding = ground(transcript(diagnosis(claims=(ROOT, wrong, SYMPTOM))))
    assert grounding.supports[1] == Support("c2", 0.5, 3.0)
    assert codes(grounding) == ["number_not_seen"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("basket restarted 43 times before", ["number_not_seen"]),
        ("basket restarted 15 times, as ever", []),
        ("no restart took more than 500 ms", []),  # what was not there is not printed
    ],
)
def test_an_exclusion_may_not_state_another_number_than_it_cites(text, found):
    excluded = Claim("c9", ClaimKind.EXCLUSION, text, (Ref(0, "CrashLoopBackOff   15"),))
    assert codes(ground(transcript(diagnosis(claims=(ROOT, CRASH, SYMPTOM, excluded))))) == found


@pytest.mark.parametrize(("text", "found"), [("3 pods are seen", []), ("it fails 3% of calls", ["number_not_seen"])])
def test_a_small_number_is_checked_where_it_has_a_unit(text, found):
    claim = replace(SYMPTOM, text=text)
    assert codes(ground(transcript(diagnosis(claims=(ROOT, CRASH, claim))))) == found


def test_evidence_of_another_component_does_not_carry_the_root_cause():
    grounding = ground(with_root(refs=(Ref(2, "connection refused"),), predicate=None, text="redis is killed"))
    assert codes(grounding) == []  # the log line itself, at the head of its return, speaks of basket
    grounding = ground(with_root(refs=(Ref(0, "web-579b9bff58-t2dbm     1/1     Running"),), predicate=None))
    assert grounding.supports[0] == Support("c1", 0.5, 3.0)
    assert [(finding.code, finding.text, finding.claim) for finding in grounding.findings] == [
        ("evidence_of_another", "Claim c1 blames basket on what does not speak of it", "c1")
    ]


def test_a_root_cause_no_claim_carries_caps_the_score():
    cause = RootCause("basket", "OOMKilled")
    elsewhere = Claim("c4", ClaimKind.OBSERVATION, "the web runs", (Ref(0, "Running"),))
    grounding = ground(transcript(diagnosis(root_causes=(cause,), chain=(), claims=(elsewhere,))))
    assert (grounding.value, codes(grounding)) == (0.4, ["root_cause_without_claim"])


def test_a_component_that_was_never_seen_is_half_grounded_at_best():
    claim = replace(ROOT, text="ledger is killed")
    cause = RootCause("ledger", "OOMKilled", claim="c1")
    grounding = ground(transcript(diagnosis(root_causes=(cause,), claims=(claim, CRASH, SYMPTOM))))
    assert grounding.supports[0] == Support("c1", 0.5, 3.0)
    assert codes(grounding) == ["component_never_seen"]


def test_mitigations_assert_nothing_and_are_left_out():
    proposal = Claim("m1", ClaimKind.MITIGATION, "raise the limit")
    grounding = ground(transcript(diagnosis(claims=(ROOT, CRASH, SYMPTOM, proposal))))
    assert (grounding.value, grounding.proposed) == (1.0, 1)


def test_an_agent_that_cites_nothing_is_not_grounded():
    grounding = ground(transcript(diagnosis(claims=(), chain=(), root_causes=(RootCause("basket", "oom"),))))
    assert (grounding.value, codes(grounding)) == (0.0, ["no_claims"])


@pytest.mark.parametrize("engine", ["expert", "imported"])
def test_a_recording_that_was_never_asked_for_claims_is_unscored(engine):
    bare = diagnosis(claims=(), chain=(), root_causes=(RootCause("basket", "oom"),))
    grounding = ground(transcript(bare, engine=engine))
    assert (grounding.value, grounding.reason) == (None, "recorded without claims")


def test_nothing_concluded_or_nothing_claimed_is_unscored():
    assert ground(transcript(None)).value is None
    nothing = diagnosis(conclusion=Conclusion.INCONCLUSIVE, root_causes=(), chain=(), claims=())
    assert ground(transcript(nothing)).value is None


def test_the_most_confident_root_cause_leads_and_the_first_named_on_a_tie():
    one, other = RootCause("a", "x", confidence=0.2), RootCause("b", "y", confidence=0.7)
    assert leading(diagnosis(root_causes=(one, other))) == other
    assert (
        leading(diagnosis(root_causes=(replace(one, confidence=None), replace(other, confidence=None)))).component
        == "a"
    )
    assert leading(diagnosis(root_causes=())) is None


def test_the_carrier_is_the_named_claim_or_the_first_about_the_component():
    assert carrier(diagnosis()) == ROOT
    assert carrier(diagnosis(root_causes=(RootCause("basket", "oom"),))) == ROOT
    assert carrier(diagnosis(root_causes=(RootCause("ledger", "oom"),))) is None


def test_a_miss_that_only_a_rejected_rival_cites_taints_too():
    made = steps(step(output=PODS, level=Level.MISS), *STEPS[1:])
    rejected = diagnosis(claims=(ROOT, SYMPTOM), chain=())
    assert ground(transcript(rejected, made=made)).tainted == (0,)
