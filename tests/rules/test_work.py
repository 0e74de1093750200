import pytest

from cases.evaluation.run import evaluate_session
from cases.models import Evaluation
from rules import work
from sandbox.models import Exploration
from tests import factories

pytestmark = pytest.mark.django_db


def failures(count: int) -> None:
    """Sessions of as many cases that failed alike."""
    for _ in range(count):
        case = factories.make_confirmed_case()
        session = factories.make_finished_session(case, diagnosis=factories.make_diagnosis(fault_class="disk_full"))
        evaluate_session(session)
    Evaluation.objects.update(signature="alike", low_scoring=True)


def test_failures_alike_are_explored_once_and_then_cost_nothing(django_assert_num_queries):
    failures(3)
    assert work.explore_failures() == 1
    assert Exploration.objects.count() == 1
    with django_assert_num_queries(2):  # the head, and who waits
        assert work.explore_failures() == 0
    failures(5)
    with django_assert_num_queries(2):
        assert work.explore_failures() == 0
