"""A second label, taken from the list and given by keyboard; what is closed meanwhile says so, in both themes."""

import pytest

from cases import labelling, labels
from cases.models import Label
from tests import factories

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def case(db):
    found = factories.make_confirmed_case(name="Checkout is slow at noon")
    labels.record(found.current, factories.ANSWER, factories.make_user("expert"))
    return found


def test_second_label_is_taken_and_given_by_keyboard(case, sign_in, visit, page):
    sign_in("expert")
    visit("/library/?view=next")
    page.get_by_role("button", name="Take it").focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Your own answer").wait_for()
    assert "closed to you" in page.locator(".notice").inner_text()
    page.get_by_label("Component").first.focus()
    page.keyboard.type("ledger")
    page.get_by_label("Fault class").first.focus()
    page.keyboard.type("missing_index")
    page.get_by_role("button", name="Give this answer").focus()
    page.keyboard.press("Enter")
    page.get_by_text("You and another person label it alike.").wait_for()
    assert list(Label.objects.values_list("informed", flat=True)) == [False, False]


def test_nothing_is_wrong_while_a_case_is_closed(case, sign_in, faults):
    labelling.take(case, by=sign_in("lead", "expert"))
    paths = (f"/cases/{case.pk}/label/alone/", f"/cases/{case.pk}/", "/library/?view=next", "/library/", "/")
    assert faults(paths) == {}
