import pytest
from django.contrib.auth.models import User

from cases.models import Case, System
from cloudmate.states import TransitionError, transition

pytestmark = pytest.mark.django_db


@pytest.fixture
def case():
    system = System.objects.create(slug="shop", name="Shop")
    return Case.objects.create(system=system, name="Checkout is slow", origin="test", origin_path="1")


def test_transition_moves_the_row_and_writes_the_changes_with_it(case):
    owner = User.objects.create(username="ada")
    transition(case, Case.State.CLEANED, state_reason="no secrets left", owner=owner)
    stored = Case.objects.get(pk=case.pk)
    assert (stored.state, stored.state_reason, stored.owner) == ("cleaned", "no secrets left", owner)
    assert (case.state, case.state_reason, case.owner) == ("cleaned", "no secrets left", owner)


def test_transition_refuses_what_the_graph_does_not_have(case):
    with pytest.raises(TransitionError, match=f"^case {case.pk}: draft -> confirmed is not allowed$"):
        transition(case, Case.State.CONFIRMED)
    assert Case.objects.get(pk=case.pk).state == "draft"


def test_of_two_that_move_the_same_row_the_second_loses(case):
    rival = Case.objects.get(pk=case.pk)
    transition(case, Case.State.CLEANED)
    with pytest.raises(TransitionError, match=f"^case {case.pk} left draft before it could become cleaned$"):
        transition(rival, Case.State.CLEANED, state_reason="mine")
    assert Case.objects.get(pk=case.pk).state_reason == ""
    assert rival.state == "draft"


def test_transition_moves_only_what_is_still_among_the_rows_named(case):
    with pytest.raises(TransitionError):
        transition(case, Case.State.CLEANED, among=Case.objects.filter(must_pass=True))
    transition(case, Case.State.CLEANED, among=Case.objects.filter(must_pass=False))
    assert Case.objects.get(pk=case.pk).state == "cleaned"


def test_an_error_names_the_row_without_asking_the_database(case, django_assert_num_queries):
    with django_assert_num_queries(0), pytest.raises(TransitionError):
        transition(Case.objects.model(pk=7, state="retired"), Case.State.DRAFT)
