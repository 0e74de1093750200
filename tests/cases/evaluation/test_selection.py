from cases.evaluation.base import Score
from cases.evaluation.selection import SLICE, choose


def why(*scores, correct=None, key="k2"):
    return [(one.score.source, one.why) for one in choose(scores, correct=correct, key=key)]


def test_where_judge_and_checks_disagree_the_judges_score_is_asked_about():
    scores = (Score("coherence", "deterministic", 0.9), Score("coherence", "judge", 0.1))
    assert why(*scores) == [("judge", "disagreement")]


def test_grounded_but_wrong_is_a_disagreement_of_the_two_tracks():
    score = Score("evidence", "deterministic", 1.0)
    assert (why(score, correct=False), why(score, correct=True)) == ([("deterministic", "disagreement")], [])


def test_a_value_near_the_middle_is_unsure():
    assert why(Score("intent", "deterministic", 0.6)) == [("deterministic", "low_confidence")]


def test_unscored_is_not_asked_about():
    assert why(Score("evidence", "judge", None)) == []


def test_one_in_twenty_is_asked_about_whatever_it_says():
    sure = Score("evidence", "deterministic", 1.0)
    drawn = {key: why(sure, key=f"s{key}") for key in range(2000)}
    unsure = {key: why(Score("evidence", "deterministic", 0.5), key=f"s{key}") for key in range(2000)}
    picked = {key for key, found in drawn.items() if found}
    assert abs(len(picked) - 2000 / SLICE) < 30
    assert picked == {key for key, found in unsure.items() if found == [("deterministic", "random")]}
