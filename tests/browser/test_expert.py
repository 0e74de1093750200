"""The expert's main job, by mouse and by keyboard alone, and what it costs to make a case of it."""

import re
import time

import pytest
from playwright.sync_api import expect

from cases import annotating
from cases.evaluation.quotes import stands_in
from cases.models import Case, Session
from sandbox import guidance
from sandbox.environment.base import Recording
from tests import factories

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

COUNT = """() => {
    const clicks = Number(sessionStorage.getItem('clicks') ?? 0);
    if (window.counting) return clicks;
    window.counting = true;
    document.addEventListener('click', (event) => {
        if (event.isTrusted) sessionStorage.setItem('clicks', Number(sessionStorage.getItem('clicks') ?? 0) + 1);
    }, true);
    return clicks;
}"""
FROM_A_SESSION_TO_A_CASE = {"clicks": 12, "seconds": 180}  # at most


@pytest.fixture
def clicks(page):
    """Counts what is clicked, over every page."""
    page.add_init_script(f"({COUNT})()")
    return lambda: page.evaluate(COUNT)


@pytest.fixture
def case(db):
    found = factories.make_case(name="ledger is slow", answer=None)
    factories.make_snapshot(found)
    return found


def test_a_case_is_made_of_a_finished_session_in_a_few_clicks(case, sign_in, visit, page, clicks):
    expert = sign_in("expert")
    agent = factories.make_finished_session(case, diagnosis=factories.make_diagnosis("till", "oom_killed"))
    session = factories.make_finished_session(case, actor="expert", engine="expert", by=expert)
    visit(f"/sessions/{session.pk}/")
    began, before = time.monotonic(), clicks()
    expect(page.get_by_text("Beside the agent's session")).to_contain_text(str(agent.pk))
    page.get_by_role("button", name="Propose as baseline case").click()
    page.get_by_text("Proposed, and confirmed by you").wait_for()
    spent = clicks() - before
    sign_in("lead")
    visit("/")
    before = clicks()
    page.get_by_role("link", name="ledger is slow").first.click()
    page.get_by_role("button", name="Give the second confirmation").click()
    page.locator(".page-head").get_by_text("Confirmed").wait_for()
    spent += clicks() - before
    assert Case.objects.get(pk=case.pk).state == "confirmed"
    assert spent <= FROM_A_SESSION_TO_A_CASE["clicks"]
    assert time.monotonic() - began <= FROM_A_SESSION_TO_A_CASE["seconds"]
    print(f"from a finished session to a confirmed case: {spent} clicks, {time.monotonic() - began:.0f} s of a browser")


def test_reasons_are_accepted_or_changed_where_they_stand(case, sign_in, visit, page):
    expert = sign_in("expert")
    session = factories.make_finished_session(case, actor="expert", engine="expert", by=expert)
    guidance.derive(guidance.offer(session).derivation)
    visit(f"/sessions/{session.pk}/")
    page.locator("#rationale-0").get_by_role("button", name="Accept").click()
    page.locator("#rationale-0.is-accepted").wait_for()
    page.get_by_label("Why step 1 was taken").fill("Seq Scan on entries was my guess")
    page.locator("#rationale-0").get_by_role("button", name="Change").click()
    expect(page.locator("#rationale-0")).to_contain_text("in " + expert.get_username())
    assert page.url.endswith(f"/sessions/{session.pk}/")


def test_expert_records_with_the_keyboard_alone(case, sign_in, visit, page):
    sign_in("expert", name="elif")
    visit(f"/cases/{case.pk}/")
    page.get_by_role("button", name="Record a session").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/record/")
    line = page.get_by_label("Tool and arguments")
    line.wait_for()
    line.focus()
    page.keyboard.type("get_l")
    page.locator(".choice", has_text="get_logs").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.type("service=ledger")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    page.locator("#step-0").wait_for()
    expect(line).to_be_focused()

    def say(words, then):
        page.keyboard.type(words)
        page.keyboard.press("Escape")
        page.keyboard.press("Enter")
        then.wait_for()
        line.focus()

    say("/why the ledger is what the till waits for", page.locator("#saved-state", has_text="saved at"))
    say("/key", page.locator("#step-0 .chip", has_text="key evidence"))
    say("/hypothesis an index is missing", page.locator(".hypothesis", has_text="an index is missing"))
    say("/help", page.locator("#console-words", has_text="/conclude"))
    page.keyboard.press("Escape")
    page.keyboard.press("Control+r")
    page.locator(".choice", has_text="get_logs service=ledger").wait_for()
    page.keyboard.press("Enter")
    expect(line).to_have_value("get_logs service=ledger")
    page.keyboard.press("Control+a")
    page.keyboard.press("Backspace")
    page.keyboard.type("/evidence")
    page.keyboard.press("Enter")
    page.locator("#step-0 .caret").wait_for()
    page.keyboard.press("Home")
    for _ in range(factories.RECORDINGS[0].output.index("Seq Scan")):
        page.keyboard.press("ArrowRight")
    for _ in ["Seq", "Scan", "on", "entries"]:
        page.keyboard.press("Control+Shift+ArrowRight")
    page.keyboard.press("e")
    page.locator("#step-0 mark", has_text="Seq Scan on entries").wait_for()
    page.locator("#side-words .quote", has_text="Seq Scan on entries").wait_for()
    page.keyboard.press("Escape")
    expect(line).to_be_focused()
    page.keyboard.type("/conclude")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    page.wait_for_url("**/finish/")

    page.get_by_label("Component").focus()
    page.keyboard.type("ledger")
    page.keyboard.press("Tab")
    page.keyboard.type("missing_index")
    page.get_by_label("What you hold true").first.focus()
    page.keyboard.type("ledger scans a whole table")
    page.locator("#checks", has_text="Claim 1 rests on nothing").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.locator("#checks .checks__broken")).to_have_count(0)
    page.get_by_role("button", name="Finish the session").focus()
    page.keyboard.press("Enter")
    page.get_by_text("The session is finished").wait_for()
    step = Session.objects.get(by__username="elif").steps.get()
    assert (step.why, step.key_evidence) == ("the ledger is what the till waits for", True)


