"""Questions put into SQL once: they say what they say when they are put together anew."""

import pytest
from django.db.models import Count, F, Window

from cases.access import asked_by, left_out
from cases.models import Case, LabelSeat, Session
from cloudmate import prepared
from tests import factories

pytestmark = pytest.mark.django_db


def of_case(pk):
    shown = Session.objects.filter(case=pk).select_related("case__system").order_by("pk")
    return shown.annotate(all=Window(Count("*"))).only(
        "state", "started_at", "diagnosis", "case__name", "case__tags", "case__system__name"
    )


def told(rows):
    return [
        (row.pk, row.all, row.started_at, row.diagnosis, row.case.tags, row.case.system.pk, row.get_deferred_fields())
        for row in rows
    ]


def test_rows_are_those_of_the_question_for_each_number():
    one, other = factories.make_case(), factories.make_case()
    for case in (one, one, other):
        factories.make_session(case=case)
    for case in (one, other, one):
        assert told(prepared.rows(of_case, case.pk)) == told(of_case(case.pk))
    assert prepared.rows(of_case, other.pk + 1) == []


def test_rows_take_one_query_with_what_is_related(django_assert_num_queries):
    case = factories.make_case()
    factories.make_session(case=case)
    with django_assert_num_queries(1):
        assert [row.case.system_id for row in prepared.rows(of_case, case.pk)] == [case.system_id]


def named(name, pk):
    return Case.objects.filter(name=name, pk=pk).values("name", of=F("system__name"))


def test_rows_are_dicts_where_values_are_asked_for():
    case = factories.make_case()
    assert prepared.rows(named, case.name, case.pk) == [{"name": case.name, "of": case.system.name}]
    assert prepared.first(named, "another", case.pk) is None
    assert prepared.first(named, case.name, 10**30) is None


def half_full(pk):
    return Case.objects.filter(pk=pk, name__contains="50%", tags=["it's %s"]).values_list("pk", "name")


def test_what_a_question_says_itself_may_hold_signs_and_quotes():
    case = factories.make_case()
    Case.objects.filter(pk=case.pk).update(name="at 50% load", tags=["it's %s"])
    for _ in range(3):  # asked, planned, and asked of the plan
        assert prepared.rows(half_full, case.pk) == [(case.pk, "at 50% load")]
    assert prepared.count(half_full, case.pk) == 1


def nothing(pk):
    return Case.objects.filter(pk__in=[], system=pk)


def test_question_that_can_have_no_answer_has_none():
    assert (prepared.rows(nothing, 1), prepared.first(nothing, 1)) == ([], None)


def open_cases(user):
    return left_out(Case.objects.order_by("pk"), user)


def test_what_is_closed_to_one_person_is_left_out_for_them_alone():
    held, other = factories.make_case(), factories.make_case()
    labeller, lead = factories.make_user("lead"), factories.make_user("lead")
    LabelSeat.objects.create(case=held, by=labeller, task_digest="t")
    assert (asked_by(labeller, open_cases), asked_by(lead, open_cases)) == ([other], [held, other])


def gating(yes, pk):
    return Case.objects.filter(gates=True, pk=pk) if yes else Case.objects.filter(gates=False, pk=pk)


def test_what_is_no_number_may_decide_about_the_question():
    case = factories.make_case()
    Case.objects.filter(pk=case.pk).update(gates=True)
    assert prepared.first(gating, True, case.pk) == case
    assert prepared.first(gating, False, case.pk) is None


@pytest.mark.parametrize(
    ("question", "argument"),
    [
        (lambda words: Case.objects.filter(name__icontains=words), "pool"),
        (lambda state: Case.objects.all() if state == "open" else Case.objects.confirmed(), "open"),
        (lambda number: Case.objects.order_by("pk")[:number], 5),
    ],
    ids=["pattern", "decision", "cut"],
)
def test_what_does_more_than_compare_is_refused_instead_of_answered_wrongly(question, argument):
    with pytest.raises(TypeError, match="does more with a number or text it is given than compare it"):
        prepared.rows(question, argument)


def test_more_numbers_than_a_question_has_places_for_are_refused():
    assert prepared.rows(numbered, *range(prepared.MOST)) == []
    with pytest.raises(TypeError, match="at most 100 numbers and texts"):
        prepared.rows(numbered, *range(prepared.MOST + 1))


def numbered(*numbers):
    return Case.objects.filter(pk__in=numbers)
