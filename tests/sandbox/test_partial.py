from dataclasses import replace

import pytest

from cases.diagnosis import Conclusion
from sandbox.partial import blind_score, half, partial_score
from tests import factories


@pytest.mark.parametrize(
    ("verdict", "grounded", "coherence", "score"),
    [
        ("success", 1.0, 1.0, 1.0),
        ("inconclusive", 0.5, 1.0, 0.55),
        ("wrong", 1.0, 1.0, 0.5),
        ("symptom_only", None, None, 0.1),
        ("tainted", 0.0, 0.0, 0.0),
        ("failed", None, None, 0.0),
    ],
)
def test_partial_score_adds_what_was_shown(verdict, grounded, coherence, score):
    assert partial_score(verdict, grounded, coherence) == score


def test_without_the_answer_only_reasoning_counts_and_only_of_a_root_cause():
    named = factories.make_diagnosis()
    assert blind_score(named, 1.0, 0.5) == 0.8
    assert blind_score(named, None, None) == 0.0
    assert blind_score(None, 1.0, 1.0) == 0.0
    assert blind_score(replace(named, conclusion=Conclusion.INCONCLUSIVE), 1.0, 1.0) == 0.0


def test_half_is_the_better_one_rounded_up():
    assert half({1: 0.2, 2: 0.9, 3: 0.2}) == {2, 1}
    assert half({}) == set()
    assert half({4: 0.0}) == {4}
