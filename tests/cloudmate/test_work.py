"""The queue is the database: nothing is lost, nothing is done twice, late writers lose."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from cloudmate import work
from cloudmate.states import TransitionError
from cloudmate.work import LEASE, Heartbeat, LeaseLost
from tests.cloudmate.errands import Errand

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LATER = timedelta(seconds=1)


pytestmark = pytest.mark.usefixtures("errand_table")


@pytest.fixture
def errands(db):
    return [Errand.objects.create() for _ in range(3)]


def states():
    return list(Errand.objects.order_by("pk").values_list("state", "attempt", "losses", "leased_until", "error"))


def test_due_is_what_waits_and_nobody_holds(errands):
    work.claim(errands[0], now=NOW)
    assert set(Errand.objects.due(NOW)) == set(errands[1:])


def test_claim_is_won_once(errands):
    rival = Errand.objects.get(pk=errands[0].pk)
    work.claim(errands[0], now=NOW)
    with pytest.raises(TransitionError, match=f"errand {rival.pk} left queued before it could become running"):
        work.claim(rival, now=NOW)


def test_finish_writes_the_result_in_the_same_move(errands):
    work.claim(errands[0], now=NOW)
    work.finish(errands[0], result="found")
    assert Errand.objects.filter(state="done", result="found", leased_until=None).get() == errands[0]


def test_fail_keeps_the_words(errands):
    work.claim(errands[0], now=NOW)
    work.fail(errands[0], error="the model did not answer")
    assert states()[0] == ("failed", 1, 0, None, "the model did not answer")


def test_renew_extends_the_lease(errands):
    work.claim(errands[0], now=NOW)
    work.renew(errands[0], now=NOW + LATER)
    assert states()[0] == ("running", 1, 0, NOW + LATER + LEASE, "")


def test_an_abandoned_row_is_queued_under_the_next_attempt(errands):
    work.claim(errands[0], now=NOW)
    assert work.requeue_abandoned(Errand.objects.all(), now=NOW + LEASE) == 0
    assert work.requeue_abandoned(Errand.objects.all(), now=NOW + LEASE + LATER) == 1
    assert states()[0] == ("queued", 2, 1, None, "")


def test_a_silent_worker_that_wakes_up_can_no_longer_write(errands):
    work.claim(errands[0], now=NOW)
    work.requeue_abandoned(Errand.objects.all(), now=NOW + LEASE + LATER)
    second = Errand.objects.get(pk=errands[0].pk)
    work.claim(second, now=NOW)
    with pytest.raises(TransitionError):
        work.finish(errands[0], result="late")
    with pytest.raises(LeaseLost):
        work.renew(errands[0], now=NOW)
    work.finish(second, result="in time")
    assert Errand.objects.get(pk=second.pk).result == "in time"


def test_a_row_over_which_workers_keep_dying_fails_in_words(errands):
    pk = errands[0].pk
    for _ in range(work.MAX_LOSSES):
        work.claim(Errand.objects.get(pk=pk), now=NOW)
        work.requeue_abandoned(Errand.objects.all(), now=NOW + LEASE + LATER)
    assert states()[0] == ("failed", 3, 3, None, "its worker went silent 3 times")


def test_retry_gives_a_failed_row_another_round(errands):
    work.claim(errands[0], now=NOW)
    work.fail(errands[0], error="no")
    work.retry(errands[0])
    assert states()[0] == ("queued", 2, 0, None, "")


def test_a_row_renewed_in_time_is_not_requeued(errands):
    work.claim(errands[0], now=NOW)
    seen = Errand.objects.all()
    work.renew(errands[0], now=NOW + LEASE)
    assert work.requeue_abandoned(seen, now=NOW + LEASE + LATER) == 0


def test_cancel_ends_what_waits_and_leaves_what_runs(errands):
    work.claim(errands[0], now=NOW)
    assert work.cancel(Errand.objects.all(), error="the regression was cancelled") == 2
    assert [(state, error) for state, _, _, _, error in states()] == [
        ("running", ""),
        ("failed", "the regression was cancelled"),
        ("failed", "the regression was cancelled"),
    ]


def test_a_heartbeat_renews_only_when_it_is_time(errands, django_assert_num_queries):
    work.claim(errands[0], now=NOW)
    alive = Heartbeat(errands[0])
    with django_assert_num_queries(0):
        alive()
    alive(force=True)
    assert states()[0][3] > NOW + LEASE


def test_a_heartbeat_tells_that_the_row_is_lost_and_goes_on_telling(errands):
    work.claim(errands[0], now=NOW)
    alive = Heartbeat(errands[0])
    work.requeue_abandoned(Errand.objects.all(), now=NOW + LEASE + LATER)
    with pytest.raises(LeaseLost, match="lease lost"):
        alive(force=True)
    with pytest.raises(LeaseLost):
        alive()


def test_held_claims_and_leaves_the_end_to_the_caller(errands):
    with work.held(errands[0]) as alive:
        alive()
        assert errands[0].state == "running"
    work.finish(errands[0])
    with pytest.raises(TransitionError), work.held(errands[0]):
        pytest.fail("a row that is done was claimed")


@pytest.mark.django_db(transaction=True)
def test_held_renews_while_one_call_takes_longer_than_a_lease(monkeypatch):
    errand = Errand.objects.create()
    monkeypatch.setattr(work, "LEASE", timedelta(seconds=0.4))
    monkeypatch.setattr(work, "EVERY", 0.1)
    done = threading.Event()
    with work.held(errand):
        for _ in range(10):
            done.wait(0.1)
            assert work.requeue_abandoned(Errand.objects.all()) == 0
    work.finish(errand)
    assert states() == [("done", 1, 0, None, "")]


@pytest.mark.django_db(transaction=True)
def test_a_stopping_worker_gives_back_what_it_holds_at_no_loss():
    errand = Errand.objects.create()
    with work.held(errand) as alive:
        work.give_back_held()
        with pytest.raises(LeaseLost):
            alive()
        with pytest.raises(TransitionError):
            work.finish(errand, result="late")
    assert states() == [("queued", 2, 0, None, "")]


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_each_row_has_one():
    rows = [Errand.objects.create().pk for _ in range(12)]
    won, start = [], threading.Barrier(4)

    def worker():
        start.wait()
        try:
            for pk in rows:
                errand = Errand.objects.get(pk=pk)
                try:
                    work.claim(errand)
                except TransitionError:
                    continue
                won.append(pk)
                work.finish(errand)
        finally:
            connection.close()

    threads = [threading.Thread(target=worker) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == rows
    assert {state for state, *_ in states()} == {"done"}


@pytest.mark.django_db(transaction=True)
def test_of_many_sweeps_one_requeues_each_row():
    rows = [Errand.objects.create() for _ in range(8)]
    for errand in rows:
        work.claim(errand, now=NOW)
    moved, start = [], threading.Barrier(4)

    def sweep():
        start.wait()
        try:
            moved.append(work.requeue_abandoned(Errand.objects.all(), now=NOW + LEASE + LATER))
        finally:
            connection.close()

    threads = [threading.Thread(target=sweep) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(moved) == 8
    assert states() == [("queued", 2, 1, None, "")] * 8
