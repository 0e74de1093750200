from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection, connections
from django.urls import reverse
from django.utils import timezone

from cases import reviewing
from cases.evaluation.run import evaluate_session
from cases.models import Evaluation, ReviewItem, ReviewSeat, Score, ScoreReview
from cases.reviewing import NothingTold, ReviewError
from tests import factories

pytestmark = pytest.mark.django_db
SECRET = "the judge was sure of zero"


def queued(*, answer: str = "no", left: int = 1, by=None) -> ReviewItem:
    """A judge's evidence score in the queue, of a session by this person."""
    session = factories.make_finished_session(by=by)
    evaluation = evaluate_session(session)
    ReviewItem.objects.all().delete()
    row = {"id": "evidence-c1", "question": "Do the steps show it?", "answer": answer, "quote": "Seq", "reason": SECRET}
    score = Score.objects.create(
        evaluation=evaluation,
        dimension="evidence",
        source="judge",
        value=float(answer == "yes"),
        reason=SECRET,
        details={"questions": [row]},
    )
    return ReviewItem.objects.create(score=score, why="disagreement", priority=2, left=left, author=session.by)


def test_a_person_gets_the_same_item_until_it_is_done():
    queued()
    person = factories.make_user("expert")
    assert reviewing.claim(person) == reviewing.claim(person)


def test_an_item_that_somebody_holds_goes_to_nobody_else():
    queued(left=2)
    first, second = factories.make_user("expert"), factories.make_user("reviewer")
    assert reviewing.claim(first) is not None
    assert reviewing.claim(second) is None


def test_a_lease_that_ran_out_lets_the_next_person_in_and_the_late_answer_is_refused():
    item = queued()
    late, next_one = factories.make_user("expert"), factories.make_user("reviewer")
    held = reviewing.claim(late)
    after = timezone.now() + reviewing.LEASE + timedelta(seconds=1)
    assert reviewing.claim(next_one, now=after).item == item
    with pytest.raises(ReviewError, match="lease ran out"):
        reviewing.answer(held, answers={"evidence-c1": "yes"})
    assert (ScoreReview.objects.count(), ReviewItem.objects.get().left) == (0, 1)


def test_an_item_takes_as_many_reviewers_as_are_wanted_and_one_more_on_request():
    item = queued()
    people = [factories.make_user("expert") for _ in range(3)]
    reviewing.answer(reviewing.claim(people[0]), answers={"evidence-c1": "yes"}, second_opinion=True)
    reviewing.answer(reviewing.claim(people[1]), answers={"evidence-c1": "no"})
    assert reviewing.claim(people[2]) is None
    item.refresh_from_db()
    assert (item.left, item.seats.count()) == (0, 2)


def test_the_own_answer_is_blind_and_the_decision_is_not():
    queued()
    person = factories.make_user("expert")
    seat = reviewing.claim(person)
    reviewing.answer(seat, answers={"evidence-c1": "yes"}, reason="it scans")
    with pytest.raises(ReviewError, match="Say why your answer stands"):
        reviewing.complete(seat, decision="override")
    reviewing.complete(seat, decision="agree")
    assert list(ScoreReview.objects.values_list("value", "blind", "reason")) == [
        (1.0, True, "it scans"),
        (0.0, False, "The judge is right"),
    ]
    assert ReviewSeat.objects.get().state == "done"


def test_a_decision_can_be_taken_back_and_the_blind_answer_cannot():
    queued()
    person = factories.make_user("expert")
    seat = reviewing.claim(person)
    reviewing.answer(seat, answers={"evidence-c1": "yes"})
    reviewing.complete(seat, decision="agree")
    again = reviewing.undo(person)
    assert (again.state, again.decision, reviewing.claim(person)) == ("answered", "", again)
    with pytest.raises(ReviewError):
        reviewing.answer(again, answers={"evidence-c1": "no"})
    assert ScoreReview.objects.filter(blind=True).values_list("value", flat=True).get() == 1.0


def test_what_cannot_be_told_is_flagged_and_says_nothing_of_the_judge():
    queued()
    seat = reviewing.claim(factories.make_user("expert"))
    with pytest.raises(NothingTold, match="flag the item"):
        reviewing.answer(seat, answers={"evidence-c1": "insufficient"})
    reviewing.answer(seat, answers={"evidence-c1": "insufficient"}, flag="the return is cut")
    assert (ScoreReview.objects.get().blind, ReviewSeat.objects.get().flag) == (False, "the return is cut")


def test_nobody_reviews_a_session_of_their_own():
    person = factories.make_user("expert")
    item = queued(by=person)
    assert reviewing.claim(person) is None
    assert reviewing.claim(factories.make_user("expert")).item == item


def test_an_item_knows_whose_session_it_is_of():
    session = factories.make_finished_session(by=factories.make_user("expert"))
    evaluation = evaluate_session(session)
    ReviewItem.objects.all().delete()
    unsure = Score.objects.create(evaluation=evaluation, dimension="intent", source="judge", value=0.45, details={})
    reviewing.enqueue(session, evaluation, [unsure])
    assert [(item.score, item.author) for item in ReviewItem.objects.all()] == [(unsure, session.by)]


