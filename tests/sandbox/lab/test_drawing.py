from random import Random

import pytest

from sandbox.lab import drawing, live
from sandbox.lab.case import Plot
from sandbox.lab.drawing import NothingDrawn
from sandbox.lab.faults.registry import FAULTS


@pytest.mark.parametrize("level", drawing.LEVELS)
def test_what_is_drawn_is_as_hard_as_asked(level):
    plot = drawing.draw("quayside", level=level, random=Random(7))
    assert drawing.level_of(live.at(plot, 30)) == level
    assert plot.seed in drawing.SEEDS


def test_what_is_drawn_is_of_the_kind_asked():
    drawn = {drawing.draw("quayside", category="database", random=Random(n)).fault for n in range(12)}
    assert drawn == {fault for fault in drawn if FAULTS[fault].category == "database"}
    assert len(drawn) > 1


def test_the_same_randomness_draws_the_same():
    assert drawing.draw("quayside", random=Random(3)) == drawing.draw("quayside", random=Random(3))


def test_that_nothing_is_broken_comes_as_a_surprise_only():
    assert "none" not in drawing.categories()
    assert drawing.level_of(live.at(Plot("quayside", "no_fault", 101), 30)) == "hard"


@pytest.mark.parametrize(
    ("fault", "level"),
    [("connection_leak", "easy"), ("poison_message", "medium"), ("missing_index", "hard"), ("noisy_neighbour", "hard")],
)
def test_hard_is_what_is_far_from_the_alert(fault, level):
    assert drawing.level_of(live.at(Plot("quayside", fault, 101), 30)) == level


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"system": "nowhere"}, "There is no system 'nowhere': choose quayside"),
        ({"system": "quayside", "category": "magic"}, "There is no kind of fault 'magic': choose"),
        ({"system": "quayside", "category": "database", "level": "easy"}, "No incident of that kind is that hard"),
    ],
)
def test_what_cannot_be_drawn_is_said(asked, said):
    with pytest.raises(NothingDrawn, match=said):
        drawing.draw(**asked, random=Random(1))
