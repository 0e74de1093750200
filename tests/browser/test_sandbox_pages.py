import pytest

from cases.models import Session
from cloudmate.work import finish
from sandbox import work as sandbox_work
from tests import factories
from tests.rules import scene

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

EVERY = ("regressed", "inconclusive", "fixed", "same_pass", "same_fail", "unaffected")


def addresses() -> list[str]:
    closed, running = scene.regression(*EVERY), scene.regression("fixed", waiting=3, state="open")
    explorations = [scene.exploration(outcome) for outcome in ("success", "handed_over", "")]
    case = factories.make_confirmed_case()
    old = factories.make_finished_session(case)
    new = factories.make_finished_session(case, steps=factories.RECORDINGS[:1] + factories.RECORDINGS[2:])
    return [
        f"/regressions/{closed.pk}/",
        f"/regressions/{closed.pk}/?show=regressed",
        f"/regressions/{running.pk}/",
        *(f"/explorations/{row.pk}/" for row in explorations),
        f"/compare/{old.pk}/{new.pk}/",
    ]


def test_nothing_is_wrong_with_what_ran(db, sign_in, faults):
    paths = addresses()
    sign_in("lead", "expert")
    assert faults(paths) == {}


def test_the_one_lost_case_stands_out_and_opens_its_two_runs(db, sign_in, visit, page):
    row = scene.regression("regressed", *["same_pass"] * 6, "fixed", "unaffected")
    lost = row.pairs.get(outcome="regressed")
    sign_in("reviewer")
    visit(f"/regressions/{row.pk}/")
    column = page.locator(".case-column--lost")
    assert column.count() == 1
    colours = page.evaluate(
        "[...document.querySelectorAll('.matrix__cells .arm')].map(arm => getComputedStyle(arm).backgroundColor)"
    )
    red = column.locator(".arm").last.evaluate("arm => getComputedStyle(arm).backgroundColor")
    assert colours.count(red) == 1
    assert page.locator("tr.is-bad").count() == 1
    column.click()
    page.wait_for_url(f"**/compare/{lost.base_session_id}/{lost.candidate_session_id}/#parts")


def test_live_regression_keeps_focus_scroll_and_says_its_end_once(db, sign_in, visit, page):
    row = scene.regression(*["same_pass"] * 12, waiting=2, state="open")
    sign_in("reviewer")
    visit(f"/regressions/{row.pk}/")
    link = page.locator("tbody a.row-link").nth(8)
    name = link.inner_text()
    link.focus()
    page.evaluate("window.scrollTo(0, 200)")
    page.evaluate(
        """() => {
            window.said = [];
            new MutationObserver(() => window.said.push(document.getElementById('regression-said').textContent))
                .observe(document.getElementById('regression-said'), {characterData: true, childList: true, subtree: true});
        }"""
    )
    waiting = list(row.pairs.filter(outcome=""))
    run(waiting[0], "fixed", False, True)
    page.locator(".arm--fixed").nth(1).wait_for(timeout=10_000)
    assert page.get_by_text("13 of 14 pairs").is_visible()
    run(waiting[1], "regressed", True, False)
    sandbox_work.close_regressions()
    page.locator("#regression-progress").wait_for(state="detached", timeout=10_000)
    assert page.evaluate("document.activeElement.innerText") == name
    assert page.evaluate("window.scrollY") == 200
    assert page.evaluate("window.said") == [
        "The regression has ended: 1 regressed, 1 fixed, 0 inconclusive of 14 cases."
    ]
    polls = []
    page.on("request", lambda request: polls.append(request.url))
    page.wait_for_timeout(2500)
    assert polls == []


def run(pair, outcome, base, candidate):
    pair.state = "running"
    pair.save(update_fields=["state"])
    finish(pair, outcome=outcome, base_passed=base, candidate_passed=candidate)


def test_live_exploration_keeps_an_open_fold_and_stops(db, sign_in, visit, page):
    row = scene.exploration("")
    sign_in("expert")
    visit(f"/explorations/{row.pk}/")
    page.get_by_role("button", name="Leave out").click()
    page.locator("tr", has_text="Left out").wait_for()
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("Stopped. What had ended is kept.").wait_for()
    row.refresh_from_db()
    assert row.state == "cancelled"


def test_a_return_opens_beside_the_other(db, sign_in, visit, page):
    case = factories.make_confirmed_case()
    old, new = (factories.make_finished_session(case, origin=Session.Origin.RECORDED) for _ in range(2))
    sign_in("reviewer")
    visit(f"/compare/{old.pk}/{new.pk}/")
    page.locator("tr").nth(1).locator("summary").first.click()
    assert page.get_by_text("Seq Scan on entries").first.is_visible()
    assert page.get_by_text("The two sessions are the same").is_visible()


THOUSAND = {"regressed": 1, "inconclusive": 7, "fixed": 12, "same_pass": 600, "same_fail": 80, "unaffected": 300}
SHIFTS = """() => {
    window.shifts = [];
    new PerformanceObserver((list) => window.shifts.push(...list.getEntries().map((entry) => entry.value)))
        .observe({type: "layout-shift", buffered: true});
}"""


def test_a_thousand_rows_come_as_one_scrolls(db, sign_in, visit, page):
    row = scene.large_regression(**THOUSAND)
    sign_in("reviewer")
    visit(f"/regressions/{row.pk}/")
    assert page.locator(".case-column").count() == 1000
    assert page.locator(".case-column--lost").count() == 1
    rows = page.locator('tr[id^="case-"]')
    for count in (*range(130, 1000, 100), 1000):
        page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
        rows.nth(count - 1).wait_for(state="attached", timeout=10_000)
    assert rows.count() == 1000
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((one) => one.id)")
    assert len(ids) == len(set(ids))


def test_a_live_regression_shifts_nothing(db, sign_in, visit, page):
    row = scene.regression(*["same_pass"] * 12, waiting=3, state="open")
    sign_in("reviewer")
    visit(f"/regressions/{row.pk}/")
    page.evaluate(SHIFTS)
    page.wait_for_timeout(600)
    page.evaluate("window.shifts.length = 0")
    for pair in list(row.pairs.filter(outcome=""))[:2]:
        run(pair, "same_pass", True, True)
    page.get_by_text("14 of 15 pairs").wait_for(timeout=10_000)
    page.wait_for_timeout(300)
    assert page.evaluate("window.shifts.reduce((sum, one) => sum + one, 0)") < 0.01
