"""Agents fetch the current knowledge, and pay nothing to hear that it has not changed."""

import pytest

from rules import versions
from rules.models import KnowledgeVersion
from sandbox.knowledge.language import as_data, parse, text_of
from sandbox.knowledge.rule import EMPTY, Knowledge
from sandbox.values import stored
from tests.cases.api.callers import Caller, error_of

pytestmark = pytest.mark.django_db

RULE = parse(
    """RULE check-slow-queries
    WHEN evidence(saturation, "pool|connection")
    THEN REQUIRE get_slow_queries() BEFORE CONCLUDE
    BECAUSE "a pool at its limit is a symptom"
    """
)[0]


@pytest.fixture
def agent():
    return Caller()


def merged() -> KnowledgeVersion:
    return KnowledgeVersion.objects.create(number=1, parent=versions.head(), value=stored(Knowledge((RULE,))))


def test_knowledge_begins_empty(agent):
    response = agent.get("knowledge")
    assert (response.status_code, response["ETag"]) == (200, f'"{EMPTY.digest}"')
    body = response.json()
    assert (body["number"], body["digest"], body["rules"]) == (0, EMPTY.digest, [])


def test_knowledge_is_the_newest_version_as_data_and_text(agent):
    version = merged()
    body = agent.get("knowledge").json()
    assert body.pop("at")
    assert body == {
        "number": 1,
        "digest": version.value_id,
        "rules": [{"name": "check-slow-queries", "text": text_of(RULE), "rule": as_data(RULE)}],
    }


def test_knowledge_that_is_held_already_is_not_sent_again(agent):
    tag = agent.get("knowledge")["ETag"]
    for held in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        response = agent.get("knowledge", **{"if-none-match": held})
        assert (response.status_code, response.content, response["ETag"]) == (304, b"", tag)
    merged()
    response = agent.get("knowledge", **{"if-none-match": tag})
    assert (response.status_code, response.json()["number"]) == (200, 1)


def test_knowledge_as_markdown_is_what_a_model_reads(agent):
    version = merged()
    response = agent.get("knowledge", accept="text/markdown")
    assert response["Content-Type"] == "text/markdown; charset=utf-8"
    assert response["ETag"] == f'"{version.value_id}.md"'
    assert response.content.decode() == (
        f"# Knowledge, version 1\n\nDigest {version.value_id}.\n\n"
        f"## check-slow-queries\n\n```\n{text_of(RULE).strip()}\n```\n"
    )
    again = agent.get("knowledge", accept="text/markdown", **{"if-none-match": response["ETag"]})
    assert again.status_code == 304


def test_error_is_in_words_where_markdown_is_asked_for(agent):
    response = agent.client.post("/api/v1/knowledge", headers={"accept": "text/markdown"})
    assert response.status_code == 405
    assert response.content.decode().startswith('Method "POST" not allowed.')


def test_knowledge_in_another_form_is_not_acceptable(agent):
    assert error_of(agent.get("knowledge", accept="image/png")) == (406, "not_acceptable", "")
