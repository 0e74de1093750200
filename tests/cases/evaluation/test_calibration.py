import pytest

from cases.evaluation.calibration import Confusion, confusion, corrected, permission, share


def test_pairs_are_counted_judge_first():
    assert confusion([(True, True), (True, False), (False, True), (False, False), (True, False)]) == Confusion(
        1, 2, 1, 1
    )


def test_kappa_and_its_error_are_the_published_ones():
    # Fleiss' own worked figures are for more categories; these were computed by hand from the formula of 1969
    kappa = Confusion(tp=20, fp=5, fn=10, tn=15).kappa()
    assert kappa.n == 50
    assert kappa.value == pytest.approx(0.4)
    assert (kappa.low, kappa.high) == pytest.approx((0.1511, 0.6489), abs=5e-4)


def test_perfect_agreement_has_no_error():
    kappa = Confusion(tp=30, tn=20).kappa()
    assert (kappa.value, kappa.low, kappa.high) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize("counts", [Confusion(), Confusion(tp=60)])
def test_kappa_of_nothing_or_of_one_word_only_is_unknown(counts):
    assert counts.kappa().value is None


def test_sensitivity_and_specificity_come_with_wilsons_interval():
    counts = Confusion(tp=45, fp=3, fn=5, tn=12)
    assert (counts.sensitivity().value, counts.sensitivity().n) == (0.9, 50)
    assert (counts.specificity().value, counts.specificity().n) == (0.8, 15)
    tenth = share(1, 10)
    assert (tenth.low, tenth.high) == pytest.approx((0.0179, 0.4042), abs=1e-4)
    assert share(0, 0).value is None


def test_the_true_rate_behind_a_judge_is_corrected_and_clipped():
    assert corrected(0.7, 0.9, 0.8) == pytest.approx(0.5 / 0.7)
    assert corrected(0.1, 0.9, 0.8) == 0.0
    assert corrected(0.95, 0.9, 0.8) == 1.0
    assert corrected(0.7, 0.5, 0.5) is None


def test_a_judge_over_the_bar_may_gate():
    assert permission(Confusion(tp=33, fp=1, fn=2, tn=14)) == permission(Confusion(tp=33, fp=1, fn=2, tn=14))
    assert permission(Confusion(tp=33, fp=1, fn=2, tn=14)).allowed


@pytest.mark.parametrize(
    ("counts", "lacking"),
    [
        (Confusion(tp=32, fp=1, fn=2, tn=14), ("49 blind reviews of 50",)),
        (Confusion(tp=36, fp=1, fn=0, tn=13), ("14 negative reviews of 15",)),
        (Confusion(tp=30, fp=10, fn=10, tn=10), ("kappa 0.25 (lower bound -0.01) where 0.6 (0.4) is wanted",)),
        (Confusion(), ("0 blind reviews of 50", "0 negative reviews of 15", "no kappa yet")),
        (Confusion(tp=60), ("0 negative reviews of 15", "kappa cannot be computed: somebody only ever says one thing")),
    ],
)
def test_a_judge_below_the_bar_may_not_and_is_told_why(counts, lacking):
    found = permission(counts)
    assert (found.allowed, found.lacking) == (False, lacking)
