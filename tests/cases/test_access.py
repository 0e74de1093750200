import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils.functional import SimpleLazyObject

from cases.access import (
    case_for,
    closed_to,
    forget_what_is_closed,
    has_role,
    may_see_answer,
    number_in,
    require_role,
    roles_of,
    session_for,
)
from tests.factories import make_case, make_session, make_user

pytestmark = pytest.mark.django_db


def test_roles_of_a_person_are_groups():
    assert roles_of(make_user("expert", "reviewer")) == {"expert", "reviewer"}


def test_nobody_and_other_things_have_no_roles():
    inactive = make_user("lead")
    inactive.is_active = False
    for user in (AnonymousUser(), inactive, make_user(), object(), None):
        assert roles_of(user) == frozenset()
        assert not has_role(user)
        assert not may_see_answer(user)


def test_what_is_closed_to_the_user_of_a_request_is_read_once(django_assert_num_queries):
    person = make_user("lead")
    user = SimpleLazyObject(lambda: person)
    with django_assert_num_queries(1):
        assert (closed_to(user), closed_to(user)) == (None, None)
    forget_what_is_closed(user)
    with django_assert_num_queries(1):
        assert closed_to(user) is None


def test_superuser_is_an_admin():
    user = make_user()
    user.is_superuser = True
    assert roles_of(user) == {"admin"}


def test_roles_are_read_once(django_assert_num_queries):
    user = make_user("expert")
    with django_assert_num_queries(1):
        assert has_role(user, "expert", "lead")
        assert not has_role(user, "lead")
        assert may_see_answer(user)


def test_require_role_names_what_is_needed():
    with pytest.raises(PermissionDenied, match="needs the role reviewer or lead"):
        require_role(make_user("expert"), "reviewer", "lead")
    require_role(make_user("lead"), "reviewer", "lead")


def test_case_and_session_are_for_people_with_a_role(django_assert_num_queries):
    case = make_case()
    session = make_session(case)
    expert = make_user("expert")
    assert (roles_of(expert), closed_to(expert)) == ({"expert"}, None)  # read once and kept
    with django_assert_num_queries(2):
        assert case_for(expert, case.pk).system.name == "market"
        assert session_for(expert, session.pk).case == case
    for find, pk in ((case_for, case.pk), (session_for, session.pk)):
        with pytest.raises(PermissionDenied):
            find(make_user(), pk)
        with pytest.raises(Http404):
            find(expert, pk + 1000)


@pytest.mark.parametrize(
    ("text", "number"),
    [("12", 12), ("-1", -1), ("", None), ("²", None), ("٣", None), ("9" * 5000, None), ("1e9", None)],
)
def test_number_in_takes_plain_digits_only(text, number):
    assert number_in(text, usual=None) == number
