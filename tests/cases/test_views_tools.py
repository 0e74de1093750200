from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests import factories

pytestmark = pytest.mark.django_db


def test_each_system_shows_the_tools_of_its_newest_case_that_has_any(client):
    client.force_login(factories.make_user("lead"))
    address = reverse("cases:tools")
    assert "No system has tools yet" in client.get(address).content.decode()
    restart = replace(factories.PODS, name="restart", effectful=True)
    factories.make_case()
    newest = factories.make_case(task=replace(factories.TASK, tools=(restart,)))
    bare = factories.make_case(task=replace(factories.TASK, tools=()))
    factories.make_case(task=replace(factories.TASK, tools=()), system=factories.make_system("bank"))
    page = client.get(address)
    assert [
        (row.system, row.cases, row.case, [tool["name"] for tool in row.tools]) for row in page.context["rows"]
    ] == [(bare.system, 3, newest, ["restart"])]
    words = page.content.decode()
    assert ("changes things" in words, "Without tools: bank." in words) == (True, True)


def test_page_asks_as_often_for_5_systems_as_for_1(client):
    client.force_login(factories.make_user("admin"))

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse("cases:tools")).status_code == 200
        return len(queries)

    factories.make_case()
    asked()
    one = asked()
    for name in ("a", "b", "c", "d"):
        factories.make_case(system=factories.make_system(name))
    assert asked() == one
