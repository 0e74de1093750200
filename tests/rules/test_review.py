import pytest
from django.core.exceptions import PermissionDenied

from rules import patches, review
from rules.models import Patch, Review
from tests.rules import builders

pytestmark = pytest.mark.django_db


def test_reviewer_approves_what_the_critic_wrote():
    patch = builders.in_review()
    reviewer = builders.user("ria", "reviewer")
    made = review.decide(patch, by=reviewer, decision="approve")
    assert (made.decision, made.revision_number, made.by) == (Review.Decision.APPROVE, 1, reviewer)
    assert review.approvals(patch) == [made]
    assert patch.state == Patch.State.IN_REVIEW


def test_author_cannot_approve_their_own():
    author = builders.user("ria", "reviewer")
    patch = builders.in_review(by=author)
    with pytest.raises(review.ReviewError, match="You made it"):
        review.decide(patch, by=author, decision="approve")


def test_who_wrote_a_revision_cannot_approve_it():
    patch = builders.in_review()
    reviewer = builders.user("ria", "reviewer")
    patches.revise(patch, add=(builders.rule("another"),), remove=(), by=reviewer)
    builders.tested(patch)
    with pytest.raises(review.ReviewError, match="You made it"):
        review.decide(patch, by=reviewer, decision="approve")


def test_expert_cannot_approve():
    patch = builders.in_review()
    with pytest.raises(PermissionDenied):
        review.decide(patch, by=builders.user("eve", "expert"), decision="approve")


def test_rejection_needs_a_reason_of_the_list():
    patch = builders.in_review()
    reviewer = builders.user("ria", "reviewer")
    with pytest.raises(review.ReviewError, match="Choose the reason"):
        review.decide(patch, by=reviewer, decision="reject")
    review.decide(patch, by=reviewer, decision="reject", reason="too_broad")
    assert patch.state == Patch.State.REJECTED


def test_asking_for_changes_needs_words_and_makes_it_a_draft():
    patch = builders.in_review()
    reviewer = builders.user("ria", "reviewer")
    with pytest.raises(review.ReviewError, match="Say what should change"):
        review.decide(patch, by=reviewer, decision="changes")
    review.decide(patch, by=reviewer, decision="changes", words="name the database")
    assert patch.state == Patch.State.DRAFT


def test_draft_cannot_be_decided_on():
    patch = builders.draft()
    with pytest.raises(review.ReviewError, match="only a patch in review"):
        review.decide(patch, by=builders.user("ria", "reviewer"), decision="approve")


def test_newest_word_of_a_person_counts():
    patch = builders.in_review()
    reviewer, lead = builders.user("ria", "reviewer"), builders.user("leo", "lead")
    review.decide(patch, by=reviewer, decision="approve")
    review.decide(patch, by=lead, decision="approve")
    review.decide(patch, by=reviewer, decision="reject", reason="unclear")
    assert [item.by for item in review.approvals(patch)] == [lead]


def test_approval_of_another_revision_than_the_one_read_is_not_recorded():
    patch = builders.in_review()
    patches.revise(patch, add=(builders.rule("another"),), remove=(), by=builders.user("eve", "expert"))
    builders.tested(patch)
    with pytest.raises(review.ReviewError, match="You read revision 1; revision 2 stands now"):
        review.decide(patch, by=builders.user("ria", "reviewer"), decision="approve", revision=1)
    assert patch.reviews.count() == 0


def test_page_of_an_older_revision_approves_nothing(client):
    patch = builders.in_review()
    patches.revise(patch, add=(builders.rule("another"),), remove=(), by=builders.user("eve", "expert"))
    builders.tested(patch)
    client.force_login(builders.user("ria", "reviewer"))
    said = client.post(f"/patches/{patch.pk}/decide/", {"decision": "approve", "revision": 1}, follow=True)
    assert "You read revision 1; revision 2 stands now" in said.text
    assert review.approvals(patch) == []
    client.post(f"/patches/{patch.pk}/decide/", {"decision": "approve", "revision": 2})
    assert len(review.approvals(patch)) == 1