def test_only_claims_that_have_a_row_are_offered(case, sign_in, visit, page):
    session = factories.make_session(case, actor="expert", engine="expert", by=sign_in("expert"))
    factories.add_step(session)
    visit(f"/sessions/{session.pk}/finish/")
    page.get_by_label("What you hold true").first.fill("ledger scans a whole table")
    offered = page.get_by_label("Carried by").locator("option")
    expect(offered).to_have_text(["—", "1: ledger scans a whole table", "claim 2, not written yet"])
    page.get_by_role("button", name="Another claim").click()
    expect(offered.last).to_have_text("claim 3, not written yet")
    expect(offered.last).to_be_disabled()
    page.get_by_label("What you hold true").last.fill("till waits for it")
    page.get_by_label("to claim").select_option("c3")
    page.get_by_role("button", name="Another link").click()
    expect(page.get_by_label("Claim", exact=True).last.locator("option")).to_have_count(4)
    page.reload()
    expect(page.get_by_label("to claim").first).to_have_value("c3")
    expect(page.get_by_label("to claim").first.locator("option:checked")).to_have_text("3: till waits for it")


def test_a_caret_goes_through_a_return_line_by_line_and_selects(case, sign_in, visit, page):
    expert = sign_in("expert")
    session = factories.make_session(case, actor="expert", engine="expert", by=expert)
    log = "".join(f"2026-03-01T10:00:{n:02}Z {'ERROR' if n % 2 else 'INFO'} line {n}\n" for n in range(60))
    step = factories.add_step(session, Recording("get_logs", {"service": "ledger"}, log))
    visit(f"/sessions/{session.pk}/record/")
    page.get_by_role("region", name="Return of step 1").focus()
    keys = ["ArrowDown", "ArrowDown", "ArrowDown", "Control+ArrowRight", "Shift+ArrowDown", "Shift+End"]
    for key in keys:  # the first shows the caret
        page.keyboard.press(key)
    assert page.evaluate("getSelection().toString()").split("\n")[1] == log.splitlines()[3]
    page.keyboard.press("Escape")
    assert page.evaluate("getSelection().isCollapsed")
    page.keyboard.press("Control+End")
    page.keyboard.press("Shift+Home")
    assert page.evaluate("getSelection().toString()") == log.splitlines()[-1]
    edges = "(one) => { const { top, bottom } = one.getBoundingClientRect(); return [top, bottom]; }"
    line, frame = (
        page.locator(which).evaluate(edges) for which in ("#step-0 .line:nth-child(60)", "#step-0 .evidence")
    )
    assert frame[0] <= line[0] and line[1] <= frame[1]
    page.keyboard.press("ArrowUp")
    for _ in range(2):
        page.keyboard.press("Shift+ArrowUp")
    chosen = page.evaluate("getSelection().toString()")
    page.keyboard.press("Enter")
    page.locator("#side-words .quote").wait_for()
    kept = step.annotations.get()
    assert (kept.quote, log[kept.start : kept.end]) == (chosen.strip(), chosen.strip())
    expect(page.locator("#step-0 mark").first).to_be_visible()


def test_evidence_bears_on_a_hypothesis_and_a_return_is_searched(case, sign_in, visit, page):
    expert = sign_in("expert")
    session = factories.make_session(case, actor="expert", engine="expert", by=expert)
    log = "".join(
        f"2026-03-01T10:00:{n % 60:02}Z {'ERROR refused' if n % 50 == 0 else 'INFO fine'} {n}\n" for n in range(600)
    )
    step = factories.add_step(session, Recording("get_logs", {"service": "ledger"}, log))
    annotating.annotate(session, kind="hypothesis", text="an index is missing", by=expert)
    annotating.annotate(session, kind="evidence", quote="ERROR refused 0", step=step, by=expert)
    visit(f"/sessions/{session.pk}/record/")
    page.get_by_text("What speaks for or against").click()
    page.get_by_label("How the passage of step 1 bears on hypothesis 1").select_option("for")
    page.locator(".bears--for", has_text="ERROR refused 0").wait_for()
    page.get_by_label("Search the return of step 1").fill("refused")
    expect(page.locator("#step-0 .evidence__foot")).to_contain_text(re.compile("12 of 600 lines match"))
    expect(page.locator("#step-0 mark.found")).to_have_count(12)
    page.get_by_label("Lines of the return of step 1").select_option("bad")
    expect(page.locator("#step-0 .line--bad")).to_have_count(12)


