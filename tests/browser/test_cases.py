import re

import pytest
from playwright.sync_api import expect

from cases import annotating
from cases.evaluation.run import evaluate_session
from cases.models import Session
from sandbox.environment.base import Recording
from tests import factories

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LONG = Recording("get_logs", {"service": "till"}, "2026-03-01T10:00:00Z ERROR refused\n" * 400)
METRICS = Recording(
    "get_logs",
    {"service": "mill"},
    "time,rps,errors\n" + "".join(f"2026-03-01T10:{minute:02}:00Z,{minute},0\n" for minute in range(12)),
)


@pytest.fixture
def full(db):
    """A library, a failed and a right session, and one being recorded."""
    case = factories.make_confirmed_case(name="ledger is slow")
    factories.make_labelled_case(name="till is slow")
    factories.make_case(name="mill is slow")
    wrong = factories.make_finished_session(
        case, steps=(*factories.RECORDINGS, LONG, METRICS), diagnosis=factories.make_diagnosis("till", "oom_killed")
    )
    evaluate_session(wrong)
    return wrong


PATHS = [
    "/",
    "/cases/",
    "/cases/?q=nothing+like+it",
    "/cases/{case}/",
    "/cases/{case}/label/",
    "/library/",
    "/library/?view=map",
    "/sessions/{session}/",
    "/sessions/{session}/?tab=scores",
    "/sessions/{session}/?tab=chain",
    "/sessions/{session}/?tab=rules",
    "/sessions/{session}/?tab=annotations",
    "/sessions/{session}/?tab=levels",
    "/sessions/{session}/?tab=raw",
]


def test_nothing_is_wrong_with_the_pages_of_a_failure(full, sign_in, faults):
    sign_in("lead", "expert")
    assert faults(path.format(case=full.case_id, session=full.pk) for path in PATHS) == {}


def test_nothing_is_wrong_at_sign_in(db, faults):
    assert faults(["/accounts/login/?next=/cases/"]) == {}


def test_nothing_is_wrong_with_the_workspace(full, sign_in, faults):
    expert = sign_in("expert")
    session = factories.make_session(full.case, actor="expert", engine="expert", by=expert)
    step = factories.add_step(session)
    annotating.annotate(session, kind="hypothesis", text="an index is missing", by=expert)
    annotating.annotate(session, kind="evidence", quote="Seq Scan on entries", step=step, by=expert)
    assert faults(f"/sessions/{session.pk}/{page}/" for page in ("record", "finish")) == {}


def test_theme_is_remembered_and_there_is_no_flash(full, sign_in, visit, page, live_server):
    sign_in("lead")
    visit("/cases/")
    page.get_by_label(re.compile("Account of")).click()
    page.get_by_role("button", name="Dark").click()
    source = page.request.get(live_server.url + "/cases/").text()
    assert 'data-theme="dark"' in source


def test_keys_go_to_lists_and_never_while_typing(full, sign_in, visit, page):
    sign_in("lead")
    visit("/")
    page.keyboard.press("g")
    page.keyboard.press("l")
    page.wait_for_url("**/library/")
    page.keyboard.press("/")
    page.keyboard.type("gc?")
    expect(page.locator("#search")).to_have_value("gc?")
    assert page.url.endswith("/library/")
    page.locator("h1").click()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("g lLibrary")
    assert page.locator("[data-keys] dt", has_text="g ").count() == page.locator(".nav-link").count()
    expect(page.get_by_role("dialog")).not_to_contain_text("People")  # an admin's
    page.keyboard.press("Escape")
    page.get_by_label(re.compile("Account of")).click()
    page.get_by_role("button", name="Single-key shortcuts").click()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert not page.get_by_role("dialog").is_visible()


def test_menu_opens_on_a_phone(full, sign_in, visit, page):
    sign_in("lead")
    visit("/cases/", width=390)
    assert not page.get_by_role("link", name="Library").is_visible()
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="Library").click()
    page.wait_for_url("**/library/")


def test_a_filter_is_one_choice_and_stands_in_the_url(full, sign_in, visit, page):
    sign_in("lead")
    visit("/cases/")
    page.get_by_label("State", exact=True).select_option("labelled")
    page.wait_for_url("**/cases/?state=labelled")
    assert page.locator("tbody tr").count() == 1


