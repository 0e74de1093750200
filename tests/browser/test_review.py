"""Score review in Chromium: by mouse, by keyboard alone, and without a complaint of axe in either theme."""

from dataclasses import replace

import pytest
from playwright.sync_api import expect

from cases.evaluation.run import evaluate_session
from cases.models import ReviewItem, ReviewSeat, Score, ScoreReview
from tests import factories

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SAID = "the return shows a whole table being scanned"
BEFORE, AFTER = ("".join(f"line {number} {where} it\n" for number in range(40)) for where in ("before", "after"))
LONG = replace(factories.RECORDINGS[0], output=BEFORE + factories.RECORDINGS[0].output + AFTER)


@pytest.fixture
def queue(db):
    """Two items of a judge with two questions each."""
    found = []
    for _ in range(2):
        evaluation = evaluate_session(factories.make_finished_session(steps=(LONG, factories.RECORDINGS[1])))
        evaluation.judge = "judge-model 3f2a91c0de77"
        evaluation.save(update_fields=["judge"])
        rows = [
            {
                "id": f"evidence-c{at}",
                "question": f"Do the steps that claim c{at} cites show what it says?",
                "answer": "yes",
                "quote": "Seq Scan on entries",
                "reason": SAID,
            }
            for at in (1, 2)
        ]
        score = Score.objects.create(
            evaluation=evaluation, dimension="evidence", source="judge", value=1.0, details={"questions": rows}
        )
        ReviewItem.objects.filter(score__evaluation=evaluation).delete()
        found.append(ReviewItem.objects.create(score=score, why="disagreement", priority=2.4, left=1))
    return found


def test_keyboard_alone_answers_decides_and_goes_on(queue, sign_in, visit, page):
    person = sign_in("reviewer")
    visit("/review/")
    assert SAID not in page.content()
    assert page.locator(".review-count").inner_text().endswith("0 / 2")
    page.keyboard.press("1")
    page.keyboard.press("2")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("text=And the judge")
    assert SAID in page.content()
    page.keyboard.press("2")
    page.keyboard.press("Tab")
    page.keyboard.type("claim c2 is not in the return")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("text=My answer")
    assert page.locator(".review-count").inner_text().endswith("1 / 2")
    seat = ReviewSeat.objects.get(by=person, state="done")
    assert (seat.decision, seat.answers) == ("override", {"evidence-c1": "yes", "evidence-c2": "no"})


def test_cited_passage_is_in_sight(queue, sign_in, visit, page):
    sign_in("reviewer")
    visit("/review/")
    expect(page.locator(".review__return").first).to_contain_text("line 39 before it")
    inside = """box => { const [frame, mark] = [box, box.querySelector("mark")].map((one) => one.getBoundingClientRect());
        return box.scrollTop > 0 && mark.top >= frame.top && mark.bottom <= frame.bottom; }"""
    assert [box.evaluate(inside) for box in page.locator(".review__return:has(mark)").all()] == [True]


def test_item_nobody_can_tell_about_asks_what_is_missing(queue, sign_in, visit, page, complaints):
    sign_in("reviewer")
    visit("/review/")
    for key in ("3", "3", "Control+Enter"):
        page.keyboard.press(key)
    flag = page.get_by_label("What is wrong with the question or the evidence")
    expect(flag).to_be_focused()
    expect(flag).to_have_accessible_description("Needed where every answer is “cannot tell”. Say what is missing.")
    assert complaints() == {}
    page.keyboard.type("the return is cut")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("text=And the judge")


def test_mouse_answers_agrees_and_takes_it_back(queue, sign_in, visit, page):
    sign_in("expert")
    visit("/review/")
    for question in page.locator("[data-question]").all():
        question.locator(".option").first.click()
    page.get_by_role("button", name="Answer and see").click()
    page.wait_for_selector("text=And the judge")
    page.get_by_role("button", name="Complete, next").click()
    page.wait_for_selector("text=My answer")
    page.get_by_role("button", name="Undo the last decision").click()
    page.wait_for_selector("text=And the judge")
    assert ScoreReview.objects.filter(blind=True).count() == 1


def test_nothing_is_wrong_with_a_review_and_what_it_adds_up_to(queue, sign_in, visit, page, complaints):
    person = sign_in("reviewer", "lead")
    found = {}
    for path in ("/review/", "/agreement/", "/agreement/quadrants/"):
        visit(path)
        found[path] = complaints()
    seat = ReviewSeat.objects.get(by=person)
    visit("/review/")
    page.keyboard.press("1")
    page.keyboard.press("1")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("text=And the judge")
    found["revealed"] = complaints()
    visit("/agreement/?cell=tp")
    found["counted"] = complaints()
    visit(f"/agreement/quadrants/?system={seat.item.score.evaluation.session.case.system.slug}&cell=success")
    found["opened"] = complaints()
    assert found == {path: {} for path in found}