def test_a_terminals_log_comes_in_by_way_of_a_preview(case, sign_in, visit, page):
    expert = sign_in("expert")
    session = factories.make_session(case, actor="expert", engine="expert", by=expert)
    visit(f"/sessions/{session.pk}/record/")
    page.get_by_role("link", name="From a terminal").click()
    page.get_by_label("Log").fill("$ kubectl get pods -n market\nNAME   READY\n$ kubectl delete pod till-0\ndeleted\n")
    page.get_by_role("button", name="See what would come in").click()
    page.get_by_text("it changes something: no call asks that").wait_for()
    page.get_by_label("Bring in command 2").uncheck()
    page.get_by_role("button", name="Bring them in").click()
    page.locator("#step-0", has_text="list_resources").wait_for()
    assert session.steps.count() == 1


def test_nothing_is_wrong_where_an_expert_works(case, sign_in, visit, page, complaints):
    expert = sign_in("expert")
    session = factories.make_session(case, actor="expert", engine="expert", by=expert)
    visit(f"/sessions/{session.pk}/record/")
    found = {"empty": complaints()}
    rows = "time,rps,errors\n" + "".join(f"2026-03-01T10:{n:02}:00Z,{n},0\n" for n in range(12))
    red = "".join(
        f"2026-03-01T10:00:{n:02}Z \x1b[{30 + n % 8};{40 + n % 8}mERROR\x1b[0m \x1b[{90 + n % 8}mline\x1b[0m\n"
        for n in range(30)
    )
    pod = "kind: Pod\nmetadata:\n  name: ledger-0\nspec:\n  nodeName: deck-1\n" * 5
    for text in (red, rows, pod, red.replace("line", "change", 2)):
        step = factories.add_step(session, Recording("get_logs", {"service": str(len(text) // 1000)}, text))
    factories.add_step(session, Recording("get_logs", step.arguments, red))
    idea = annotating.annotate(session, kind="hypothesis", text="an index is missing", by=expert)
    passage = annotating.annotate(session, kind="evidence", quote="change", step=step, by=expert)
    annotating.bear(passage, idea, "for")
    visit(f"/sessions/{session.pk}/record/")
    page.locator("#step-1").get_by_label("Chart").check()
    page.locator("#step-1 .plot__svg").wait_for()
    page.locator("#step-4").get_by_label(re.compile("Changes")).check()
    page.locator("#step-4 .changes").wait_for()
    page.get_by_label("Search the return of step 1").fill("error")
    page.locator("#step-0 mark.found").first.wait_for()
    found["full"] = complaints()
    visit(f"/sessions/{session.pk}/terminal/")
    found["terminal"] = complaints()
    page.get_by_label("Log").fill("$ kubectl get pods\nNAME   READY\n$ man sql\nx\n")
    page.get_by_role("button", name="See what would come in").click()
    page.get_by_text("Nothing is stored yet").wait_for()
    found["preview"] = complaints()
    ended = factories.make_finished_session(case, actor="expert", engine="expert", by=expert)
    factories.make_finished_session(case)
    guidance.derive(guidance.offer(ended).derivation)
    visit(f"/sessions/{ended.pk}/")
    found["finished"] = complaints()
    assert found == {place: {} for place in found}


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        (
            " pid  | state               | query\n------+---------------------+----------\n 2380 | idle in transaction | SELECT 1\n",
            "2380 | idle in transaction",
        ),
        ("pod,phase,restarts\ntill-0,Running,4\n", "till-0,Running"),
    ],
)
def test_cells_are_kept_as_evidence_with_what_stands_between_them(case, sign_in, visit, page, text, quote):
    session = factories.make_session(case, actor="expert", engine="expert", by=sign_in("expert"))
    factories.add_step(session, Recording("get_logs", {"service": "ledger"}, text))
    visit(f"/sessions/{session.pk}/record/")
    page.evaluate(
        """() => {
            const [first, second] = document.querySelectorAll('#step-0 .printed tbody td');
            getSelection().setBaseAndExtent(first.firstChild, 0, second.firstChild, second.firstChild.length);
        }"""
    )
    page.get_by_role("button", name="Keep the selection as evidence").click()
    page.locator("#step-0 mark").first.wait_for()
    kept = session.annotations.get().quote
    assert kept == quote
    assert stands_in(kept, text)
