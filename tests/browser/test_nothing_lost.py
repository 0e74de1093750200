"""Nothing typed is lost: neither to a dead server, nor to an expired sign-in, nor to a reload."""

import socket
from contextlib import suppress

import pytest
from django.contrib.sessions.models import Session as SignIn
from django.core.servers.basehttp import ThreadedWSGIServer
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from cases import annotating
from cases.models import Session
from tests import factories

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


class Connections(ThreadedWSGIServer):
    """Knows who is connected, so that a killed server answers nobody any more."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs | {"allow_reuse_address": True})
        self.open = []

    def get_request(self):
        found = super().get_request()
        self.open.append(found[0])
        return found

    def server_close(self):
        super().server_close()
        for one in self.open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


class Server(LiveServer):
    """A server of our own on one address, so that it can die and come back."""

    def __init__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        super().__init__(self.address, start=False)
        self.revive()

    def kill(self):
        self.stop()

    def revive(self):
        other = LiveServer(self.address, start=False)
        other.thread.server_class = Connections
        other.start()
        self.thread = other.thread


@pytest.fixture
def server(transactional_db):
    started = Server()
    yield started
    started.kill()


@pytest.fixture
def live_server(server):
    return server


@pytest.fixture
def recording(sign_in):
    expert = sign_in("expert", name="elif")
    case = factories.make_confirmed_case(name="ledger is slow")
    session = factories.make_session(case, actor="expert", engine="expert", by=expert)
    step = factories.add_step(session)
    annotating.annotate(session, kind="evidence", quote="Seq Scan on entries", step=step, by=expert)
    return session


def typed_in_workspace(page):
    page.get_by_label("Tool and arguments").press_sequentially("get_logs service=till")
    page.get_by_label("Text", exact=True).fill("a thought of mine")
    page.get_by_label("Why did you make call 1?").press_sequentially("what does it say?")


def expect_in_workspace(page):
    expect(page.get_by_label("Tool and arguments")).to_have_value("get_logs service=till")
    expect(page.get_by_label("Text", exact=True)).to_have_value("a thought of mine")
    expect(page.get_by_label("Why did you make call 1?")).to_have_value("what does it say?")


def test_workspace_survives_a_server_that_dies_between_keystrokes(recording, visit, page, server):
    visit(f"/sessions/{recording.pk}/record/")
    page.get_by_label("Tool and arguments").press_sequentially("get_logs serv")
    server.kill()
    page.get_by_label("Tool and arguments").press_sequentially("ice=till")
    page.get_by_label("Text", exact=True).fill("a thought of mine")
    page.get_by_label("Why did you make call 1?").press_sequentially("what does it say?")
    page.get_by_role("button", name="Run").click()
    page.get_by_text("No answer from the server").first.wait_for()
    expect_in_workspace(page)
    server.revive()
    visit(f"/sessions/{recording.pk}/record/")
    expect_in_workspace(page)
    page.locator("#saved-state", has_text="saved at").wait_for()
    assert recording.steps.get().why == "what does it say?"
    page.get_by_role("button", name="Run").click()
    page.locator("#step-1").wait_for()
    expect(page.get_by_label("Tool and arguments")).to_have_value("")


def test_diagnosis_survives_a_server_that_dies_before_submit(recording, visit, page, server):
    visit(f"/sessions/{recording.pk}/finish/")
    page.get_by_label("Component").fill("ledger")
    page.get_by_label("Fault class").fill("missing_index")
    for _ in range(2):
        page.get_by_role("button", name="Another claim").click()
    page.get_by_label("What you hold true").nth(3).press_sequentially("ledger scans a ")
    server.kill()
    page.get_by_label("What you hold true").nth(3).press_sequentially("whole table")
    page.locator(".claim-row summary").nth(3).click()
    page.get_by_label("step 1: Seq Scan").nth(3).check()
    with page.expect_event("requestfailed", lambda request: request.is_navigation_request()):
        page.get_by_role("button", name="Finish the session").click(no_wait_after=True)
    server.revive()
    page = page.context.new_page()  # the first tab shows the browser's own words about the dead server
    page.goto(f"{server.url}/sessions/{recording.pk}/finish/")
    expect(page.get_by_label("Component")).to_have_value("ledger")
    expect(page.get_by_label("What you hold true").nth(3)).to_have_value("ledger scans a whole table")
    expect(page.locator("input[name=claims-3-evidence]")).to_be_checked()
    page.get_by_role("button", name="Finish the session").click()
    page.get_by_text("The session is finished").wait_for()
    recording.refresh_from_db()
    assert recording.diagnosis["claims"][0]["text"] == "ledger scans a whole table"
    for _ in range(100):  # waiting for a function wants eval, which the policy of the pages refuses
        if not page.evaluate("Object.keys(localStorage).some((name) => name.includes('finish-'))"):
            break
        page.wait_for_timeout(100)
    else:
        pytest.fail("the draft is still kept")


def test_workspace_survives_an_expired_sign_in(recording, visit, page, sign_in_again):
    visit(f"/sessions/{recording.pk}/record/")
    typed_in_workspace(page)
    SignIn.objects.all().delete()
    page.get_by_role("button", name="Run").click()
    page.get_by_text("Your sign-in has expired").wait_for()
    page.get_by_role("link", name="Sign in again").click()
    sign_in_again()
    page.wait_for_url(f"**/sessions/{recording.pk}/record/")
    expect_in_workspace(page)


def test_diagnosis_survives_an_expired_sign_in(recording, visit, page, sign_in_again):
    visit(f"/sessions/{recording.pk}/finish/")
    page.get_by_label("In two sentences").fill("a scan of a whole table")
    SignIn.objects.all().delete()
    page.get_by_role("button", name="Finish the session").click()
    sign_in_again()
    page.wait_for_url(f"**/sessions/{recording.pk}/finish/")
    expect(page.get_by_label("In two sentences")).to_have_value("a scan of a whole table")
    assert Session.objects.get(pk=recording.pk).state == "recording"


def test_what_one_person_typed_is_shown_to_nobody_else_at_the_same_browser(recording, visit, page, sign_in):
    path = f"/sessions/{recording.pk}/?tab=annotations"
    mine = page.context.cookies()
    visit(path)
    page.get_by_label("Text", exact=True).fill("a thought of mine")
    sign_in("expert", name="somebody else")
    visit(path)
    expect(page.get_by_label("Text", exact=True)).to_have_value("")
    page.context.add_cookies(mine)
    visit(path)
    expect(page.get_by_label("Text", exact=True)).to_have_value("a thought of mine")


@pytest.fixture
def sign_in_again(page, recording):
    def signed_in():
        recording.by.set_password("a password of elif")
        recording.by.save()
        page.get_by_label("Name").fill("elif")
        page.get_by_label("Password").fill("a password of elif")
        page.get_by_role("button", name="Sign in").click()

    return signed_in
