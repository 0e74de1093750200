"""What a lead does to many cases at once, taken back again, and the line each act leaves in the log."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cases import curation, library
from cases.contexts.turn import to_settle
from cases.library import LibraryError
from cases.models import Case, Confirmation, Entry
from tests.factories import make_case, make_confirmed_case, make_labelled_case, make_user

pytestmark = pytest.mark.django_db
State = Case.State


def states(*cases: Case) -> list[str]:
    return [Case.objects.get(pk=case.pk).state for case in cases]


@pytest.fixture
def lead():
    return make_user("lead", name="lena")


def test_retired_cases_come_back_as_they_were(lead):
    confirmed, quarantined = make_confirmed_case(), make_confirmed_case()
    library.quarantine(quarantined, by=lead, reason="flaky")
    until = quarantined.quarantined_until
    done = curation.retire([confirmed, quarantined], by=lead, reason="the system is gone")
    assert states(confirmed, quarantined) == [State.RETIRED, State.RETIRED]
    undone = curation.undo(done.batch, by=lead)
    assert {case.pk for case in undone.cases} == {confirmed.pk, quarantined.pk}
    quarantined.refresh_from_db()
    assert states(confirmed, quarantined) == [State.CONFIRMED, State.QUARANTINED]
    assert (quarantined.state_reason, quarantined.quarantine_owner, quarantined.quarantined_until) == (
        "flaky",
        lead,
        until,
    )


def test_what_cannot_be_done_to_one_is_said_and_the_others_are_done(lead):
    confirmed, draft = make_confirmed_case(), make_case()
    done = curation.quarantine([draft, confirmed], by=lead, reason="recordings are wrong")
    assert done.cases == (confirmed,)
    assert done.refused == ((draft, "A case that is a draft cannot become quarantined."),)


def test_confirmation_taken_back_is_gone_and_the_log_keeps_both_lines(lead):
    case = make_labelled_case()
    done = curation.confirm([case], by=lead)
    assert states(case) == [State.CONFIRMED]
    curation.undo(done.batch, by=lead)
    assert states(case) == [State.LABELLED]
    assert Confirmation.objects.count() == 0
    assert list(Entry.objects.values_list("by__username", "action")) == [
        ("lena", "undid: confirmed"),
        ("lena", "confirmed"),
    ]


def test_undo_leaves_alone_what_somebody_has_changed_since(lead):
    case = make_confirmed_case()
    done = curation.quarantine([case], by=lead, reason="flaky")
    library.restore(Case.objects.get(pk=case.pk), by=make_user("lead"), reason="recorded anew")
    undone = curation.undo(done.batch, by=lead)
    assert (undone.cases, [why for _, why in undone.refused]) == ((), ["it is confirmed by now"])


def test_undo_is_done_once(lead):
    case = make_confirmed_case()
    done = curation.tag([case], by=lead, name="nightly")
    assert Case.objects.get().tags == ["nightly"]
    assert len(curation.undo(done.batch, by=lead).cases) == 1
    assert curation.undo(done.batch, by=lead) == curation.Done("", ())
    assert Case.objects.get().tags == []


@pytest.mark.parametrize("role", ["expert", "reviewer", "admin"])
def test_bulk_acts_are_a_leads(role):
    case, other = make_confirmed_case(), make_user(role)
    for act in (
        lambda: curation.confirm([case], by=other),
        lambda: curation.tag([case], by=other, name="x"),
        lambda: curation.retire([case], by=other, reason="x"),
        lambda: curation.quarantine([case], by=other, reason="x"),
        lambda: curation.undo("x", by=other),
    ):
        with pytest.raises(LibraryError, match="for the role lead"):
            act()


def test_quarantine_that_is_over_is_its_owners_turn(lead):
    owner, case = make_user("expert"), make_confirmed_case()
    library.quarantine(case, by=lead, reason="flaky", owner=owner)
    assert list(to_settle(owner)) == []
    Case.objects.update(quarantined_until=timezone.now() - timedelta(minutes=1))
    assert (list(to_settle(owner)), list(to_settle(lead))) == ([case], [])


def test_quarantine_is_not_over_already_and_its_owner_can_act(lead):
    case = make_confirmed_case()
    with pytest.raises(LibraryError, match="over already"):
        library.quarantine(case, by=lead, reason="x", until=timezone.now())
    with pytest.raises(LibraryError, match="neither an expert nor a lead"):
        library.quarantine(case, by=lead, reason="x", owner=make_user("reviewer"))
    assert states(case) == [State.CONFIRMED]


def test_restored_case_has_no_end_of_quarantine(lead):
    case = make_confirmed_case()
    library.quarantine(case, by=lead, reason="flaky")
    library.restore(case, by=lead, reason="recorded anew")
    case.refresh_from_db()
    assert (case.quarantine_owner, case.quarantined_until) == (None, None)


def test_must_pass_is_set_for_many_and_taken_back(lead):
    first, second = make_confirmed_case(), make_confirmed_case()
    done = curation.must_pass([first, second], by=lead)
    assert [Case.objects.get(pk=case.pk).must_pass for case in (first, second)] == [True, True]
    assert curation.must_pass([first], by=lead).refused == ((first, "it must pass already"),)
    curation.need_not_pass([second], by=lead)
    undone = curation.undo(done.batch, by=lead)
    assert (undone.cases, undone.refused) == ((first,), ((second, "that was changed again meanwhile"),))
    assert not Case.objects.filter(must_pass=True).exists()
    assert Entry.objects.filter(action="made must-pass").count() == 2
