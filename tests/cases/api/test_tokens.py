from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from cases import tokens
from cases.models import AgentToken

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin():
    return User.objects.create(username="admin")


def test_token_text_is_kept_nowhere(admin):
    text, token = tokens.issue(" watcher ", None, admin)
    assert text.startswith("cm_") and len(text) == 46
    row = AgentToken.objects.values().get(pk=token.pk)
    assert text not in str(row)
    assert (row["name"], row["prefix"], row["hashed"]) == ("watcher", text[:11], tokens.hashed(text))


def test_token_without_a_name_is_not_issued(admin):
    with pytest.raises(tokens.TokenError, match="needs a name"):
        tokens.issue("  ", None, admin)


def test_token_is_found_by_its_text_until_revoked(admin):
    text, token = tokens.issue("watcher", None, admin)
    assert tokens.token_of(text) == token
    assert tokens.token_of(text + "x") is None
    tokens.revoke(token)
    first = token.revoked_at
    tokens.revoke(token)
    assert (tokens.token_of(text), token.revoked_at) == (None, first)


def test_token_use_is_noted_at_most_once_a_minute(admin, django_assert_num_queries):
    text, token = tokens.issue("watcher", None, admin)
    with django_assert_num_queries(2):
        tokens.token_of(text)
    with django_assert_num_queries(1):
        noted = tokens.token_of(text).last_used_at
    AgentToken.objects.filter(pk=token.pk).update(last_used_at=timezone.now() - timedelta(seconds=61))
    assert tokens.token_of(text).last_used_at > noted
