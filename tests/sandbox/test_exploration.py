import pytest
from django.utils import timezone

from cases import work as evaluation_work
from cases.models import Case, Evaluation
from cloudmate.work import fail
from sandbox import branches, exploration, runs, steering
from sandbox import work as sandbox_work
from sandbox.importers.store import bring_in
from sandbox.knowledge.rule import EMPTY
from sandbox.models import Exploration, Run
from tests import factories
from tests.lab import lab_case

pytestmark = pytest.mark.django_db


@pytest.fixture
def failed():
    """The untaught agent's session on a full pool that a lock has filled: it stopped at the limit."""
    bring_in(lab_case("quayside", "long_transaction_lock", 1), confirm_as=factories.make_user("lead"))
    session = runs.execute(runs.ask(Case.objects.get().current, knowledge=EMPTY))
    evaluation_work.turn()
    return session


def out_of_reach(failed) -> None:
    """No branch can find what is wrong."""
    causes = [{"component": "nothing-here", "fault_class": "disk_full"}]
    failed.version.answer = {**failed.version.answer, "causes": causes}
    failed.version.save(update_fields=["answer"])


def work_off(row: Exploration) -> Exploration:
    for _turn in range(60):
        evaluation_work.turn()
        sandbox_work.turn()
        row.refresh_from_db()
        if row.state != Exploration.State.OPEN:
            return row
    raise AssertionError("it does not end")


def test_whole_plan_stands_before_more_than_a_wave_is_spent(failed):
    row = exploration.open_for(failed, knowledge=EMPTY)
    branches = list(row.branches.all())
    assert len(branches) == row.budget_runs == 12
    assert all(branch.operators and branch.why for branch in branches)
    assert len({repr(sorted(branch.operators.items())) for branch in branches}) == 12
    assert sum(branch.run is not None for branch in branches) == exploration.WAVE
    assert row.reason
    assert row.signature


def test_worker_looks_only_at_explorations_in_which_something_can_move(failed):
    row = exploration.open_for(failed, knowledge=EMPTY)
    assert not exploration.movable().exists()
    sandbox_work.work_off(Run, runs.execute, 1)
    assert not exploration.movable().exists()  # it ran, and nobody has scored it
    evaluation_work.turn()
    sandbox_work.test_guesses()  # what seems right waits for it
    assert exploration.movable().get() == row
    exploration.advance(row)
    assert not exploration.movable().exists()  # taken in; the others of the wave still run
    for other in Run.objects.due(timezone.now()):
        fail(other, error="its worker went away")
    assert exploration.movable().get() == row
    assert exploration.advance(row)


def test_success_counts_once_it_repeats_on_fresh_seeds(failed):
    row = work_off(exploration.open_for(failed, knowledge=EMPTY))
    assert (row.state, row.outcome) == ("closed", "success")
    winner = row.branches.get(run__session=row.best)
    assert (winner.verdict, winner.confirms) == (Evaluation.Verdict.SUCCESS, None)
    repeats = list(row.branches.filter(confirms=winner))
    assert len(repeats) == exploration.CONFIRMATIONS
    assert len({winner.seed, *(branch.seed for branch in repeats)}) == 4
    assert sum(branch.verdict == "success" for branch in repeats) >= branches.NEEDED
    assert row.best.evaluations.first().scores.get(dimension="guess").value == 1.0
    assert winner.blind > 0.5
    assert "symptom_only" in set(row.branches.values_list("verdict", flat=True))


def test_when_no_branch_finds_it_an_expert_gets_what_was_seen(failed):
    answer = failed.version.answer
    failed.version.answer = {**answer, "causes": [{"component": "nothing-here", "fault_class": "disk_full"}]}
    failed.version.save(update_fields=["answer"])
    row = work_off(exploration.open_for(failed, knowledge=EMPTY, budget_runs=4))
    assert (row.state, row.outcome) == ("closed", "handed_over")
    assert row.evidence_map
    assert any("saturation" in aspects for aspects in row.evidence_map.values())


def test_session_is_explored_once(failed):
    exploration.open_for(failed, knowledge=EMPTY)
    with pytest.raises(exploration.ExplorationError, match="explored already"):
        exploration.open_for(failed, knowledge=EMPTY)


def test_session_under_way_and_case_without_snapshot_are_refused_in_words():
    with pytest.raises(exploration.ExplorationError, match="still being recorded"):
        exploration.open_for(factories.make_session(), knowledge=EMPTY)
    with pytest.raises(exploration.ExplorationError, match="no snapshot"):
        exploration.open_for(factories.make_finished_session(), knowledge=EMPTY)


def test_stopping_cancels_what_waits_and_keeps_what_ended(failed):
    row = exploration.open_for(failed, knowledge=EMPTY)
    first = row.branches.exclude(run=None).first()
    runs.execute(first.run)
    steering.cancel_exploration(row)
    assert row.state == "cancelled"
    states = set(Run.objects.filter(branch__exploration=row).values_list("state", "error"))
    assert states == {("done", ""), ("failed", "cancelled")}
    first.run.refresh_from_db()
    assert first.run.session.state == "finished"


def test_branch_is_left_out_only_before_it_starts(failed):
    row = exploration.open_for(failed, knowledge=EMPTY)
    started, planned = row.branches.exclude(run=None).first(), row.branches.filter(run=None).first()
    assert steering.prune(started) is False
    assert steering.prune(planned) is True
    work_off(row)
    planned.refresh_from_db()
    assert (planned.verdict, planned.run) == ("pruned", None)


def test_branch_that_runs_out_of_calls_is_gone_on_with_only_in_the_better_half(failed, monkeypatch):
    monkeypatch.setattr(exploration, "RUNGS", (2, 3, 20))
    out_of_reach(failed)
    row = work_off(exploration.open_for(failed, knowledge=EMPTY))
    ended = list(row.branches.filter(run__session__stop_reason="max_steps", confirms=None))
    considered = [branch for branch in ended if branch.kept is not None]
    kept = {branch.pk for branch in considered if branch.kept}
    assert 0 < len(kept) < len(considered)
    goes_on = row.branches.exclude(continues=None).first()
    calls = [tuple(step) for step in goes_on.continues.run.session.steps.values_list("tool", "arguments")]
    assert [tuple(step) for step in goes_on.run.session.steps.values_list("tool", "arguments")][: len(calls)] == calls
    assert goes_on.continues.pk in kept
    assert goes_on.run.budget["steps"] == len(calls) + 3


def test_budget_of_calls_ends_an_exploration(failed):
    out_of_reach(failed)
    row = exploration.open_for(failed, knowledge=EMPTY)
    row.budget_steps = 10
    row.save(update_fields=["budget_steps"])
    work_off(row)
    assert row.outcome == "handed_over"
    assert branches.spent(row) >= 10
    assert row.branches.filter(run=None, verdict="").exists()


def test_every_ended_branch_says_how_far_it_got_and_where_it_looked(failed):
    row = work_off(exploration.open_for(failed, knowledge=EMPTY))
    ended = [branch for branch in row.branches.all() if branch.run_id]
    assert all(0 <= branch.partial <= 1 and branch.covered for branch in ended)
    best = max(ended, key=lambda branch: branch.partial)
    assert best.verdict == "success"
