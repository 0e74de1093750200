"""Who asks: two queries for the sign-in and the person with their roles, and never an older answer than the database's."""

from datetime import timedelta

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.utils import timezone

from cases.access import closed_to, roles_of
from cases.models import LabelSeat
from cloudmate.signed_in import Accounts, SessionStore
from tests import factories

pytestmark = pytest.mark.django_db


def test_who_asks_with_their_roles_takes_one_query(django_assert_num_queries):
    person = factories.make_user("lead", "expert")
    person.groups.add(Group.objects.create(name="other"))
    with django_assert_num_queries(1):
        found = Accounts().get_user(person.pk)
        assert (found, roles_of(found)) == (person, {"lead", "expert"})
    assert [getattr(found, field.attname) for field in person._meta.concrete_fields] == [
        getattr(person, field.attname) for field in person._meta.concrete_fields
    ]


def test_who_asks_comes_with_what_is_closed_to_them(django_assert_num_queries):
    case, person = factories.make_case(), factories.make_user("lead", "expert")
    LabelSeat.objects.create(case=factories.make_case(), by=person, task_digest="t", state=LabelSeat.State.GIVEN)
    with django_assert_num_queries(1):
        assert closed_to(Accounts().get_user(person.pk)) is None
    LabelSeat.objects.create(case=case, by=person, task_digest="t")
    with django_assert_num_queries(1):
        assert closed_to(Accounts().get_user(person.pk)) == case.pk


def test_person_without_a_role_and_superuser():
    nobody = factories.make_user()
    assert roles_of(Accounts().get_user(nobody.pk)) == frozenset()
    nobody.is_superuser = True
    nobody.save(update_fields=["is_superuser"])
    assert roles_of(Accounts().get_user(nobody.pk)) == {"admin"}


def test_nobody_and_inactive_people_are_not_signed_in():
    person = factories.make_user("lead")
    person.is_active = False
    person.save(update_fields=["is_active"])
    assert Accounts().get_user(person.pk) is None
    assert Accounts().get_user(person.pk + 1000) is None


def test_sign_in_lasts_until_it_expires():
    kept = SessionStore()
    kept["word"] = "here"
    kept.create()
    assert SessionStore(kept.session_key)["word"] == "here"
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    late = SessionStore(kept.session_key)
    assert (late.get("word"), late.session_key) == (None, None)


def test_role_taken_away_counts_at_the_next_request(client):
    lead = factories.make_user("lead")
    client.force_login(lead)
    assert client.get("/settings/log/").status_code == 200
    lead.groups.clear()
    assert client.get("/settings/log/").status_code == 403


def test_password_opens_the_account():
    person = factories.make_user("lead")
    person.set_password("a long enough one")
    person.save()
    assert authenticate(username=person.username, password="a long enough one") == person
    assert authenticate(username=person.username, password="another") is None
