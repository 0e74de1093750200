import pytest

from cases.models import Session
from cloudmate.states import transition
from cloudmate.work import Work
from sandbox import runs
from sandbox.agents.base import Budget, RunParameters
from sandbox.importers.store import bring_in
from sandbox.knowledge.rule import EMPTY
from tests import factories
from tests.lab import lab_case

pytestmark = pytest.mark.django_db


@pytest.fixture
def version():
    bring_in(lab_case("quayside", "connection_pool_too_small", 1), confirm_as=factories.make_user("lead"))
    from cases.models import Case

    return Case.objects.get().current


def test_run_without_a_snapshot_is_refused_in_words():
    case = factories.make_case()
    with pytest.raises(runs.RunError, match="has no snapshot: record a session or import recordings first"):
        runs.ask(case.current, knowledge=EMPTY)


def test_run_leaves_a_finished_session_that_names_its_inputs(version):
    run = runs.ask(version, knowledge=EMPTY)
    session = runs.execute(run)
    run.refresh_from_db()
    assert (run.state, run.session) == (Work.State.DONE, session)
    assert (session.state, session.origin, session.engine) == ("finished", "recorded", "offline")
    assert session.knowledge_digest == EMPTY.digest
    assert session.snapshot_digest == run.snapshot.digest
    assert session.steps.count() >= 1
    assert list(session.steps.values_list("index", flat=True)) == list(range(session.steps.count()))


def test_what_a_lost_attempt_stored_is_removed(version):
    run = runs.ask(version, knowledge=EMPTY)
    partial = factories.make_session(version.case, engine="offline")
    factories.add_step(partial)
    run.session = partial
    run.save(update_fields=["session"])
    session = runs.execute(run)
    assert session.pk != partial.pk
    assert not Session.objects.filter(pk=partial.pk).exists()


def test_run_taken_by_another_worker_is_left_to_it(version):
    run = runs.ask(version, knowledge=EMPTY)
    transition(runs.Run.objects.get(pk=run.pk), Work.State.RUNNING)
    with pytest.raises(Exception, match="queued"):
        runs.execute(run)
    assert not Session.objects.filter(actor="agent").exists()


def test_same_inputs_are_settled_once(version):
    snapshot = runs.snapshot_of(version)
    first = runs.settle(version, snapshot, knowledge=EMPTY)
    again = runs.settle(version, snapshot, knowledge=EMPTY)
    other = runs.settle(version, snapshot, knowledge=EMPTY, parameters=RunParameters(budget=Budget(steps=1)))
    assert again == first
    assert other != first
    assert other.steps.count() == 1
    assert first.evaluations.count() == 1


def test_execute_and_settle_give_the_same_transcript(version):
    live = runs.execute(runs.ask(version, knowledge=EMPTY))
    Session.objects.filter(pk=live.pk).update(inputs_digest="")
    whole = runs.settle(version, runs.snapshot_of(version), knowledge=EMPTY)
    live.refresh_from_db()
    assert whole.pk != live.pk
    assert whole.transcript_digest == live.transcript_digest