def test_rest_of_a_long_return_comes_on_demand(full, sign_in, visit, page):
    sign_in("lead")
    visit(f"/sessions/{full.pk}/")
    step = page.locator("#step-3")
    before = step.locator(".line").count()
    step.get_by_role("button", name=re.compile("Show .* more")).click()
    page.wait_for_function("before => document.querySelectorAll('#step-3 .line').length > before", arg=before)
    assert step.locator(".line").count() == 400


def test_a_call_moves_nothing_and_a_late_completion_stays_shut(full, sign_in, visit, page):
    sign_in("expert")
    visit(f"/cases/{full.case_id}/")
    page.get_by_role("button", name="Record a session").click()
    heading = page.get_by_role("heading", level=1)
    line = page.get_by_label("Tool and arguments")
    line.wait_for()
    place = heading.bounding_box()
    held = []
    completions = "**/console/complete/**"
    page.route(completions, lambda route: held.append(route))
    with page.expect_request(completions):
        line.press_sequentially("get_l")
    line.press("Enter")
    page.locator("#step-0").wait_for()
    page.get_by_text("Step 1 is recorded.").wait_for(state="attached")
    assert heading.bounding_box() == place
    with page.expect_response(completions):
        for one in held:
            one.continue_()
    page.evaluate("() => fetch(location.href)")  # answered after them
    assert page.locator(".choice:visible").count() == 0


def test_expert_records_a_trace_from_first_call_to_diagnosis(full, sign_in, visit, page):
    sign_in("expert", name="elif")
    visit(f"/cases/{full.case_id}/")
    page.get_by_role("button", name="Record a session").click()
    line = page.get_by_label("Tool and arguments")
    line.click()
    line.press_sequentially("get_l")
    page.locator(".choice", has_text="get_logs").wait_for()
    line.press("Tab")
    assert line.input_value() == "get_logs "
    line.press_sequentially("service=ledger")
    line.press("Escape")
    line.press("Enter")
    page.locator("#step-0").get_by_text("Seq Scan on entries").wait_for()

    page.reload()
    page.get_by_label("Why did you make call 1?").fill("what does it say?")
    page.get_by_label("Key evidence").check()
    page.locator("#step-0 .chip", has_text="key evidence").wait_for()

    line = page.get_by_label("Tool and arguments")
    line.fill("/hypothesis an index is missing")
    line.press("Enter")
    page.get_by_role("button", name="supported").click()
    page.locator("#side-words .chip", has_text="Supported").wait_for()

    page.evaluate(
        """() => {
            const text = [...document.querySelectorAll('#step-0 .line')][0].firstChild;
            const range = document.createRange();
            const at = text.textContent.indexOf('Seq Scan');
            range.setStart(text, at);
            range.setEnd(text, at + 'Seq Scan on entries'.length);
            getSelection().removeAllRanges();
            getSelection().addRange(range);
        }"""
    )
    page.get_by_role("button", name="Keep the selection as evidence").click()
    page.locator("#step-0 mark", has_text="Seq Scan on entries").wait_for()

    page.get_by_role("link", name="Finish").click()
    page.get_by_label("Component").fill("ledger")
    page.get_by_label("Fault class").fill("missing_index")
    page.get_by_label("What you hold true").first.fill("ledger scans a whole table")
    page.reload()
    expect(page.get_by_label("What you hold true").first).to_have_value("ledger scans a whole table")
    page.get_by_label("Carried by").select_option("c1")
    page.get_by_role("button", name="Finish the session").click()
    page.get_by_role("alert").get_by_text("Claim 1 rests on nothing").wait_for()
    page.locator(".claim-row summary").first.click()
    page.get_by_label(re.compile("step 1: Seq Scan")).first.check()
    page.get_by_role("button", name="Finish the session").click()
    page.get_by_text("The session is finished").wait_for()

    session = Session.objects.get(actor="expert")
    assert session.steps.get().why == "what does it say?"
    assert evaluate_session(session).verdict == "success"
    page.get_by_role("link", name="Evidence chain").click()
    page.locator(".hang--ok .weight", has_text="Seq Scan on entries").wait_for()
