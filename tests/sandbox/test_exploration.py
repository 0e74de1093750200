import pytest

from cases import work as evaluation_work
from cases.models import Case, Evaluation
from sandbox import exploration, runs
from sandbox import work as sandbox_work
from sandbox.importers.store import bring_in
from sandbox.knowledge.rule import EMPTY
from sandbox.lab import make
from sandbox.models import Exploration, Run
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def failed():
    """The untaught agent's session on a full pool that a lock has filled: it stopped at the limit."""
    bring_in(make("quayside", "long_transaction_lock", 1), confirm_as=factories.make_user("lead"))
    session = runs.execute(runs.ask(Case.objects.get().current, knowledge=EMPTY))
    evaluation_work.turn()
    return session


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


def test_success_counts_once_it_repeats_on_fresh_seeds(failed):
    row = work_off(exploration.open_for(failed, knowledge=EMPTY))
    assert (row.state, row.outcome) == ("closed", "success")
    winner = row.branches.get(run__session=row.best)
    assert (winner.verdict, winner.confirms) == (Evaluation.Verdict.SUCCESS, None)
    repeats = list(row.branches.filter(confirms=winner))
    assert len(repeats) == exploration.CONFIRMATIONS
    assert len({winner.seed, *(branch.seed for branch in repeats)}) == 4
    assert sum(branch.verdict == "success" for branch in repeats) >= exploration.NEEDED
    assert row.best.evaluations.first().scores.get(dimension="guess").value == 1.0
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
    exploration.cancel_exploration(row)
    assert row.state == "cancelled"
    states = set(Run.objects.filter(branch__exploration=row).values_list("state", "error"))
    assert states == {("done", ""), ("failed", "cancelled")}
    first.run.refresh_from_db()
    assert first.run.session.state == "finished"


def test_branch_is_left_out_only_before_it_starts(failed):
    row = exploration.open_for(failed, knowledge=EMPTY)
    started, planned = row.branches.exclude(run=None).first(), row.branches.filter(run=None).first()
    assert exploration.prune(started) is False
    assert exploration.prune(planned) is True
    work_off(row)
    planned.refresh_from_db()
    assert (planned.verdict, planned.run) == ("pruned", None)
