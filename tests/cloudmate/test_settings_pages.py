"""Models with their test button, and people with their roles."""

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from cases.access import roles_of
from cases.models import Entry
from cloudmate import people
from cloudmate.llm.openai import Endpoint
from cloudmate.trying import tried
from tests import factories
from tests.cloudmate.llm.server import answers, late, refuses, serving

KEY = "sk-very-secret-key-of-the-endpoint"


@pytest.fixture
def admin(client, db):
    user = factories.make_user("admin", name="ada")
    client.force_login(user)
    return user


def test_model_that_answers_says_so_with_its_time_and_tokens():
    with serving(answers("ready")) as server:
        found = tried(Endpoint("m1", server.url, KEY))
    assert found.ok
    assert found.words.startswith("It answers as served-model, after ")
    assert found.words.endswith("10 tokens in, 5 out.")
    assert server.requests[0]["model"] == "m1"


def test_model_that_is_cut_while_it_thinks_answers_all_the_same():
    with serving(answers("hmm", finish="length")) as server:
        assert tried(Endpoint("m1", server.url)).ok


def test_endpoint_that_refuses_is_told_in_words_without_the_key():
    with serving(refuses(401, f"wrong key {KEY}")) as server:
        found = tried(Endpoint("m1", server.url, KEY))
    assert (found.ok, "answered 401" in found.words, KEY in found.words) == (False, True, False)


def test_endpoint_that_is_slow_is_given_up():
    with serving(late(5, answers("ready"))) as server:
        found = tried(Endpoint("m1", server.url), patience=0.3)
    assert (found.ok, "timeout" in found.words) == (False, True)


def test_page_shows_what_each_role_is_bound_to_and_never_a_key(client, admin, settings):
    with serving(answers("ready")) as server:
        place = server.url.replace("://", "://me:hidden@")
        settings.CLOUDMATE_LLM = {"judge": Endpoint("m1", place, KEY)}
        page = client.post(reverse("try_model", args=["judge"])).content.decode()
    assert "It answers as served-model" in page
    assert server.url in page
    assert "code alone scores" not in page
    assert "the offline agent runs, which needs no model" in page
    assert (KEY in page, "hidden@" in page) == (False, False)
    assert client.post(reverse("try_model", args=["agent"])).status_code == 404


def test_admin_adds_a_person_whose_password_is_shown_once(client, admin):
    page = client.post(reverse("people"), {"name": "elif", "roles": ["expert", "lead"]})
    _, password = page.context["made"]
    assert password in page.content.decode()
    assert roles_of(authenticate(username="elif", password=password)) == {"expert", "lead"}
    assert password not in client.get(reverse("people")).content.decode()
    entry = Entry.objects.get()
    assert (entry.action, entry.by, entry.subject, entry.words) == ("account made", admin, "elif", "expert, lead")


@pytest.mark.parametrize(("name", "words"), [("ADA", "There is a ADA already."), ("no spaces", "letters, digits")])
def test_name_that_cannot_be_is_refused_in_words(client, admin, name, words):
    page = client.post(reverse("people"), {"name": name})
    assert (page.status_code, words in page.content.decode()) == (422, True)
    assert User.objects.count() == 1


def test_roles_are_exactly_those_ticked(client, admin):
    other = factories.make_user("expert", "reviewer")
    client.post(reverse("change_person", args=[other.pk]), {"act": "roles", "roles": ["reviewer", "admin"]})
    other = User.objects.get(pk=other.pk)
    assert (roles_of(other), other.is_superuser) == ({"reviewer", "admin"}, True)


def test_person_who_is_shut_out_is_out_at_once_and_can_be_let_in_again(client, admin):
    other = factories.make_user("expert")
    theirs = client.__class__()
    theirs.force_login(other)
    assert theirs.get("/cases/").status_code == 200
    client.post(reverse("change_person", args=[other.pk]), {"act": "shut"})
    assert theirs.get("/cases/").status_code == 302
    client.post(reverse("change_person", args=[other.pk]), {"act": "open"})
    assert User.objects.get(pk=other.pk).is_active


def test_admin_stays_one_until_another_takes_it_away(client, admin):
    mine = reverse("change_person", args=[admin.pk])
    answer = client.post(mine, {"act": "roles", "roles": ["expert"]}, follow=True).content.decode()
    assert "You cannot take the role admin from yourself" in answer
    assert "You cannot shut yourself out" in client.post(mine, {"act": "shut"}, follow=True).content.decode()
    other = factories.make_user("expert")
    unknown = client.post(reverse("change_person", args=[other.pk]), {"roles": ["king"]}, follow=True)
    assert "There is no role king" in unknown.content.decode()
    assert (roles_of(User.objects.get(pk=admin.pk)), roles_of(User.objects.get(pk=other.pk))) == ({"admin"}, {"expert"})


@pytest.mark.django_db
def test_services_are_an_admins():
    with pytest.raises(PermissionDenied):
        people.add("x", [], by=factories.make_user("lead"))
