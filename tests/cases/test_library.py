from dataclasses import replace

import pytest

from cases import library
from cases.library import LibraryError
from cases.models import Case, Confirmation
from tests.factories import ANSWER, make_case, make_confirmed_case, make_labelled_case, make_user

pytestmark = pytest.mark.django_db
State = Case.State


def test_case_walks_from_draft_to_confirmed_by_two_people():
    expert, lead = make_user("expert"), make_user("lead")
    case = make_case(answer=None)
    library.mark_cleaned(case, expert)
    library.label(case, ANSWER, expert)
    assert (case.state, case.current.number, case.current.created_by) == (State.LABELLED, 2, expert)
    library.confirm(case, by=expert)
    assert case.state == State.LABELLED
    library.confirm(case, by=lead)
    assert list(Case.objects.confirmed()) == [case]


def test_second_confirmation_is_another_persons():
    case, lead = make_labelled_case(), make_user("lead")
    library.confirm(case, by=lead)
    with pytest.raises(LibraryError, match="another person's"):
        library.confirm(case, by=lead)
    assert case.state == State.LABELLED


def test_second_confirmation_is_a_leads():
    case = make_labelled_case()
    library.confirm(case, by=make_user("lead"))
    with pytest.raises(LibraryError, match="is a lead's"):
        library.confirm(case, by=make_user("expert"))
    assert case.state == State.LABELLED


@pytest.mark.parametrize("role", ["reviewer", "admin"])
def test_library_is_for_experts_and_leads(role):
    other = make_user(role)
    draft, labelled, confirmed = make_case(), make_labelled_case(), make_confirmed_case()
    for change in (
        lambda: library.mark_cleaned(draft, other),
        lambda: library.label(labelled, ANSWER, other),
        lambda: library.confirm(labelled, by=other),
        lambda: library.confirm_in_bulk([labelled], by=other),
        lambda: library.quarantine(confirmed, by=other, reason="r"),
        lambda: library.retire(confirmed, by=other, reason="r"),
    ):
        with pytest.raises(LibraryError, match="for the role"):
            change()


def test_experts_neither_quarantine_nor_confirm_in_bulk():
    expert = make_user("expert")
    with pytest.raises(LibraryError):
        library.quarantine(make_confirmed_case(), by=expert, reason="r")
    with pytest.raises(LibraryError):
        library.confirm_in_bulk([make_labelled_case()], by=expert)


def test_bulk_confirmation_shows_who_gave_it_and_passes_over_the_rest():
    lead = make_user("lead")
    case, open_one, lookup = make_labelled_case(), make_case(), make_labelled_case(gates=False)
    unlabelled = make_labelled_case(answer=None)
    assert library.confirm_in_bulk([case, open_one, lookup, unlabelled], by=lead) == [case]
    assert [(c.version, c.by, c.bulk) for c in Confirmation.objects.all()] == [(case.current, lead, True)]
    assert [c.state for c in (open_one, lookup, unlabelled)] == [State.DRAFT, State.LABELLED, State.CLEANED]


def test_case_nobody_labelled_cannot_be_confirmed():
    case = make_labelled_case(answer=None)
    with pytest.raises(LibraryError, match="label the case first"):
        library.confirm(case, by=make_user("lead"))


def test_draft_is_cleaned_before_it_is_labelled():
    with pytest.raises(LibraryError, match="Mark the case as cleaned first"):
        library.label(make_case(), ANSWER, make_user("expert"))


def test_new_label_of_a_confirmed_case_needs_both_confirmations_again():
    case, lead, expert = make_confirmed_case(), make_user("lead"), make_user("expert")
    library.label(case, replace(ANSWER, category="storage"), expert)
    assert case.state == State.QUARANTINED
    with pytest.raises(LibraryError, match="confirm the new version instead"):
        library.restore(case, by=lead, reason="fine")
    library.confirm(case, by=expert)
    assert case.state == State.QUARANTINED
    library.confirm(case, by=lead)
    assert case.state == State.CONFIRMED


def test_quarantine_and_restore_keep_the_reason():
    case, lead = make_confirmed_case(), make_user("lead")
    library.quarantine(case, by=lead, reason="flaky ")
    assert (case.state, case.state_reason) == (State.QUARANTINED, "flaky")
    with pytest.raises(LibraryError, match="a lead may restore it"):
        library.confirm(case, by=lead)
    library.restore(case, by=lead, reason="mended")
    assert (case.state, case.state_reason) == (State.CONFIRMED, "mended")


def test_retired_case_stays_retired():
    case, lead = make_confirmed_case(), make_user("lead")
    library.retire(case, by=lead, reason="the system is gone")
    for change in (
        lambda: library.restore(case, by=lead, reason="r"),
        lambda: library.confirm(case, by=lead),
        lambda: library.label(case, ANSWER, lead),
    ):
        with pytest.raises(LibraryError):
            change()
    assert case.state == State.RETIRED


def test_leaving_the_gate_needs_a_reason():
    with pytest.raises(LibraryError, match="Say why"):
        library.quarantine(make_confirmed_case(), by=make_user("lead"), reason=" ")


def test_stale_copy_of_a_case_cannot_move_it():
    case, lead = make_confirmed_case(), make_user("lead")
    stale = Case.objects.get(pk=case.pk)
    library.retire(case, by=lead, reason="gone")
    with pytest.raises(LibraryError, match="A case that is retired cannot become quarantined"):
        library.quarantine(stale, by=lead, reason="late")


def test_label_of_the_same_moment_is_not_confirmed_with_the_old_one():
    case = make_labelled_case()
    expert, lead = make_user("expert"), make_user("lead")
    library.confirm(case, by=expert)
    read = Case.objects.select_related("current").get(pk=case.pk)
    version = library.label(case, replace(ANSWER, title="another"), by=expert)
    with pytest.raises(LibraryError, match="changed meanwhile"):
        library.confirm(read, by=lead)
    case.refresh_from_db()
    assert (case.state, case.current, version.confirmations.count()) == (Case.State.LABELLED, version, 0)


def test_label_that_comes_just_after_the_confirmation_takes_the_case_out_of_the_gate():
    case = make_labelled_case()
    late = Case.objects.select_related("current").get(pk=case.pk)
    library.confirm_in_bulk([case], by=make_user("lead"))
    library.label(late, replace(ANSWER, title="another"), by=make_user("expert"))
    case.refresh_from_db()
    assert (case.state, late.state) == (Case.State.QUARANTINED, Case.State.QUARANTINED)


def test_confirmation_of_another_version_than_the_one_read_is_not_recorded():
    case = make_labelled_case()
    library.label(case, replace(ANSWER, title="another"), by=make_user("expert"))
    with pytest.raises(LibraryError, match="You read version 1; version 2 stands now"):
        library.confirm(case, by=make_user("lead"), version=1)
    assert Confirmation.objects.count() == 0


def test_lead_does_not_confirm_their_own_answer_in_bulk():
    case, lead = make_labelled_case(), make_user("lead")
    library.label(case, replace(ANSWER, title="another"), by=lead)
    assert library.confirm_in_bulk([case], by=lead) == []
    assert library.confirm_in_bulk([case], by=make_user("lead")) == [case]
