import pytest

from sandbox.repeats import Repeats, of_arm, repeats
from sandbox.report import PairResult, Report, Row, Tally, outcome_of


def row(name, *results):
    pairs = (PairResult(seed, outcome_of(old, new), old, new) for seed, (old, new) in enumerate(results))
    return Row(name, name, tuple(pairs))


def test_one_run_of_each_case_says_nothing_of_repeats():
    assert repeats(Report((row("a", (True, True)), row("b", (False, True))))) == ()


def test_each_arm_over_the_cases_that_it_settled_at_least_twice():
    rows = (
        row("steady", (True, True), (True, True)),
        row("now and then", (False, True), (True, False)),
        row("never", (False, False), (False, False)),
        row("once", (True, True)),
        row("half of it missing", (True, None), (True, True)),
    )
    old, new = repeats(Report(rows))
    assert old == Repeats("old", 4, 2, Tally(5, 8), 3 / 4, 2 / 4)
    assert new == Repeats("new", 3, 2, Tally(3, 6), 2 / 3, 1 / 3)


@pytest.mark.parametrize(
    ("tallies", "one", "every"),
    [
        (
            [Tally(3, 5), Tally(2, 2)],
            (9 / 10 + 1) / 2,
            (3 / 10 + 1) / 2,
        ),  # of 10 pairs of 5 runs, 9 hold a pass, 3 are all passes
        ([Tally(0, 3)], 0.0, 0.0),
        ([Tally(3, 3)], 1.0, 1.0),
    ],
)
def test_a_case_that_ran_more_often_counts_by_every_choice_of_k_of_its_runs(tallies, one, every):
    found = of_arm("new", tallies)
    assert (found.one_of_k, found.every_of_k) == (pytest.approx(one), pytest.approx(every))
