import csv
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases import curation, labelling, library
from cases.models import Case
from tests import factories
from tests.rules import scene

pytestmark = pytest.mark.django_db


def lines(client, query: str = "") -> list[dict[str, str]]:
    answer = client.get(f"/library/export.csv{query}")
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/csv; charset=utf-8")
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


@pytest.fixture
def lead(client):
    user = factories.make_user("lead")
    client.force_login(user)
    return user


def test_rows_say_tags_must_pass_and_what_was_tested_on_an_older_version(client, lead):
    tested = scene.pair(scene.regression(), "fixed", name="tested")
    stale = scene.pair(scene.regression(), "fixed", name="=stale()").case_version.case
    curation.tag([stale], by=lead, name="nightly")
    curation.tag([stale], by=lead, name="slow")
    curation.must_pass([stale], by=lead)
    library.label(stale, factories.ANSWER.__class__(causes=factories.ANSWER.causes, title="anew"), lead)
    factories.make_labelled_case(name="never")
    found = {line["case"]: line for line in lines(client)}
    assert {
        name: (line["tags"], line["must_pass"], line["stale"], line["version"]) for name, line in found.items()
    } == {
        "tested": ("", "no", "no", "1"),
        "'=stale()": ("nightly, slow", "yes", "yes", "2"),
        "never": ("", "no", "", "1"),
    }
    assert found["tested"]["last_tested"] == f"{tested.regression.closed_at:%Y-%m-%dT%H:%M:%SZ}"


def test_rows_are_those_of_the_list(client, lead):
    factories.make_confirmed_case(name="kept")
    factories.make_labelled_case(name="waits")
    factories.make_case(name="a draft is not in the library")
    assert [line["case"] for line in lines(client, "?state=confirmed")] == ["kept"]
    assert sorted(line["case"] for line in lines(client)) == ["kept", "waits"]


def test_case_that_is_labelled_alone_is_left_out(client, lead):
    case = factories.make_confirmed_case()
    labelling.take(case, by=lead)
    assert lines(client) == []


def test_file_takes_as_many_queries_for_20_cases_as_for_1(client, lead):
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            lines(client)
        return len(queries)

    factories.make_confirmed_case()
    lines(client)
    one = asked()
    for _ in range(19):
        factories.make_confirmed_case()
    assert (asked(), Case.objects.count()) == (one, 20)
