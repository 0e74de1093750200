"""What people read where something is wrong: in words, without a trace, and even without a database."""

import pytest
from django.db import OperationalError, connection
from django.test import Client

from tests import factories

pytestmark = pytest.mark.django_db
SECRET = "a line of a trace"


def broken(*args, **kwargs):
    raise OperationalError(SECRET)


@pytest.fixture
def visitor():
    client = Client(raise_request_exception=False)
    client.force_login(factories.make_user("lead"))
    return client


def test_a_page_that_fails_says_so_without_a_trace(visitor, monkeypatch):
    monkeypatch.setattr("cloudmate.views.recently_merged", broken)
    answer = visitor.get("/")
    assert (answer.status_code, SECRET in answer.content.decode()) == (500, False)
    assert "<h1>" in answer.content.decode()


def test_a_database_that_is_away_is_told_of_by_a_page_that_needs_none(visitor, monkeypatch):
    monkeypatch.setattr(connection, "cursor", broken)
    answer = visitor.get("/library/")
    assert (answer.status_code, SECRET in answer.content.decode()) == (500, False)
    assert 'href="/"' in answer.content.decode()


def test_an_address_that_leads_nowhere_is_told_as_such(visitor):
    answer = visitor.get("/nowhere/")
    assert answer.status_code == 404
    assert "<h1>" in answer.content.decode()
