import pytest
from django.core.exceptions import PermissionDenied

from rules import comments, merge, patches, review
from tests.rules import builders, scene

pytestmark = pytest.mark.django_db


def people():
    return builders.user("ria", "reviewer"), builders.user("eve", "expert")


def test_comment_on_a_line_quotes_what_stands_there():
    ria, _ = people()
    patch = builders.in_review()
    made = comments.comment(patch, by=ria, text=" why a pool? ", place="line:look-behind-the-pool:1")
    assert (made.text, made.quote, made.revision_number, made.pending) == (
        "why a pool?",
        'WHEN evidence(saturation, "pool")',
        1,
        False,
    )


@pytest.mark.parametrize("place", ["line:look-behind-the-pool:99", "line:other:0", "step:1:0", "step:x:y", "elsewhere"])
def test_comment_on_a_place_where_nothing_stands_is_refused(place):
    ria, _ = people()
    patch = builders.in_review()
    with pytest.raises(comments.CommentError, match="Nothing stands at this place"):
        comments.comment(patch, by=ria, text="why?", place=place)
    assert patch.comments.count() == 0


def test_comment_on_a_step_of_the_session_it_was_learned_from():
    from tests import factories

    ria, _ = people()
    failed = factories.make_finished_session()
    patch = patches.draft(title="learned", add=(builders.rule(),), engine="offline", failed=failed)
    step = failed.steps.get(index=0)
    made = comments.comment(patch, by=ria, text="here", place=f"step:{failed.pk}:0")
    assert made.quote == f"step 1 of session {failed.pk}: {step.tool}"


def test_what_is_held_back_is_seen_by_its_writer_alone_and_holds_up_nothing():
    ria, eve = people()
    patch = builders.in_review()
    held = comments.comment(patch, by=eve, text="too wide?", pending=True)
    assert list(patch.comments.seen_by(ria)) == []
    assert list(patch.comments.seen_by(eve)) == [held]
    assert patch.comments.holding_up().count() == 0
    review.decide(patch, by=ria, decision="approve")
    assert merge.merge(patch, by=ria).number == 1


def test_all_held_back_comments_are_sent_together():
    ria, eve = people()
    patch = builders.in_review()
    for text in ("one", "two"):
        comments.comment(patch, by=eve, text=text, pending=True)
    comments.comment(patch, by=ria, text="mine", pending=True)
    assert comments.send(patch, by=eve) == 2
    assert [comment.text for comment in patch.comments.holding_up()] == ["one", "two"]


def test_decision_sends_what_was_held_back_and_a_line_comment_does_for_its_words():
    ria, _ = people()
    patch = builders.in_review()
    with pytest.raises(review.ReviewError, match="in a comment on a line"):
        review.decide(patch, by=ria, decision="changes")
    held = comments.comment(patch, by=ria, text="narrow it", place="line:look-behind-the-pool:1", pending=True)
    review.decide(patch, by=ria, decision="changes")
    held.refresh_from_db()
    assert (held.pending, patch.state) == (False, "draft")


def test_refused_decision_sends_nothing():
    ria, _ = people()
    patch = builders.in_review()
    held = comments.comment(patch, by=ria, text="hm", pending=True)
    with pytest.raises(review.ReviewError, match="Choose the reason"):
        review.decide(patch, by=ria, decision="reject")
    held.refresh_from_db()
    assert held.pending is True


def test_comment_is_resolved_by_somebody_and_can_be_opened_again():
    ria, eve = people()
    patch = builders.in_review()
    made = comments.comment(patch, by=ria, text="why?")
    comments.resolve(made, by=eve)
    made.refresh_from_db()
    assert (made.resolved_by, patch.comments.holding_up().count()) == (eve, 0)
    comments.reopen(made, by=ria)
    made.refresh_from_db()
    assert (made.resolved_by, made.resolved_at, patch.comments.holding_up().count()) == (None, None, 1)


def test_only_its_writer_drops_a_comment_and_only_before_it_is_sent():
    ria, eve = people()
    patch = builders.in_review()
    held = comments.comment(patch, by=ria, text="hm", pending=True)
    with pytest.raises(comments.CommentError, match="Only a comment of yours"):
        comments.withdraw(held, by=eve)
    comments.withdraw(held, by=ria)
    sent = comments.comment(patch, by=ria, text="said")
    with pytest.raises(comments.CommentError, match="Only a comment of yours"):
        comments.withdraw(sent, by=ria)
    assert list(patch.comments.all()) == [sent]


def test_person_without_a_role_says_nothing():
    patch = builders.in_review()
    with pytest.raises(PermissionDenied):
        comments.comment(patch, by=builders.user("nobody"), text="hello")
    assert patch.comments.count() == 0


def test_page_shows_a_line_comment_under_its_line_and_in_the_conversation(client):
    ria, _ = people()
    client.force_login(ria)
    patch = scene.patch("in_review", "fixed")
    name = patches.current(patch).add[0]["name"]
    place = f"line:{name}:1"
    writing = client.get(f"/patches/{patch.pk}/?tab=diff&say={place}").content.decode()
    assert f'name="place" value="{place}"' in writing
    answer = client.post(
        f"/patches/{patch.pk}/comment/", {"text": "why?", "place": place, "tab": "diff", "pending": "1"}
    )
    assert answer["Location"] == f"/patches/{patch.pk}/?tab=diff#at-line-{name}-1"
    shown = client.get(f"/patches/{patch.pk}/?tab=diff").content.decode()
    assert shown.index(f'id="at-line-{name}-1"') < shown.index("Held back") < shown.index(f'id="at-line-{name}-2"')
    talk = client.get(f"/patches/{patch.pk}/").content.decode()
    assert "1 comment of yours held back" in talk
    client.force_login(builders.user("zoe", "lead"))
    assert "Held back" not in client.get(f"/patches/{patch.pk}/").content.decode()
