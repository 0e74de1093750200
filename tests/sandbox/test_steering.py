import pytest

from cases import work as evaluation_work
from cases.models import Case
from sandbox import exploration, runs, steering
from sandbox import work as sandbox_work
from sandbox.console import CommandError
from sandbox.importers.store import bring_in
from sandbox.knowledge.rule import EMPTY
from sandbox.models import Exploration
from tests import factories
from tests.lab import lab_case

pytestmark = pytest.mark.django_db


@pytest.fixture
def expert():
    return factories.make_user("expert")


@pytest.fixture
def row():
    """An exploration whose first wave is queued."""
    bring_in(lab_case("quayside", "long_transaction_lock", 1), confirm_as=factories.make_user("lead"))
    session = runs.execute(runs.ask(Case.objects.get().current, knowledge=EMPTY))
    evaluation_work.turn()
    return exploration.open_for(session, knowledge=EMPTY, budget_runs=6)


def turn(row: Exploration) -> None:
    evaluation_work.turn()
    sandbox_work.turn()
    row.refresh_from_db()


def test_boosted_branch_is_in_the_next_wave(row):
    last = row.branches.order_by("-index").first()
    assert steering.boost(last) is True
    row.branches.exclude(run=None).update(verdict="wrong")
    assert exploration.advance(row)
    assert row.branches.get(pk=last.pk).run is not None


def test_started_branch_cannot_be_put_first(row):
    assert steering.boost(row.branches.exclude(run=None).first()) is False


def test_injected_branch_keeps_the_first_steps_and_makes_the_call(row, expert):
    branch = steering.inject(row, line="get_lock_waits", hint="a lock, surely", steps=2, by=expert)
    kept = list(row.session.steps.order_by("index").values_list("tool", "arguments")[:2])
    assert [tuple(one) for one in branch.profile["prefix"]] == [*map(tuple, kept), ("get_lock_waits", {})]
    assert (branch.profile["hint"], branch.added_by, branch.index) == ("a lock, surely", expert, 6)
    row.branches.exclude(run=None).update(verdict="wrong")
    exploration.advance(row)
    turn(row)
    branch.refresh_from_db()
    assert branch.run.session.steps.get(index=2).tool == "get_lock_waits"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "Give a call to make"),
        ({"line": "no_such_tool"}, "no tool"),
        ({"line": "get_metrics"}, "service"),
        ({"line": 'get_metrics {"service": "a\\u0000b"}'}, "The call holds a NUL character"),
        ({"line": 'get_metrics {"service": "a", "minutes": NaN}'}, "The call holds a number that is not finite"),
        ({"hint": "x" * 2001}, "more than 2000 characters"),
        ({"hint": "look", "steps": 99}, "keep between 0 and"),
    ],
)
def test_branch_that_could_never_run_is_refused_in_words(row, expert, given, words):
    with pytest.raises(steering.SteeringError, match=words):
        steering.inject(row, **given, by=expert)
    assert row.branches.count() == 6


def test_line_that_cannot_be_read_is_refused(row, expert):
    with pytest.raises(CommandError, match="no argument"):
        steering.inject(row, line="get_metrics orders", by=expert)


def test_session_of_another_case_is_no_base(row, expert):
    with pytest.raises(steering.SteeringError, match="another case"):
        steering.inject(row, hint="look", after=factories.make_finished_session(), by=expert)


def test_more_branches_are_new_ones_and_open_it_again(row):
    known = list(row.branches.values_list("operators", flat=True))
    row.branches.update(verdict="wrong")
    exploration.advance(row)
    assert row.state == Exploration.State.CLOSED
    assert steering.more(row, runs=3) == 3
    row.refresh_from_db()
    assert (row.state, row.budget_runs, row.budget_steps) == ("open", 9, 9 * exploration.STEPS_PER_RUN)
    fresh = [branch.operators for branch in row.branches.filter(index__gte=6)]
    assert len(fresh) == 3
    assert not [operators for operators in fresh if operators in known]


def test_two_people_who_give_more_at_once_give_both(row):
    other = Exploration.objects.get(pk=row.pk)
    assert (steering.more(row, runs=1), steering.more(other, runs=2)) == (1, 2)
    row.refresh_from_db()
    assert (row.budget_runs, row.branches.count()) == (9, 9)


def test_success_needs_no_more_and_no_number_of_branches_is_odd(row):
    with pytest.raises(steering.SteeringError, match="between 1 and 20"):
        steering.more(row, runs=0)
    Exploration.objects.filter(pk=row.pk).update(outcome="success", state="closed")
    with pytest.raises(steering.SteeringError, match="nothing more to look for"):
        steering.more(row, runs=2)


def test_stopped_exploration_goes_on_with_what_had_not_ended(row):
    steering.cancel_exploration(row)
    sandbox_work.turn()
    steering.resume(row)
    assert row.state == "open"
    assert not row.branches.exclude(run=None).exists()
    for _turn in range(60):
        turn(row)
        if row.state != Exploration.State.OPEN:
            break
    assert row.outcome in ("success", "handed_over")
