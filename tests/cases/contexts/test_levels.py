import pytest

from cases.contexts.levels import MEANS, levels_of
from cases.contexts.steps import tree
from cases.transcript import Level
from tests import factories

pytestmark = pytest.mark.django_db


def test_every_level_that_occurs_has_its_count_and_its_share():
    session = factories.make_session()
    for level in (Level.MISS, Level.R0, Level.R0, Level.REFUSED, Level.R3):
        factories.add_step(session, level=level)
    found = levels_of(tree(session))
    assert [(one.level, one.count, one.n, one.share) for one in found.answered] == [
        (Level.R0, 2, 5, 40.0),
        (Level.R3, 1, 5, 20.0),
        (Level.MISS, 1, 5, 20.0),
        (Level.REFUSED, 1, 5, 20.0),
    ]
    assert [(one.number, one.level) for one in found.without] == [(1, "miss"), (4, "refused")]


def test_no_call_has_no_share():
    assert levels_of([]).answered == ()


def test_every_level_is_explained():
    assert set(MEANS) == set(Level)
