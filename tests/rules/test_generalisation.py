"""What variants say of a patch, and when they refuse it."""

from rules.gate import Decision, Verdict
from rules.generalisation import Trial, over_triggered, with_variants
from sandbox.divergence import Divergence
from sandbox.report import Outcome, PairResult, Report, Row

ACCEPTED = Verdict(Decision.ACCEPT, "No case is lost", record={"cases": 3})
NOTHING = Report(rows=())


def row(name, fault_class, *, target=False, moved=False):
    parted = Divergence(1, "conclude", "look", "r") if moved else None
    pair = PairResult(0, Outcome.SAME_PASS, True, True, divergence=parted)
    return Row(name, name, (pair,), fault_class=fault_class, target=target)


def test_a_gap_is_told_and_refuses_only_where_most_variants_fail():
    some = with_variants(ACCEPTED, [Trial("rename", False, False), Trial("shift", False, True)], NOTHING)
    assert some.decision is Decision.ACCEPT
    assert some.record["generalisation_gap"] == 0.5
    assert some.does_not_show == ("It does not mend 1 of 2 variants of its case: every component has another name",)
    most = with_variants(ACCEPTED, [Trial("rename", False, False), Trial("shift", None, None)], NOTHING)
    assert most.decision is Decision.REFUSE
    assert "1 of 1 variants stay broken (every component has another name)" in most.reason


def test_where_the_answer_is_another_a_rule_must_not_take_it_away():
    mended = Trial("rename", False, True)
    spoilt = with_variants(ACCEPTED, [mended, Trial("swap-cause", True, False)], NOTHING)
    assert spoilt.decision is Decision.REFUSE
    assert spoilt.reason.endswith("where another than its case's is right: another cause raises the same alert")
    for kept in (("swap-cause", False, False), ("swap-cause", True, None), ("no-fault", True, True)):
        verdict = with_variants(ACCEPTED, [mended, Trial(*kept)], NOTHING)
        assert verdict.decision is Decision.ACCEPT  # nothing that was right is lost
        assert verdict.record["generalisation_gap"] == 0  # the gap is of those that have the same answer
        assert [one["same_answer"] for one in verdict.record["variants"]] == [True, False]


def test_what_was_refused_stays_refused_and_what_was_not_tried_is_said():
    refused = Verdict(Decision.REFUSE, "a loss")
    assert with_variants(refused, [Trial("rename", False, True)], NOTHING).reason == "a loss"
    unknown = with_variants(ACCEPTED, [], NOTHING)
    assert (unknown.decision, unknown.record["generalisation_gap"]) == (Decision.ACCEPT, None)
    assert "is not known" in unknown.does_not_show[0]


def test_cases_of_other_classes_that_a_patch_moves_are_counted():
    rows = (
        row("a", "leak", target=True, moved=True),
        row("b", "leak", moved=True),
        row("c", "lock", moved=True),
        row("d", "lock"),
    )
    assert over_triggered(Report(rows=rows)) == (1, 2)
    assert over_triggered(NOTHING) == (0, 0)
