from dataclasses import replace

import pytest
from django.urls import reverse

from cases import library
from cases.contexts.versions import versions_page
from cases.diagnosis import Cause
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def relabelled():
    case = factories.make_labelled_case()
    other = replace(factories.ANSWER, causes=(Cause("ledger", "slow_query"),))
    library.label(case, other, factories.make_user("expert"))
    return case


def test_the_newest_two_are_compared_line_by_line(relabelled):
    page = versions_page(relabelled, old=None, new=None)
    (part,) = page["changed"]
    assert (page["old"].number, page["new"].number, part.name) == (1, 2, "Answer")
    assert [(line.kind, line.text) for line in part.diff.lines if line.kind in ("added", "removed")] == [
        ("removed", "Accepted cause: ledger, missing_index"),
        ("added", "Accepted cause: ledger, slow_query"),
    ]
    assert page["same"] == ["What was asked", "Paths of experts", "Context", "Tools", "Fault classes"]


def test_path_of_an_expert_on_the_new_version_is_what_it_adds(relabelled):
    factories.make_finished_session(relabelled, actor="expert", engine="expert", by=factories.make_user("expert"))
    paths = next(part for part in versions_page(relabelled, old=1, new=2)["changed"] if part.name == "Paths of experts")
    assert [line.text for line in paths.diff.lines] == [
        'get_logs {"service": "ledger"}',
        'get_logs {"service": "till"}',
    ]


def test_page_shows_what_the_address_names_and_tells_when_there_is_nothing(client, relabelled):
    client.force_login(factories.make_user("reviewer"))
    address = reverse("cases:versions", args=[relabelled.pk])
    assert "Accepted cause: ledger, slow_query" in client.get(address).content.decode()
    assert "Nothing that a version holds differs." in client.get(address, {"old": 2, "new": 2}).content.decode()
    assert "Accepted cause" in client.get(address, {"old": "nine", "new": "²"}).content.decode()
    lonely = factories.make_case()
    assert "one version so far" in client.get(reverse("cases:versions", args=[lonely.pk])).content.decode()
