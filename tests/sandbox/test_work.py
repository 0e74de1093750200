import pytest

from cloudmate import work as queue
from cloudmate.states import TransitionError
from cloudmate.work import Work
from sandbox import runs, work
from sandbox.knowledge.rule import EMPTY
from sandbox.models import Run
from tests import factories

pytestmark = pytest.mark.django_db


def asked() -> Run:
    return runs.ask(factories.make_confirmed_case().current, knowledge=EMPTY)


def test_work_that_raises_is_failed_in_words_and_the_next_is_taken():
    first, second = asked(), asked()

    def execute(run):
        with queue.held(run):
            if run.pk == first.pk:
                raise ValueError("the disk is full\x00\ud800")
            queue.finish(run)

    assert work.work_off(Run, execute, 5) == 2
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, first.error, second.state) == (
        Work.State.FAILED,
        "ValueError: the disk is full\ufffd?",
        Work.State.DONE,
    )


def test_late_worker_that_raises_fails_nobody_elses_work():
    run = asked()

    def execute(row):
        with queue.held(row):
            Run.objects.filter(pk=row.pk).update(attempt=2)  # given to another worker, who is at it
            raise ValueError("too late")

    assert work.work_off(Run, execute, 5) == 1
    run.refresh_from_db()
    assert (run.state, run.attempt, run.error) == (Work.State.RUNNING, 2, "")


def test_work_whose_result_another_state_forbids_is_failed_at_once():
    run = asked()

    def execute(row):
        with queue.held(row):
            raise TransitionError("patch 1 left refused before it could become draft")

    work.work_off(Run, execute, 5)
    run.refresh_from_db()
    assert (run.state, run.error) == (Work.State.FAILED, "patch 1 left refused before it could become draft")


def test_work_that_another_worker_claimed_first_is_left_to_it():
    run = asked()

    def execute(row):
        Run.objects.filter(pk=row.pk).update(state=Work.State.RUNNING)
        with queue.held(row):
            raise AssertionError("claimed twice")

    assert work.work_off(Run, execute, 5) == 0
    run.refresh_from_db()
    assert (run.state, run.error) == (Work.State.RUNNING, "")
