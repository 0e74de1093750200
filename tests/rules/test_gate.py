import pytest

from rules.gate import CaseNote, Decision, Finding, Policy, decide, static_findings
from rules.sampling import Trial, e_value, weigh
from sandbox.divergence import Divergence
from sandbox.knowledge.rule import ConclusionTest, EvidenceTest, Implies, Knowledge, Require, Rule, SymptomOf
from sandbox.report import Outcome, PairResult, Report, Row, outcome_of


def pair(base, candidate, seed=0, verdict="success", **more):
    return PairResult(seed, outcome_of(base, candidate), base, candidate, candidate_verdict=verdict, **more)


TARGET = Row(1, "the slow shop", (pair(False, True),), target=True)
HELD = Row(2, "the full disk", (pair(True, True),))
PROVEN = Row(3, "the lost node", (PairResult(0, Outcome.UNAFFECTED, True, True),))
PARTING = Divergence(2, 'logs {"name":"x"}', "conclude lock at x", "too-wide")
LOST = Row(4, "plain traffic", (pair(True, False, divergence=PARTING),))


def rule(name="look", when=(EvidenceTest("saturation", "pool"),), then=(Implies("leak"),), because="it was seen"):
    return Rule(name, when, then, because)


def test_gate_accepts_a_fixed_target_without_losses_and_says_what_that_does_not_show():
    verdict = decide(Report((TARGET, HELD, PROVEN), base_digest="old", candidate_digest="new"))
    assert (verdict.decision, verdict.reason) == (
        Decision.ACCEPT,
        "No case is lost (2 that passed were held); 1 fixed",
    )
    assert verdict.record == {
        "engine": "offline",
        "base": "old",
        "candidate": "new",
        "seeds": [0],
        "cases": 3,
        "settled": 3,
        "protected": 2,
        "passed_base": "2/3",
        "passed_candidate": "3/3",
        "fixed": 1,
        "proven_unaffected": 1,
        "inconclusive": 0,
        "open": 0,
        "levels": {},
        "cost": {},
        "loss_rate_below": pytest.approx(1 - 0.05**0.5),
    }
    assert verdict.does_not_show == (
        "0 losses in 2 cases that passed before bounds the true rate of loss at 77.6%, not at 0",
        "1 cases did not run: their runs are identical by proof, audited by full runs",
        "Cases outside the library, and other agents than this one, were not tried",
    )


def test_gate_refuses_one_loss_at_once_naming_case_step_and_rule():
    verdict = decide(Report((TARGET, LOST, Row(5, "still open", ()))))
    assert (verdict.decision, verdict.reason) == (
        Decision.REFUSE,
        "plain traffic passed and no longer does: 1/1 -> 0/1 "
        '(step 3: conclude lock at x instead of logs {"name":"x"}, by rule too-wide)',
    )
    assert verdict.losses == (CaseNote(4, "plain traffic", "1/1", "0/1", str(PARTING)),)
    assert verdict.record["loss_rate_below"] is None


def test_gate_refuses_a_loss_on_one_seed_although_another_gains():
    flaky = Row(6, "both ways", (pair(True, False), pair(False, True, 1)))
    assert decide(Report((TARGET, flaky))).decision is Decision.REFUSE


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (Row(1, "it", (pair(False, False),), target=True), "was 0/1 before and is 0/1 with it"),
        (Row(1, "it", (pair(True, True),), target=True), "was 1/1 before and is 1/1 with it"),
        (Row(1, "it", (PairResult(0, Outcome.UNAFFECTED, False, False),), target=True), "is not affected by the patch"),
    ],
)
def test_gate_refuses_a_patch_that_does_not_fix_its_target(row, reason):
    verdict = decide(Report((row, HELD)))
    assert verdict.decision is Decision.REFUSE
    assert verdict.reason == f"it, the case this patch was written for, {reason}: it fixes nothing"


def test_gate_refuses_a_lucky_target():
    lucky = Row(1, "it", (pair(False, True, verdict="lucky"),), target=True)
    verdict = decide(Report((lucky,)))
    assert (verdict.decision, verdict.reason) == (
        Decision.REFUSE,
        "it is now right but not grounded in what was seen: lucky is not learned from",
    )


def test_gate_is_inconclusive_where_a_loss_may_hide_and_says_what_would_settle_it():
    hidden = Row(7, "the dark one", (pair(True, None, reason="miss: logs of store"),))
    harmless = Row(8, "failed anyway", (pair(False, None, reason="unscored"),))
    verdict = decide(Report((TARGET, hidden, harmless)))
    assert (verdict.decision, verdict.reason, verdict.settle) == (
        Decision.INCONCLUSIVE,
        "A loss could hide in the dark one: miss: logs of store",
        ("the dark one: record the calls its snapshot misses",),
    )
    assert [note.name for note in verdict.unsettled] == ["the dark one"]


def test_gate_accepts_although_a_case_that_failed_before_is_unsettled():
    harmless = Row(8, "failed anyway", (pair(False, None, reason="unscored"),))
    verdict = decide(Report((TARGET, harmless)))
    assert verdict.decision is Decision.ACCEPT
    assert "1 of 2 cases are not settled" in verdict.does_not_show


@pytest.mark.parametrize(
    "rows", [(HELD,), (Row(1, "it", (), target=True),), (Row(1, "it", (pair(False, None),), target=True),)]
)
def test_gate_is_inconclusive_while_the_target_is_unknown(rows):
    assert decide(Report(rows)).decision is Decision.INCONCLUSIVE


