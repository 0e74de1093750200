import pytest

from cases.evaluation.run import evaluate_session
from cases.models import Case
from rules import merge, patches, review, versions
from rules.insight import growth
from tests import factories
from tests.rules import builders, scene

pytestmark = pytest.mark.django_db


def test_each_version_with_its_library_and_what_changed():
    reviewer = factories.make_user("reviewer")
    patch = scene.patch("in_review", "fixed", "same_pass", "same_fail")
    review.decide(patch, by=reviewer, decision="approve")
    merge.merge(patch, by=reviewer)
    first, second = growth.growth()
    assert (first.passing, first.tested, first.rules, first.churn) == (1, 3, 0, 0)
    assert (second.passing, second.before, second.tested, second.fixed, second.rules, second.added, second.removed) == (
        2,
        1,
        3,
        1,
        1,
        1,
        0,
    )


def test_conflicts_of_a_version_are_counted():
    reviewer = builders.user("ria", "reviewer")
    for name in ("one", "twin"):
        patch = builders.in_review(name=name)
        review.decide(patch, by=reviewer, decision="approve")
        merge.merge(patch, by=reviewer)
    assert [item.conflicts for item in growth.growth()] == [0, 0, 1]


def test_held_out_cases_are_counted_by_their_newest_run_under_each_knowledge():
    head = versions.head()
    case = factories.make_confirmed_case()
    Case.objects.filter(pk=case.pk).update(gates=False)
    for component in ("till", "ledger"):
        session = factories.make_finished_session(
            case, knowledge_digest=head.value_id, diagnosis=factories.make_diagnosis(component)
        )
        evaluate_session(session)
    gating = factories.make_finished_session(factories.make_confirmed_case(), knowledge_digest=head.value_id)
    evaluate_session(gating)
    assert growth.held_out() == {head.value_id: (1, 1)}
    assert [(item.held_passing, item.held_tested) for item in growth.growth()] == [(1, 1)]


def test_removed_rule_is_churn():
    reviewer, lead = builders.user("ria", "reviewer"), builders.user("leo", "lead")
    patch = builders.in_review()
    review.decide(patch, by=reviewer, decision="approve")
    version = merge.merge(patch, by=reviewer)
    back = builders.tested(merge.revert(version, by=lead))
    review.decide(back, by=reviewer, decision="approve")
    merge.merge(back, by=reviewer)
    assert [(item.rules, item.added, item.removed) for item in growth.growth()] == [(0, 0, 0), (1, 1, 0), (0, 0, 1)]
    assert patches.current(back).remove == ["look-behind-the-pool"]


def test_case_that_a_rule_was_written_for_is_not_held_out():
    head = versions.head()
    case = factories.make_labelled_case()
    evaluate_session(factories.make_finished_session(case, knowledge_digest=head.value_id))
    assert growth.held_out() == {head.value_id: (1, 1)}
    patches.draft(title="learned", add=(builders.rule(),), engine="offline", case=case)
    assert growth.held_out() == {}
