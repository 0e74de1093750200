"""A lead curates the library in Chromium: by mouse and by keyboard alone, in both themes."""

import json
import time

import pytest

from cases import proposing
from cases.evaluation.run import evaluate_session
from cases.models import Case
from tests import factories

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def library():
    systems = [factories.make_system(name) for name in ("market", "bank")]
    for number in range(6):
        make = factories.make_confirmed_case if number % 3 else factories.make_labelled_case
        case = make(name=f"checkout slow {number}", system=systems[number % 2])
        for right in (True, number != 4, True):
            found = ("ledger", "missing_index") if right else ("till", "oom_killed")
            evaluate_session(
                factories.make_finished_session(case, diagnosis=factories.make_diagnosis(*found), knowledge_digest="k")
            )


def test_lead_quarantines_two_cases_and_takes_it_back(library, sign_in, visit):
    sign_in("lead")
    page = visit("/library/?state=confirmed")
    page.get_by_label("Choose checkout slow 1").check()
    page.get_by_label("Choose checkout slow 2").check()
    page.get_by_text("Quarantine or retire…").click()
    page.get_by_label("Reason").fill("their logs are of another day")
    page.get_by_role("button", name="Quarantine", exact=True).click()
    page.get_by_text("2 cases quarantined.").wait_for()
    assert Case.objects.filter(state="quarantined").count() == 2
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("2 of 2 as before.").wait_for()
    assert Case.objects.filter(state="quarantined").count() == 0
    assert page.url.endswith("/library/?state=confirmed")


def test_lead_confirms_by_keyboard_alone(library, sign_in, visit):
    sign_in("lead")
    page = visit("/")
    page.keyboard.press("g")
    page.keyboard.press("l")
    page.wait_for_url("**/library/")
    page.get_by_label("Choose checkout slow 0").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Confirm in bulk").focus()
    page.keyboard.press("Enter")
    page.get_by_text("1 case confirmed.").wait_for()
    assert Case.objects.get(name="checkout slow 0").state == "confirmed"


def test_nothing_is_wrong_with_library_settings_and_search(library, sign_in, faults):
    sign_in("lead", "admin")
    of_settings = ("log", "gate", "redaction", "tools", "people", "models")
    paths = (
        "/library/?view=map",
        "/library/?view=next",
        "/search/?q=checkout",
        *(f"/settings/{one}/" for one in of_settings),
    )
    assert faults(paths) == {}


def test_nothing_is_wrong_where_cases_are_chosen(library, sign_in, visit, complaints):
    sign_in("lead")
    page = visit("/library/")
    page.get_by_label("Choose checkout slow 1").check()
    page.get_by_text("Quarantine or retire…").click()
    assert complaints() == {}


def test_library_is_read_beside_the_navigation_without_scrolling_sideways(library, sign_in, visit):
    lead = sign_in("lead", name="lena-of-the-platform-team")
    Case.objects.update(owner=lead, origin="somebody/failures-of-a-shop", ambiguity="ambiguous")
    page = visit("/library/", width=1280)
    sideways = "box => box.scrollWidth > box.clientWidth"
    assert page.get_by_role("region", name="Library").evaluate(sideways) is False
    owner = page.get_by_role("cell", name=lead.username).first
    seen = {width: visit("/library/", width=width) and owner.is_visible() for width in (390, 1280, 1440)}
    assert seen == {390: False, 1280: False, 1440: True}


def test_lead_sees_what_would_come_in_before_it_does(sign_in, visit, complaints, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    sign_in("lead")
    good = {name: value for name, value in factories.bundle_data().items() if name != "catalogue"}
    files = [
        {"name": name, "mimeType": "application/json", "buffer": json.dumps(data).encode()}
        for name, data in (("good.json", good), ("bad.json", good | {"prompt": 3}))
    ]
    page = visit("/library/import/")
    assert complaints() == {}
    page.get_by_label("Case files").set_input_files(files)
    page.get_by_role("button", name="See what would come in").click()
    page.get_by_role("heading", name="What is wrong").wait_for()
    assert complaints() == {}
    page.get_by_role("button", name="Take 1 in").click()
    page.get_by_text("Taken in: 1 created.").wait_for()
    assert Case.objects.count() == 1


@pytest.fixture
def clicks(page):
    """How many times something was clicked or pressed, over all pages of the test; a key on a button counts as one."""
    page.add_init_script(
        "addEventListener('click', (event) => { if (event.isTrusted)"
        " sessionStorage.clicks = 1 + Number(sessionStorage.clicks || 0); }, true);"
    )
    return lambda: int(page.evaluate("sessionStorage.clicks || 0"))


@pytest.fixture
def finished(db):
    """An expert's finished session on a case that came in as a draft."""
    case = factories.make_case(answer=None, name="ledger answers late")
    elif_ = factories.make_user("expert", name="elif")
    return factories.make_finished_session(case, actor="expert", engine="expert", by=elif_)


def tab_to(page, name: str, *, most: int = 80):
    """Press Tab until what has the focus bears this name."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if name in page.evaluate(
            "(({labels, textContent}) => labels?.[0]?.textContent || textContent)(document.activeElement)"
        ):
            return
    raise AssertionError(f"{name} is not reached with {most} presses of Tab")


def test_finished_session_is_a_confirmed_case_within_twelve_clicks(finished, sign_in, visit, clicks):
    began = time.monotonic()
    sign_in("expert", name="emma")
    page = visit(finished.get_absolute_url())
    page.get_by_role("button", name="Propose as baseline case").click()
    page.get_by_text("Proposed, and confirmed by you.").wait_for()
    sign_in("lead", name="lena")
    page = visit("/")
    page.get_by_role("link", name="ledger answers late").first.click()
    page.get_by_text("Reference path").or_(page.get_by_text("Nothing is frozen")).first.wait_for()
    page.get_by_role("button", name="Give the second confirmation").click()
    page.get_by_text("Your confirmation is recorded.").wait_for()
    assert Case.objects.get().state == "confirmed"
    assert clicks() == 3
    assert time.monotonic() - began < 180


def test_lead_reads_labels_alone_and_confirms_with_the_keys_alone(finished, sign_in, visit):
    """One's own answer, taken from the list before it is seen, the health of the case, the second confirmation."""
    proposing.propose(finished, by=finished.by)
    sign_in("lead", name="lena")
    page = visit("/library/?view=next")
    tab_to(page, "Take it")
    page.keyboard.press("Enter")
    page.wait_for_url("**/label/alone/")
    tab_to(page, "Component")
    page.keyboard.type("ledger")
    page.keyboard.press("Tab")
    page.keyboard.type("missing_index")
    tab_to(page, "Give this answer")
    page.keyboard.press("Enter")
    page.get_by_text("You and another person label it alike.").wait_for()
    page.get_by_text("Answer not told").wait_for()
    tab_to(page, "Give the second confirmation")
    page.keyboard.press("Enter")
    page.get_by_text("Your confirmation is recorded.").wait_for()
    case = Case.objects.get()
    assert (case.state, case.ambiguity) == ("confirmed", "agreed")
