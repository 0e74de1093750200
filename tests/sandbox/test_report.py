import pytest

from cases.diagnosis import Conclusion, Diagnosis, RootCause
from cases.transcript import Observation, RuleUse, Step, Task, Transcript
from sandbox.divergence import Divergence, divergence_of
from sandbox.intervals import loss_bound, wilson
from sandbox.report import Outcome, PairResult, Report, Row, Tally, outcome_of


def pair(base, candidate, seed=0, **more):
    return PairResult(seed, outcome_of(base, candidate), base, candidate, **more)


def run(*calls, cause="leak", rules=()):
    steps = tuple(
        Step(index, tool, {"name": name}, Observation("text"), rules=uses)
        for index, (tool, name, *rest) in enumerate(calls)
        for uses in [tuple(rest)]
    )
    diagnosis = Diagnosis(Conclusion.ROOT_CAUSE, (RootCause("part", cause),))
    return Transcript(Task("it is slow"), steps, diagnosis, "concluded", "offline", concluding_rules=rules)


@pytest.mark.parametrize(
    ("base", "candidate", "outcome"),
    [
        (True, True, Outcome.SAME_PASS),
        (False, False, Outcome.SAME_FAIL),
        (False, True, Outcome.FIXED),
        (True, False, Outcome.REGRESSED),
        (None, True, Outcome.INCONCLUSIVE),
        (True, None, Outcome.INCONCLUSIVE),
        (None, None, Outcome.INCONCLUSIVE),
    ],
)
def test_outcome_of_a_pair_is_never_a_guess(base, candidate, outcome):
    assert outcome_of(base, candidate) is outcome


def test_row_counts_settled_runs_and_shows_the_worst_outcome():
    row = Row(1, "slow shop", (pair(True, True), pair(True, False, 1), pair(True, None, 2, reason="miss")))
    assert (str(row.base), str(row.candidate), row.outcome, row.reason) == ("3/3", "1/2", Outcome.REGRESSED, "miss")


def test_row_with_pairs_both_ways_is_flaky_and_keeps_its_harms():
    row = Row(1, "slow shop", (pair(True, False), pair(False, True, 1)))
    assert (row.outcome, row.harms, row.gains) == (Outcome.FLAKY, 1, 1)


def test_row_without_pairs_is_open_not_passing():
    assert Row(1, "slow shop", ()).outcome is Outcome.OPEN


def test_row_names_the_divergence_of_the_lost_pair_first():
    lost, won = Divergence(3, "a", "b", "narrow"), Divergence(1, "a", "c", "wide")
    row = Row(1, "shop", (pair(False, True, divergence=won), pair(True, False, 1, divergence=lost)))
    assert row.divergence == lost
    assert str(lost) == "step 4: b instead of a, by rule narrow"


def test_totals_count_each_case_once_and_the_unsettled_apart():
    unaffected = PairResult(0, Outcome.UNAFFECTED, True, True)
    report = Report(
        (
            Row(1, "a", (pair(False, True),), target=True),
            Row(2, "b", (pair(True, True),)),
            Row(3, "c", (unaffected,)),
            Row(4, "d", (pair(True, None, reason="miss"),)),
            Row(5, "e", (PairResult(0, Outcome.OPEN),)),
            Row(6, "f", (pair(False, False),)),
        )
    )
    totals = report.totals
    assert (totals.cases, totals.fixed, totals.regressed, totals.same) == (6, 1, 0, 2)
    assert (totals.unaffected, totals.inconclusive, totals.open, totals.settled) == (1, 1, 1, 4)
    assert (totals.base, totals.candidate, totals.protected) == (Tally(2, 4), Tally(3, 4), 2)
    assert report.target.name == "a"
    assert [row.name for row in report.rows_with(Outcome.FIXED, Outcome.INCONCLUSIVE)] == ["a", "d"]


def test_an_unsettled_pair_hides_a_loss_unless_the_base_is_known_to_fail():
    assert pair(True, None).could_hide_a_loss
    assert pair(None, None).could_hide_a_loss
    assert not pair(False, None).could_hide_a_loss
    assert not pair(True, True).could_hide_a_loss


def test_divergence_names_the_first_step_that_differs_and_the_rule_that_fired():
    fired = RuleUse("look-deeper", "fired", "require", "conclude")
    base = run(("pods", "x"), ("logs", "x"))
    candidate = run(("pods", "x"), ("queries", "x", RuleUse("idle", "retrieved"), fired))
    assert divergence_of(base, candidate) == Divergence(1, 'logs {"name":"x"}', 'queries {"name":"x"}', "look-deeper")


def test_divergence_at_the_conclusion_names_what_is_concluded():
    candidate = run(("pods", "x"), cause="lock", rules=(RuleUse("held", "fired"),))
    assert divergence_of(run(("pods", "x")), candidate) == Divergence(
        1, "conclude leak at part", "conclude lock at part", "held"
    )


def test_divergence_where_one_run_goes_on_names_the_rule_that_made_it():
    fired = RuleUse("look-deeper", "fired")
    found = divergence_of(run(("pods", "x")), run(("pods", "x"), ("queries", "x", fired)))
    assert found == Divergence(1, "conclude leak at part", 'queries {"name":"x"}', "look-deeper")


def test_divergence_is_laid_on_no_rule_that_both_runs_had():
    old = run(("pods", "x"), ("queries", "x", RuleUse("shared", "fired")))
    new = run(("pods", "x"), ("alerts", "x"))
    assert divergence_of(old, new).rule == "shared"  # what was known is not said
    assert divergence_of(old, new, differing={"wide"}).rule == "wide"  # nothing else differs
    assert divergence_of(old, new, differing={"wide", "other"}).rule == ""
    assert divergence_of(old, new, differing={"shared", "other"}).rule == "shared"  # it was taken away


def test_divergence_of_equal_runs_is_none():
    assert divergence_of(run(("pods", "x")), run(("pods", "x"))) is None


def test_intervals_and_bounds_say_what_few_cases_can_show():
    assert wilson(0, 0) is None and loss_bound(0) is None
    assert loss_bound(50) == pytest.approx(0.0582, abs=1e-4)
    low, high = wilson(4, 5)
    assert (round(low, 3), round(high, 3)) == (0.376, 0.964)
    assert Tally(0, 0).rate is None and Tally(4, 5).rate == 0.8 and Tally(4, 5).interval == (low, high)


def test_row_says_what_was_never_recorded_only_where_the_arms_differ_or_nothing_answered():
    def said(base, candidate):
        pair = PairResult(0, Outcome.SAME_PASS, True, True, base_levels=base, candidate_levels=candidate)
        return Row(1, "one", (pair,)).beyond_recordings

    assert said({"r3": 2}, {"r3": 2}) == ""
    assert said({"r3": 2, "miss": 1}, {"r3": 2, "miss": 1}) == "both asked what was never recorded: 1 not captured"
    assert said({}, {"r3": 1}) == "new asked what was never recorded: 1 answered by the world"
