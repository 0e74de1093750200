import pytest

from cases.evaluation.run import evaluate_session
from cases.models import Evaluation
from rules import comments, merge, review
from rules.models import Patch
from rules.requirements import State, requirements
from tests.rules import builders, scene

pytestmark = pytest.mark.django_db


def state_of(patch, name: str):
    return next((item.state, item.words) for item in requirements(patch) if item.name == name)


def test_draft_waits_for_everything_but_comments():
    states = {item.name: item.state for item in requirements(scene.patch("draft"))}
    assert states == {
        "Static checks": State.WAITING,
        "Regression on the current version": State.WAITING,
        "Gate": State.WAITING,
        "Coverage": State.WAITING,
        "Judge calibration": State.WAITING,
        "Approved by someone else": State.WAITING,
        "Comments resolved": State.SATISFIED,
    }


def test_accepted_patch_lacks_only_the_approval():
    patch = scene.patch("in_review", "fixed", "same_pass")
    assert [item.name for item in requirements(patch) if item.missing] == ["Approved by someone else"]


def test_refusal_is_not_satisfied():
    assert state_of(scene.patch("refused", "regressed"), "Gate")[0] is State.UNSATISFIED


def test_miss_that_could_hide_a_loss_is_not_covered_and_a_lead_overrides_it_by_name():
    from rules import patches

    patch = scene.patch("inconclusive", "inconclusive", "fixed")
    assert state_of(patch, "Coverage") == (
        State.UNSATISFIED,
        "1 of 2 settled; 1 not captured; a loss could hide in 1",
    )
    patches.take_on(patch, by=builders.user("leo", "lead"), reason="off the path")
    found = next(item for item in requirements(patch) if item.name == "Coverage")
    assert (found.state, found.overridden) == (State.OVERRIDDEN, "taken on by leo: off the path")


def test_run_that_broke_is_an_error_and_never_green():
    patch = scene.patch("inconclusive", "inconclusive", "fixed")
    patch.regression.pairs.filter(outcome="inconclusive").update(reason="error: the tool broke")
    state, words = state_of(patch, "Coverage")
    assert (state, words) == (State.ERROR, "1 of 2 settled; 1 error; a loss could hide in 1")


def test_open_comment_is_not_satisfied():
    patch = scene.patch("in_review", "fixed")
    comments.comment(patch, by=builders.user("ria", "reviewer"), text="why?")
    assert state_of(patch, "Comments resolved") == (State.UNSATISFIED, "1 open")


def test_judge_that_may_not_gate_holds_the_merge_up():
    patch = scene.patch("in_review", "fixed")
    session = patch.regression.pairs.get().candidate_session
    evaluate_session(session)
    Evaluation.objects.filter(session=session).update(judge="oracle 1", metrics={"correct_by": "judge"})
    state, words = state_of(patch, "Judge calibration")
    assert (state, words.startswith("oracle 1 may not gate: ")) == (State.UNSATISFIED, True)
    ria = builders.user("ria", "reviewer")
    review.decide(patch, by=ria, decision="approve")
    with pytest.raises(merge.MergeError, match="oracle 1 may not gate"):
        merge.merge(patch, by=ria)


def test_moved_base_names_the_rules_that_changed():
    second = builders.in_review(name="second")
    first = builders.in_review(name="first")
    ria = builders.user("ria", "reviewer")
    review.decide(first, by=ria, decision="approve")
    merge.merge(first, by=ria)
    assert second.state == Patch.State.IN_REVIEW
    assert state_of(second, "Regression on the current version") == (
        State.UNSATISFIED,
        "not tested on v1 yet: since v0 first changed. Only cases that these rules or this patch act on run again; "
        "the others keep their runs",
    )
