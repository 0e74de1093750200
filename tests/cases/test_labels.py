"""People's own answers, held against each other: agreement, ambiguity, and what it bars."""

from dataclasses import replace

import pytest
from django.urls import reverse

from cases import intake, labelling, labels, library
from cases.diagnosis import Answer, Cause, Conclusion
from cases.labels import agree, alpha
from cases.library import LibraryError
from cases.models import Case
from cases.recording import task_of
from sandbox.admission import gating
from tests import factories

INDEX = Answer(causes=(Cause("ledger", "missing_index"),))
MEMORY = Answer(causes=(Cause("till", "oom_killed"),))


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (INDEX, Answer(causes=(Cause("ledger-0", "Missing index"),)), True),
        (INDEX, MEMORY, False),
        (INDEX, Answer(causes=(Cause("ledger", "oom_killed"),)), False),
        (INDEX, Answer(causes=(Cause("till", "oom_killed"), Cause("", "missing_index"))), True),
        (INDEX, Answer(conclusion=Conclusion.NO_FAULT), False),
        (Answer(conclusion=Conclusion.NO_FAULT), Answer(conclusion=Conclusion.NO_FAULT), True),
        (INDEX, Answer(expected=("the index is gone",)), None),
    ],
)
def test_two_answers_agree_where_both_accept_one_cause(one, other, alike):
    assert agree(one, other) is alike


def test_alpha_is_krippendorff_s():
    """The nominal example of Krippendorff (2011), section B: two observers, ten units, alpha .095."""
    one, other = "0100000000", "1110010010"
    assert round(alpha([list(pair) for pair in zip(one, other, strict=True)]), 3) == 0.095
    assert alpha([["a", "a"], ["a", "a"]]) is None
    assert alpha([["a", "a"], ["b", "b"]]) == 1


def label_alone(case, answer, by):
    """Taken first, so that the answer that stands is closed to them; whoever gave theirs before need not."""
    if not labels.given_alone(case, by):
        labelling.take(case, by=by)
    return library.label_alone(case, answer, by)


@pytest.fixture
def two(db):
    return factories.make_user("expert", name="elif"), factories.make_user("lead", name="lena")


@pytest.fixture
def gates(two):
    """A case that elif labelled, and that gates."""
    case = factories.make_confirmed_case()
    labels.record(case.current, factories.ANSWER, two[0])
    return case


def test_two_people_who_say_the_same_make_it_agreed(gates, two):
    label_alone(gates, INDEX, two[1])
    assert (gates.ambiguity, list(gating())) == ("agreed", [gates])
    assert (labels.agreement().n, labels.agreement().share.value) == (1, 1)


def test_case_whose_labels_disagree_gates_no_more(gates, two):
    label_alone(gates, MEMORY, two[1])
    assert (gates.ambiguity, list(gating()), list(Case.objects.confirmed())) == ("ambiguous", [], [])
    assert (labels.agreement().n, labels.agreement().share.value) == (1, 0)


def test_ambiguous_case_is_neither_confirmed_nor_restored(two):
    case, gating_case = factories.make_labelled_case(), factories.make_confirmed_case()
    library.quarantine(gating_case, by=two[1], reason="flaky")
    for one in (case, gating_case):
        label_alone(one, MEMORY, two[0])
    assert library.confirm_in_bulk([case], by=two[1]) == []
    with pytest.raises(LibraryError, match="disagree, so it cannot gate"):
        library.confirm(case, by=two[1])
    with pytest.raises(LibraryError, match="disagree, so it cannot gate"):
        library.restore(gating_case, by=two[1], reason="fine")


def test_answer_that_accepts_both_settles_it(gates, two):
    label_alone(gates, MEMORY, two[1])
    library.label(gates, replace(factories.ANSWER, causes=(*INDEX.causes, *MEMORY.causes)), two[0])
    assert gates.ambiguity == "agreed"


def test_newest_label_of_a_person_counts(gates, two):
    label_alone(gates, MEMORY, two[1])
    label_alone(gates, INDEX, two[1])
    assert (gates.ambiguity, len(labels.standing(gates))) == ("agreed", 2)


def test_lead_sets_the_label_of_another_person_aside_with_a_reason(gates, two):
    other = label_alone(gates, MEMORY, factories.make_user("expert"))
    with pytest.raises(LibraryError, match="Say why"):
        library.set_aside(other, by=two[1], reason=" ")
    with pytest.raises(LibraryError, match="for the role lead"):
        library.set_aside(other, by=two[0], reason="no")
    library.set_aside(other, by=two[1], reason="read another case")
    gates.refresh_from_db()
    assert (gates.ambiguity, gates.entries.first().words) == ("", "read another case")


def test_label_of_another_task_counts_no_more(gates, two):
    label_alone(gates, MEMORY, two[1])
    task = replace(task_of(gates.current), prompt="Payment is slow.")
    intake.revise(gates, task=task, answer=factories.ANSWER)
    assert (gates.ambiguity, labels.standing(gates)) == ("", [])


def test_nobody_labels_beside_an_answer_that_is_not_there(two):
    with pytest.raises(LibraryError, match="would be the answer itself"):
        library.label_alone(factories.make_case(answer=None), INDEX, two[0])


def test_page_for_ones_own_answer_does_not_show_the_one_that_stands(client, gates, two):
    client.force_login(two[1])
    address = reverse("cases:label_alone", args=[gates.pk])
    assert "missing_index" not in client.get(address).content.decode()
    sent = {"conclusion": "root_cause", "causes-TOTAL_FORMS": 1, "causes-INITIAL_FORMS": 0}
    refused = client.post(address, sent)
    assert (refused.status_code, "Name a cause, or say it in your words." in refused.content.decode()) == (422, True)
    given = sent | {"causes-0-component": "till", "causes-0-fault_class": "oom_killed"}
    answer = client.post(address, given, follow=True).content.decode()
    assert "The labels disagree: the case does not gate until that is settled." in answer
    assert "no: people who labelled it disagree" in answer
    (elifs,) = (one for one in labels.standing(gates) if one.by == two[0])
    page = client.post(reverse("cases:set_aside", args=[gates.pk, elifs.pk]), {"reason": "x" * 301}, follow=True)
    assert "Say why, in a line." in page.content.decode()
    client.post(reverse("cases:set_aside", args=[gates.pk, elifs.pk]), {"reason": "another case"})
    assert [one.by for one in labels.standing(gates)] == [two[1]]
