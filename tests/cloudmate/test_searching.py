"""One search over cases, sessions, patches and rules."""

from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cloudmate import searching
from cloudmate.searching import found
from rules import versions
from rules.models import KnowledgeVersion
from sandbox.knowledge.rule import Knowledge
from sandbox.values import stored
from tests import factories
from tests.rules import builders, scene

pytestmark = pytest.mark.django_db


def titles(words: str) -> dict[str, list[str]]:
    return {
        group.name: [row.title for row in group.rows]
        for group in found(words, factories.make_user("reviewer"))
        if group.n
    }


def test_words_find_cases_by_name_and_prompt_sessions_patches_and_rules():
    named = factories.make_case(name="Teapot overflows", task=replace(factories.TASK, prompt="Wet floor."))
    asked = factories.make_case(name="other", task=replace(factories.TASK, prompt="The TEAPOT is empty."))
    factories.make_session(named, name="teapot, second try")
    scene.patch("draft", title="Look into the teapot")
    rule = builders.rule("look-into-teapot")
    KnowledgeVersion.objects.create(number=1, parent=versions.head(), value=stored(Knowledge((rule,))))
    assert titles("teapot") == {
        "Cases": [asked.name, "Teapot overflows"],
        "Sessions": ["teapot, second try"],
        "Patches": ["Look into the teapot"],
        "Rules": ["look-into-teapot"],
    }
    assert titles("samovar") == {}


def test_number_finds_what_bears_it():
    session = factories.make_session(origin="exploration")
    for words in (f"#{session.pk}", f"session {session.pk}", f"Session #{session.pk}"):
        assert titles(words)["Sessions"] == [f"Session {session.pk}"]


def test_id_of_the_posting_agent_finds_its_session():
    factories.make_session(external_id="run-7f3", name="nightly")
    assert titles("run-7f3") == {"Sessions": ["nightly"]}


def test_page_tells_how_much_it_leaves_out_and_asks_as_often_for_20_as_for_1(client):
    client.force_login(factories.make_user("reviewer"))

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse("search"), {"q": "tea"}).status_code == 200
        return len(queries)

    def another(number: int):
        factories.make_session(factories.make_case(name=f"tea {number}"), name=f"tea {number}")

    another(0)
    client.get(reverse("search"), {"q": "tea"})
    one = asked()
    for number in range(1, 20):
        another(number)
    assert asked() == one
    page = client.get(reverse("search"), {"q": "tea"}).content.decode()
    assert 'href="/cases/?q=tea">All 20</a>' in page
    assert "the newest 10" in page


def test_nothing_asked_and_nothing_found_say_what_can_be_found(client):
    client.force_login(factories.make_user("expert"))
    assert "or its number" in client.get(reverse("search")).content.decode()
    page = client.get(reverse("search"), {"q": "<b>\x00²"}).content.decode()
    assert "Nothing holds these words" in page
    assert "“&lt;b&gt;²”" in page


def test_names_of_the_newest_sessions_are_looked_through_and_numbers_of_all(monkeypatch):
    monkeypatch.setattr(searching, "NAMED", 2)
    old, *_ = [factories.make_session(name=f"{which} samovar") for which in ("old", "newer", "newest")]
    assert titles("samovar") == {"Sessions": ["newest samovar", "newer samovar"]}
    assert titles(f"#{old.pk}")["Sessions"] == ["old samovar"]


def test_search_that_finds_very_many_says_at_least(client, monkeypatch):
    monkeypatch.setattr(searching, "MANY", 12)
    for number in range(13):
        factories.make_case(name=f"tea {number}")
    client.force_login(factories.make_user("expert"))
    page = client.get(reverse("search"), {"q": "tea"}).content.decode()
    assert "at least 12 found" in page
    assert 'href="/cases/?q=tea">Show all</a>' in page
