from dataclasses import replace

import pytest

from cases import library, proposing
from cases.diagnosis import Cause, Conclusion, Diagnosis
from cases.library import LibraryError
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def expert():
    return factories.make_user("expert")


def finished(case, expert, **how):
    return factories.make_finished_session(case, actor="expert", engine="expert", by=expert, **how)


def test_a_draft_is_cleaned_labelled_and_confirmed_once_in_one_act(expert):
    factories.make_labelled_case()  # whose missing index is of the category database
    session = finished(factories.make_case(answer=None), expert)
    case = proposing.propose(session, by=expert)
    case.refresh_from_db()
    answer = case.current.parsed_answer()
    assert (case.state, answer.causes, answer.category, answer.title) == (
        "labelled",
        (Cause("ledger", "missing_index"),),
        "database",
        "missing_index of ledger",
    )
    assert [one.by for one in case.current.confirmations.all()] == [expert]
    library.confirm(case, by=factories.make_user("lead"))
    assert case.state == "confirmed"


def test_an_answer_that_names_the_same_cause_stays(expert):
    case = factories.make_labelled_case()
    before = case.current_id
    assert proposing.propose(finished(case, expert), by=expert).current_id == before


def test_another_cause_is_a_new_version_of_the_answer(expert):
    case = factories.make_labelled_case()
    session = finished(case, expert, diagnosis=factories.make_diagnosis("till", "oom_killed"))
    assert proposing.propose(session, by=expert).current.parsed_answer() == replace(
        factories.ANSWER, causes=(Cause("till", "oom_killed"),)
    )


def test_proposing_twice_confirms_once(expert):
    session = finished(factories.make_case(answer=None), expert)
    proposing.propose(session, by=expert)
    session.refresh_from_db()
    assert proposing.propose(session, by=expert).current.confirmations.count() == 1


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda expert: factories.make_finished_session(), "An expert's session is proposed: record your own."),
        (
            lambda expert: factories.make_session(actor="expert", engine="expert", by=expert),
            "Finish the session first.",
        ),
        (lambda expert: finished(factories.make_confirmed_case(), expert), "The case is confirmed already."),
        (
            lambda expert: finished(
                factories.make_case(), expert, diagnosis=Diagnosis(Conclusion.INCONCLUSIVE, missing=("traces",))
            ),
            "It found no root cause, so there is no answer to expect.",
        ),
    ],
)
def test_what_cannot_be_proposed_says_why_and_changes_nothing(expert, make, words):
    session = make(expert)
    before = session.case.state
    with pytest.raises(LibraryError, match=words):
        proposing.propose(session, by=expert)
    session.case.refresh_from_db()
    assert session.case.state == before


def test_page_proposes_and_leads_to_the_case(client, expert):
    session = finished(factories.make_case(answer=None), expert)
    client.force_login(expert)
    assert client.post(f"/sessions/{session.pk}/propose/").url == session.case.get_absolute_url()
    assert client.post(f"/sessions/{factories.make_finished_session().pk}/propose/").status_code == 302
    session.case.refresh_from_db()
    assert session.case.state == "labelled"