def test_the_judges_word_leaves_the_server_after_the_own_answer(client):
    item = queued()
    person = factories.make_user("expert")
    client.force_login(person)
    page = reverse("cases:review")
    assert SECRET not in client.get(page).content.decode()
    session = item.score.evaluation.session.get_absolute_url()
    shown = client.get(f"{session}?tab=scores").content.decode()
    assert (SECRET in shown, "reviewing this session blind" in shown) == (False, True)
    assert "Lucky" not in shown and "Success" not in shown
    seat = ReviewSeat.objects.get()
    client.post(reverse("cases:answer_review", args=[seat.pk]), {"answer-evidence-c1": "yes"})
    assert SECRET in client.get(page).content.decode()
    assert SECRET in client.get(f"{session}?tab=scores").content.decode()


def test_another_persons_seat_cannot_be_answered(client):
    queued()
    seat = reviewing.claim(factories.make_user("expert"))
    client.force_login(factories.make_user("reviewer"))
    client.post(reverse("cases:answer_review", args=[seat.pk]), {"answer-evidence-c1": "yes"})
    assert (ScoreReview.objects.count(), ReviewSeat.objects.get().state) == (0, "held")


def test_a_refused_answer_keeps_what_was_typed(client):
    queued()
    person = factories.make_user("expert")
    seat = reviewing.claim(person)
    client.force_login(person)
    answer = client.post(reverse("cases:answer_review", args=[seat.pk]), {"reason": "half a thought"})
    assert answer.status_code == 422
    assert "Answer every question first" in answer.content.decode()
    assert "half a thought" in answer.content.decode()


def test_a_draft_comes_back_after_the_item_was_handed_back():
    queued()
    person = factories.make_user("expert")
    seat = reviewing.claim(person)
    reviewing.save_draft(seat, answers={"evidence-c1": "no"}, reason="so far")
    reviewing.hand_back(seat)
    again = reviewing.claim(person)
    assert (again.pk, again.state, again.answers, again.reason) == (seat.pk, "held", {"evidence-c1": "no"}, "so far")


@pytest.mark.django_db(transaction=True)
def test_people_who_ask_at_the_same_moment_never_get_the_same_item():
    score = queued().score
    for source in ("a", "b", "c", "d"):
        one = Score.objects.create(evaluation=score.evaluation, dimension="intent", source=source, value=0.4)
        ReviewItem.objects.create(score=one, why="random", priority=1, left=1)
    people = [factories.make_user("expert") for _ in range(6)]
    start, got, failed = Barrier(len(people)), [], []

    def ask(person):
        try:
            start.wait(timeout=20)
            seat = reviewing.claim(person)
            got.append(seat.item_id if seat else None)
        except Exception as problem:  # shown by the assertion: a thread's error is nobody's otherwise
            failed.append(problem)
        finally:
            connections.close_all()

    threads = [Thread(target=ask, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert failed == []
    assert sorted(one for one in got if one) == sorted(ReviewItem.objects.values_list("pk", flat=True))
    assert got.count(None) == 1


def test_the_next_item_is_found_by_its_index():
    queued()
    person = factories.make_user("expert")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
    assert "review_items_that_wait" in reviewing.open_to(person)[:8].explain()


def test_who_is_to_give_the_second_opinion_sees_the_first_nowhere(client):
    item = queued(left=2)
    Evaluation.objects.update(judge="m 1")
    first, second = factories.make_user("expert", name="fia"), factories.make_user("reviewer", name="sam")
    reviewing.answer(reviewing.claim(first), answers={"evidence-c1": "yes"}, reason="it scans the whole table")
    client.force_login(second)
    session = item.score.evaluation.session
    pages = [session.get_absolute_url() + "?tab=scores"]
    pages += [f"{reverse('cases:agreement')}?cell={cell}" for cell in ("tp", "fp", "fn", "tn")]
    shown = [client.get(page).content.decode() for page in pages]
    assert not any(
        "it scans the whole table" in page or f"{session.get_absolute_url()}?tab" in page for page in shown[1:]
    )
    assert "it scans the whole table" not in shown[0]
    assert "1 other scored it. What they said shows once your own answer is given" in shown[0]
    client.force_login(first)  # to whom it is no secret
    assert "it scans the whole table" in client.get(pages[0]).content.decode()
    opened = [client.get(page).context["opened"] for page in pages[1:]]
    assert [len(pairs) for pairs in opened] == [0, 0, 1, 0]
    client.force_login(second)
    assert [len(client.get(page).context["opened"]) for page in pages[1:]] == [0, 0, 0, 0]
    reviewing.answer(reviewing.claim(second), answers={"evidence-c1": "no"})
    assert "it scans the whole table" in client.get(pages[0]).content.decode()