def test_gate_without_a_target_asks_only_that_nothing_is_lost():
    assert decide(Report((HELD,)), policy=Policy(needs_target=False)).decision is Decision.ACCEPT
    assert decide(Report((HELD, LOST)), policy=Policy(needs_target=False)).decision is Decision.REFUSE


def test_gate_without_a_target_is_inconclusive_where_nothing_passed_and_nothing_does():
    failing = Row(5, "the lost cause", (pair(False, False),))
    verdict = decide(Report((failing,)), policy=Policy(needs_target=False))
    assert (verdict.decision, verdict.reason) == (
        Decision.INCONCLUSIVE,
        "No case passed before and none does now: nothing is shown",
    )


def test_gate_refuses_a_static_finding_before_anything_runs():
    finding = Finding("lint", "look", "because is empty")
    verdict = decide(Report((TARGET,)), static=(finding,))
    assert (verdict.decision, verdict.reason, verdict.static) == (
        Decision.REFUSE,
        "Refused before running: lint: rule look: because is empty",
        (finding,),
    )


def test_verdict_is_plain_data():
    assert decide(Report((TARGET,))).as_dict()["decision"] == "accept"


def test_static_findings_are_none_for_a_sound_rule():
    assert static_findings(Knowledge(), Knowledge((rule(),))) == ()


@pytest.mark.parametrize(
    ("changed", "check"),
    [
        (rule(because=""), "lint"),
        (rule(because="the login was password=hunter2secret"), "secrets"),
        (rule(when=()), "scope"),
        (rule(then=(Require("ask_the_moon"),)), "scope"),
        (rule(when=(EvidenceTest("saturation", "ledger pool"),)), "lint"),
    ],
)
def test_static_findings_name_the_check_that_fails(changed, check):
    found = static_findings(Knowledge(), Knowledge((changed,)), known_names=("ledger",), known_tools=("logs",))
    assert check in {finding.check for finding in found}
    assert {finding.rule for finding in found} == {"look"}


def test_static_findings_refuse_a_contradiction_with_the_base_and_leave_unchanged_rules_alone():
    old = rule("old", because="")
    other = rule("new", then=(SymptomOf("leak"),))
    assert static_findings(Knowledge((old,)), Knowledge((old, other))) == (
        Finding("conflicts", "new", "with old: one rule points to leak, the other calls it a symptom"),
    )


def test_scope_accepts_a_rule_that_waits_for_a_conclusion():
    waits = rule(when=(ConclusionTest("pool"),), then=(Require("logs"),))
    assert static_findings(Knowledge(), Knowledge((waits,))) == ()


# sampling agents


def replicates(case, harms=0, gains=0, same=0, **more):
    results = [(True, False)] * harms + [(False, True)] * gains + [(True, True)] * same
    return Row(case, f"case {case}", tuple(pair(*result, seed) for seed, result in enumerate(results)), **more)


def test_e_value_is_one_without_differences_and_grows_with_harm_only():
    assert e_value(0, 0) == 1
    assert e_value(1, 0) == pytest.approx(1.5)
    assert e_value(0, 5) < 1 < e_value(5, 0)


def test_e_value_is_fair_where_harm_and_gain_are_equally_likely():
    for h, g in ((0, 0), (2, 1), (5, 3), (0, 7)):
        assert (e_value(h + 1, g) + e_value(h, g + 1)) / 2 == pytest.approx(e_value(h, g))


def test_weigh_refuses_a_case_or_the_pool_and_keeps_the_undecided():
    trials = {1: Trial(12, 0, 12), 2: Trial(0, 0, 2), 3: Trial(1, 0, 2), 4: Trial(0, 0, 1), 5: Trial(1, 0, 40)}
    weighed = weigh(trials, alpha=0.05, eps=0.05, least=2, most=20)
    assert (weighed.harmed, weighed.pooled_harm, weighed.undecided) == ((1,), True, (1, 3, 4))


def test_gate_accepts_a_sampling_agent_without_net_harm():
    report = Report((replicates(1, gains=2, target=True), replicates(2, same=2)), engine="llm")
    verdict = decide(report)
    assert (verdict.decision, verdict.record["pooled_e"]) == (Decision.ACCEPT, pytest.approx(e_value(0, 2)))


def test_gate_does_not_refuse_a_sampling_agent_for_one_lost_run():
    verdict = decide(Report((replicates(1, gains=2, target=True), replicates(2, harms=1, same=1)), engine="llm"))
    assert (verdict.decision, verdict.settle) == (
        Decision.INCONCLUSIVE,
        ("run more pairs of case 2: 2/2 under the base, 1/2 with the patch",),
    )


def test_gate_refuses_a_sampling_agent_for_a_total_loss():
    verdict = decide(Report((replicates(1, gains=2, target=True), replicates(2, harms=12)), engine="llm"))
    assert (verdict.decision, verdict.reason) == (
        Decision.REFUSE,
        "case 2 passed and no longer does: 12/12 -> 0/12",
    )


def test_gate_refuses_one_lost_run_of_a_case_that_must_pass():
    lost = replicates(2, harms=1, same=1, must_pass=True)
    verdict = decide(Report((replicates(1, gains=2, target=True), lost), engine="llm"))
    assert (verdict.decision, verdict.reason) == (
        Decision.REFUSE,
        f"{lost.name} passed and no longer does: {lost.base} -> {lost.candidate}: it must pass",
    )
