import pytest
from django.core.cache import caches

from cases.models import Session
from rules.insight.exploring import NEWEST, BestOf, OperatorYield, exploring
from sandbox.knowledge.rule import EMPTY
from sandbox.models import Branch, Exploration, Run
from sandbox.values import stored
from tests import factories

pytestmark = pytest.mark.django_db


def explored(*branches, state="closed"):
    """An exploration with these branches: (operators, verdict, how well it stands blind), in the order they were spent."""
    session = factories.make_finished_session(factories.make_confirmed_case())
    row = Exploration.objects.create(session=session, state=state, knowledge=stored(EMPTY))
    return row, [branch(row, number, *one) for number, one in enumerate(branches)]


def branch(row, index, operators, verdict, blind, **more):
    run = Run.objects.create(
        case_version=row.session.version,
        snapshot=factories.make_snapshot(row.session.case),
        knowledge=row.knowledge,
        origin=Session.Origin.EXPLORATION,
    )
    return Branch.objects.create(
        exploration=row, index=index, operators=operators, verdict=verdict, blind=blind, run=run, **more
    )


def test_nothing_explored_says_nothing():
    explored(({"mask": "logs"}, "success", 0.9), state="open")
    explored(({"mask": "logs"}, "failed", None))
    assert exploring() == ([], [])


def test_what_is_found_of_more_branches_beside_what_is_picked_without_the_answer():
    row, (_, winner) = explored(({"hypothesis": "leak"}, "wrong", 0.9), ({"mask": "logs"}, "success", 0.5))
    explored(({"hypothesis": "lock"}, "success", 0.8), ({"mask": "logs"}, "wrong", 0.2))
    for number, verdict in enumerate(("success", "success", "wrong")):
        branch(row, 2 + number, {"mask": "logs", "fresh_seed": number}, verdict, 0.5, confirms=winner)
    assert exploring()[0] == [BestOf(1, 2, 1, 1, 0), BestOf(2, 2, 2, 1, 0)]
    Branch.objects.filter(pk=winner.pk).update(blind=0.95)
    assert exploring()[0][1] == BestOf(2, 2, 2, 2, 1)


def test_a_branch_that_was_gone_on_with_counts_once_by_its_end():
    row, (begun,) = explored(({"hypothesis": "leak"}, "inconclusive", 0.0))
    branch(row, 1, {"hypothesis": "leak", "goes_on": 1}, "success", 0.7, continues=begun)
    best_of, by_operator = exploring()
    assert best_of == [BestOf(1, 1, 1, 1, 0)]
    assert by_operator == [OperatorYield("hypothesis", 1, 1)]


def test_operators_stand_by_their_share_of_successes():
    explored(
        ({"hypothesis": "a"}, "wrong", 0.1), ({"fork_step": 3}, "success", 0.1), ({"hypothesis": "b"}, "success", 0)
    )
    assert exploring()[1] == [OperatorYield("fork step", 1, 1), OperatorYield("hypothesis", 2, 1)]


def test_as_many_queries_for_one_exploration_as_for_many(django_assert_num_queries):
    for _ in range(3):
        explored(({"mask": "logs"}, "success", 0.9), ({"mask": "events"}, "wrong", 0.1))
    with django_assert_num_queries(1):
        assert exploring()[0][0].n == 3 < NEWEST


def test_page_shows_the_curve_with_its_table(client):
    client.force_login(factories.make_user("lead"))
    assert "No exploration has ended yet" in client.get("/knowledge/insight/").content.decode()
    explored(({"mask": "logs"}, "wrong", 0.9), ({"hypothesis": "leak"}, "success", 0.1))
    caches["sums"].clear()  # what insight counts once a minute
    page = client.get("/knowledge/insight/").content.decode()
    assert "Share of explorations that succeed, by the number of branches" in page
    assert page.count("selected@N") == 1
    assert '<td class="data__name">Hypothesis</td>' in page
