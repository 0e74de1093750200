import pytest

from cases.models import Case, Session
from cloudmate.work import Work
from sandbox import regression, reports
from sandbox import work as sandbox_work
from sandbox.importers.store import bring_in
from sandbox.knowledge.language import parse
from sandbox.knowledge.rule import EMPTY, Knowledge
from sandbox.models import Pair, Regression
from tests import factories
from tests.lab import lab_case

pytestmark = pytest.mark.django_db

LOOK = Knowledge(
    parse(
        """RULE look-at-locks
WHEN evidence(saturation, "pool|connection")
THEN REQUIRE get_lock_waits() BEFORE CONCLUDE
BECAUSE "a full pool is a symptom"
"""
    )
)
NEVER = Knowledge(
    parse(
        """RULE never-here
WHEN evidence(certificate, "expired")
THEN IMPLY bad_certificate WEIGHT 9
BECAUSE "certificates end"
"""
    )
)


@pytest.fixture
def library():
    lead = factories.make_user("lead")
    for fault, seed in (("long_transaction_lock", 1), ("connection_pool_too_small", 1), ("no_fault", 1)):
        bring_in(lab_case("quayside", fault, seed), confirm_as=lead)


def run_all(row: Regression) -> None:
    while Regression.objects.get(pk=row.pk).state == Regression.State.OPEN:
        sandbox_work.turn()
    row.refresh_from_db()


def outcomes(row: Regression) -> dict[str, str]:
    return dict(row.pairs.values_list("case_version__fault_class", "outcome"))


def test_regression_without_any_case_is_refused_in_words():
    with pytest.raises(regression.RegressionError, match="no confirmed case"):
        regression.open_for(base=EMPTY, candidate=LOOK)


def test_case_without_a_snapshot_is_accounted_for(library):
    bare = factories.make_labelled_case()
    row = regression.open_for(base=EMPTY, candidate=NEVER, target_case=bare)
    run_all(row)
    pair = row.pairs.get(case_version__case=bare)
    assert (pair.state, pair.outcome, pair.reason, pair.target) == (
        Work.State.DONE,
        "inconclusive",
        "no snapshot",
        True,
    )
    assert row.pairs.count() == 4


def test_rule_that_makes_the_agent_look_fixes_one_and_breaks_none(library):
    row = regression.open_for(base=EMPTY, candidate=LOOK)
    run_all(row)
    assert outcomes(row) == {
        "long_transaction_lock": "fixed",
        "connection_pool_too_small": "same_pass",
        "": "unaffected",
    }
    fixed = row.pairs.get(outcome="fixed")
    assert fixed.divergence["rule"] == "look-at-locks"
    assert (fixed.base_passed, fixed.candidate_passed) == (False, True)
    totals = reports.report_of(row).totals
    assert (totals.cases, totals.fixed, totals.regressed, totals.unaffected, totals.open) == (3, 1, 0, 1, 0)


def test_rule_that_never_acts_is_proven_unaffected_without_a_run(library):
    row = regression.open_for(base=EMPTY, candidate=NEVER)
    run_all(row)
    assert set(outcomes(row).values()) == {"unaffected"}
    assert Session.objects.filter(origin="regression").count() == 3  # the old arms only
    assert all(pair.base_session == pair.candidate_session for pair in row.pairs.all())


def test_what_was_proven_the_same_is_not_run_again(library):
    run_all(regression.open_for(base=EMPTY, candidate=NEVER))
    ran = Session.objects.count()
    row = regression.open_for(base=NEVER, candidate=EMPTY)
    run_all(row)
    assert Session.objects.count() == ran
    assert set(outcomes(row).values()) == {"unaffected"}


def test_pair_that_cannot_run_is_inconclusive_with_the_reason(library):
    row = regression.open_for(base=EMPTY, candidate=LOOK)
    pair = row.pairs.first()
    Pair.objects.filter(pk=pair.pk).update(state=Work.State.RUNNING)
    pair.refresh_from_db()
    regression.give_up(pair, error="the disk is full")
    pair.refresh_from_db()
    assert (pair.state, pair.outcome, pair.reason) == ("failed", "inconclusive", "error: the disk is full")


def test_stopped_regression_goes_on_with_what_is_outstanding(library):
    row = regression.open_for(base=EMPTY, candidate=LOOK)
    regression.execute_pair(row.pairs.first())
    regression.cancel_regression(row)
    done = list(row.pairs.exclude(outcome="").values_list("pk", "base_session", "candidate_session"))
    assert len(done) == 1
    report = reports.report_of(row)
    assert (report.finished, report.cancelled, report.totals.open) == (False, True, 2)
    regression.resume(row)
    run_all(row)
    assert row.state == Regression.State.CLOSED
    assert row.pairs.exclude(outcome="").count() == 3
    assert list(row.pairs.filter(pk=done[0][0]).values_list("pk", "base_session", "candidate_session")) == done


def test_report_takes_the_same_queries_for_one_and_for_many(library, django_assert_num_queries):
    many = regression.open_for(base=EMPTY, candidate=NEVER, seeds=(0, 1, 2, 3))
    run_all(many)
    Case.objects.exclude(pk=Case.objects.first().pk).update(gates=False)
    one = regression.open_for(base=EMPTY, candidate=NEVER)
    run_all(one)
    with django_assert_num_queries(3):
        assert len(reports.report_of(many).rows) == 3
    with django_assert_num_queries(3):
        assert len(reports.report_of(one).rows) == 1
