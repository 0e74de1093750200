import json

import pytest

from rules import merge, review, versions
from sandbox.knowledge import faces
from tests import factories
from tests.rules import builders

pytestmark = pytest.mark.django_db

BROKEN = 'RULE broken\nWHEM evidence(log)\nTHEN IMPLY missing_index\nBECAUSE "x"\n'


@pytest.fixture
def expert(client):
    client.force_login(factories.make_user("expert"))
    return client


def test_check_points_at_the_word(expert):
    page = expert.post("/rules/check/", {"text": BROKEN}).content.decode()
    assert 'data-line="2" data-column="0" data-length="4"' in page
    assert "<mark>WHEM</mark>" in page


def test_check_shows_the_other_faces(expert):
    page = expert.post("/rules/check/", {"text": builders.RULE.format(name="mine")}).content.decode()
    assert "It reads." in page
    assert "Ask get_slow_queries with service $component before concluding." in page
    assert "&quot;name&quot;: &quot;mine&quot;" in page
    assert "## mine" in page


def test_check_of_nothing_says_what_to_do(expert):
    assert "Write a rule" in expert.post("/rules/check/", {"text": ""}).content.decode()


def test_check_escapes_what_was_typed(expert):
    page = expert.post("/rules/check/", {"text": "<script>alert(1)</script>"}).content.decode()
    assert "<script>" not in page


def test_preview_of_a_rule_that_cannot_be_read_says_so(expert):
    assert "at WHEM" in expert.post("/rules/preview/", {"text": BROKEN}).content.decode()


def test_markdown_can_be_drafted_as_it_was_exported(expert):
    text = faces.as_markdown((builders.rule("exported"),))
    answer = expert.post("/patches/new/", {"title": "again", "text": text})
    assert answer.status_code == 302
    found = builders.Patch.objects.get().revisions.get().add
    assert [data["name"] for data in found] == ["exported"]


@pytest.mark.parametrize(
    ("form", "kind"), [("json", "application/json"), ("md", "text/markdown"), ("txt", "text/plain")]
)
def test_rules_of_a_version_leave_and_come_back(expert, form, kind):
    patch = builders.in_review()
    ria = builders.user("ria", "reviewer")
    review.decide(patch, by=ria, decision="approve")
    merge.merge(patch, by=ria)
    answer = expert.get(f"/knowledge/1/rules.{form}")
    assert answer["Content-Type"] == f"{kind}; charset=utf-8"
    assert faces.read(answer.content.decode()) == versions.knowledge(versions.head()).rules
    assert expert.get("/knowledge/1/rules.exe").status_code == 404


def test_words_are_json(expert):
    words = json.loads(expert.get("/rules/words.json").content)
    assert "WHEN" in words["keywords"]
