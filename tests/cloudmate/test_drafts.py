import pytest

from cloudmate.drafts import COOKIE
from tests import factories

pytestmark = pytest.mark.django_db
MARK = "abcdefgh12345678"


@pytest.fixture
def session():
    return factories.make_finished_session()


def say(client, session, **sent):
    return client.post(f"/sessions/{session.pk}/annotations/", {"kind": "note", "draft-mark": MARK} | sent)


def test_what_was_saved_is_said_by_its_mark(client, session):
    client.force_login(factories.make_user("expert"))
    assert say(client, session, text="odd").cookies[COOKIE].value == MARK
    assert session.annotations.get().text == "odd"


def test_marks_gather_until_the_browser_reads_them(client, session):
    client.force_login(factories.make_user("expert"))
    client.cookies[COOKIE] = "zyxwvuts.<script>"
    assert say(client, session, text="odd").cookies[COOKIE].value == f"zyxwvuts.{MARK}"


def test_a_refusal_that_leads_on_is_not_saved_and_is_still_said(client, session):
    client.force_login(factories.make_user("expert"))
    answer = say(client, session, text="")
    assert (answer.status_code, COOKIE in answer.cookies) == (302, False)
    assert "Write what you want to keep." in client.get(answer.url).content.decode()


def test_a_form_shown_again_is_not_saved(client):
    lead = factories.make_user("lead")
    case = factories.make_case()
    client.force_login(lead)
    answer = client.post(f"/cases/{case.pk}/quarantine/", {"draft-mark": MARK})
    assert (answer.status_code, COOKIE in answer.cookies) == (422, False)


def test_a_mark_that_is_none_sets_nothing(client, session):
    client.force_login(factories.make_user("expert"))
    assert COOKIE not in say(client, session, text="odd", **{"draft-mark": "<b>;x=1"}).cookies


def test_an_expired_sign_in_saves_nothing_and_leads_back_to_the_page(client, session):
    page = f"/sessions/{session.pk}/?tab=annotations"
    answer = client.post(
        f"/sessions/{session.pk}/annotations/",
        {"kind": "note", "text": "odd", "draft-mark": MARK},
        HTTP_REFERER=f"http://testserver{page}",
    )
    assert answer.url == f"/accounts/login/?next=/sessions/{session.pk}/%3Ftab%3Dannotations"
    assert COOKIE not in answer.cookies


def test_what_is_no_address_leads_to_the_form_itself(client, session):
    sent = {"kind": "note", "text": "odd", "draft-mark": MARK}
    answer = client.post(f"/sessions/{session.pk}/annotations/", sent, headers={"referer": "http://[::1"})
    assert (answer.status_code, answer.url.partition("?")[0]) == (302, "/accounts/login/")


def test_a_page_of_others_is_not_led_back_to(client, session):
    answer = client.post(f"/sessions/{session.pk}/annotations/", HTTP_REFERER="http://evil.example/x")
    assert answer.url == f"/accounts/login/?next=/sessions/{session.pk}/annotations/"


def test_a_part_of_a_page_gets_no_sign_in_page_in_its_place(client, session):
    answer = client.get(f"/sessions/{session.pk}/steps/", HTTP_HX_REQUEST="true")
    assert (answer.status_code, answer.content) == (401, b"Your sign-in has expired.")
