"""The library page: its rows' records, what it suggests, what it finds twice."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cases import labelling, library
from cases.contexts.library import Record, records_of, suggestions, to_label
from cases.evaluation.run import evaluate_session
from cases.models import Case
from tests import factories

pytestmark = pytest.mark.django_db


def ran(case: Case, *outcomes: bool, knowledge: str = "k"):
    for right in outcomes:
        found = ("ledger", "missing_index") if right else ("till", "oom_killed")
        session = factories.make_finished_session(
            case, diagnosis=factories.make_diagnosis(*found), knowledge_digest=knowledge
        )
        evaluate_session(session)


def test_record_counts_equal_runs_that_went_both_ways():
    case = factories.make_confirmed_case()
    ran(case, False, True, knowledge="old")
    ran(case, True, True, knowledge="new")
    found = records_of([case.pk])
    assert found == {case.pk: Record(("fail", "pass", "pass", "pass"), flaky=1, repeated=2)}
    assert found[case.pk].last == case.sessions.latest("pk").finished_at
    of_more_than_a_page = records_of([case.pk, *range(case.pk + 1, case.pk + 200)])
    assert (of_more_than_a_page, records_of([])) == (found, {})


def test_failures_and_gaps_are_suggested_with_their_reasons():
    factories.make_confirmed_case(system=factories.make_system("bank"))
    case = factories.make_labelled_case(system=factories.make_system("market"))
    ran(case, False)
    assert [(one.case, one.wanted, one.reasons) for one in suggestions(factories.make_user("lead"))] == [
        (
            case,
            "confirm it",
            ("nothing of market is protected yet", "the agent fails on it: it would show what a rule mends"),
        )
    ]


def test_second_label_is_wanted_of_those_who_gave_none():
    case, expert, lead = factories.make_case(answer=None), factories.make_user("expert"), factories.make_user("lead")
    library.mark_cleaned(case, expert)
    library.label(case, factories.ANSWER, expert)
    assert (list(to_label(expert)), list(to_label(lead)), list(to_label(factories.make_user("reviewer")))) == (
        [],
        [case],
        [],
    )
    labelling.take(case, by=lead)
    library.label_alone(case, factories.ANSWER, lead)
    assert list(to_label(factories.make_user("lead"))) == []


@pytest.mark.parametrize("view", ["list", "map", "next"])
def test_page_takes_as_many_queries_for_20_cases_as_for_2(client, view):
    client.force_login(factories.make_user("lead"))
    address = reverse("cases:library") + f"?view={view}"

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    def another():
        task = factories.TASK.__class__(prompt=f"slow {Case.objects.count()}", tools=factories.TOOLS)
        ran(factories.make_confirmed_case(task=task), True)

    another()
    another()
    client.get(address)
    two = asked()
    for _ in range(18):
        another()
    assert asked() == two
