"""The merge queue as people see it: joined from the patch, watched while it moves, in both themes and on a phone."""

import pytest

from rules import comments, merge_queue, review
from tests.rules import builders, scene

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def full(db):
    """A queue in which one is tested, one waits, one did not go in and one did."""
    reviewer = builders.user("ria", "reviewer")
    merged, stopped, waits = (builders.in_review(name=name) for name in ("goes-in", "is-held-up", "waits"))
    for patch in (merged, stopped, waits):
        review.decide(patch, by=reviewer, decision="approve")
    for patch in (merged, stopped):
        merge_queue.add(patch, by=reviewer)
    comments.comment(stopped, by=reviewer, text="And plain traffic?")
    merge_queue.advance()
    tested = scene.patch("testing", "fixed", "same_pass", waiting=3)
    review.Review.objects.create(patch=tested, revision_number=1, decision="approve", by=reviewer)
    for patch in (tested, waits):
        merge_queue.add(patch, by=reviewer)
    return tested, waits, stopped


def test_nothing_is_wrong_with_the_queue(full, sign_in, faults):
    sign_in("lead")
    assert faults(("/patches/queue/", *(patch.get_absolute_url() for patch in full))) == {}


def test_queue_is_joined_by_keyboard_and_shows_by_itself_what_came_of_it(db, sign_in, visit, page):
    reviewer = sign_in("reviewer")
    patch = builders.in_review()
    review.decide(patch, by=reviewer, decision="approve")
    visit(patch.get_absolute_url())
    page.get_by_role("button", name="Add to the merge queue").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Take out of the queue").wait_for()
    visit("/patches/queue/")
    assert page.locator("#queue tbody tr").count() == 1
    merge_queue.advance()
    page.get_by_role("link", name="knowledge v1").wait_for()
    assert page.get_by_text("Nothing waits", exact=True).is_visible()
