"""What the navigation counts: as the pages' own questions count, in one query, for each person apart."""

import pytest

from cases.contexts.turn import to_confirm, to_finish
from cloudmate.counting import counts
from rules.turn_contexts import waiting_for
from tests import factories
from tests.rules import scene

pytestmark = pytest.mark.django_db
QUESTIONS = (to_confirm, to_finish, waiting_for)


@pytest.mark.parametrize("roles", [(), ("expert",), ("reviewer",), ("lead",), ("admin",), ("expert", "lead")])
def test_counts_are_those_of_the_questions_themselves(roles):
    person, other = factories.make_user(*roles), factories.make_user(*roles)
    factories.make_labelled_case()
    factories.make_session(actor="expert", engine="expert", by=person)
    factories.make_session(actor="expert", engine="expert", by=other)
    scene.patch("in_review", "fixed")
    assert counts(person, *QUESTIONS) == tuple(question(person).count() for question in QUESTIONS)
    assert counts(other, *QUESTIONS) == tuple(question(other).count() for question in QUESTIONS)


def test_counts_are_of_the_one_who_asks():
    busy, idle = factories.make_user("expert"), factories.make_user("expert")
    factories.make_session(actor="expert", engine="expert", by=busy)
    assert (counts(busy, to_finish), counts(idle, to_finish)) == ((1,), (0,))


def test_counts_take_one_query(django_assert_num_queries):
    person = factories.make_user("lead")
    counts(person, *QUESTIONS)
    with django_assert_num_queries(1):
        counts(person, *QUESTIONS)
