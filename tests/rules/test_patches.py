import pytest
from django.core.exceptions import PermissionDenied

from cloudmate.states import TransitionError, transition
from rules import merge, patches, review, versions, work
from rules.models import Patch
from sandbox.models import Regression
from tests import factories
from tests.rules import builders, scene

pytestmark = pytest.mark.django_db


def test_draft_that_changes_nothing_is_refused():
    with pytest.raises(patches.PatchError, match="changes nothing"):
        patches.draft(title="nothing")


def test_draft_removing_an_unknown_rule_names_it():
    with pytest.raises(patches.PatchError, match="no-such-rule"):
        patches.draft(title="remove", remove=("no-such-rule",))


def test_unreadable_text_names_the_place():
    with pytest.raises(patches.PatchError, match="line 1"):
        patches.rules_from_text("RULE x WHEM evidence(log)")


def test_rule_that_names_a_component_is_refused_before_any_case_runs():
    text = """RULE named
WHEN evidence(log, "aardvark-checkout")
THEN IMPLY missing_index
BECAUSE "it was so last time"
"""
    factories.make_case(answer={"causes": [{"component": "aardvark-checkout", "fault_class": "missing_index"}]})
    patch = patches.draft(title="named", add=patches.rules_from_text(text))
    patches.propose(patch)
    assert patches.start_regression(patch) is None
    assert patch.state == Patch.State.REFUSED
    assert "aardvark-checkout" in patch.verdict["reason"]
    assert versions.head().number == 0


def test_draft_edited_in_two_browsers_keeps_the_first_edit_and_no_second():
    patch = builders.draft()
    same = Patch.objects.get(pk=patch.pk)
    eve, ron = builders.user("eve", "expert"), builders.user("ron", "reviewer")
    patches.revise(patch, add=(builders.rule("hers"),), remove=(), by=eve)
    with pytest.raises(TransitionError):
        patches.revise(same, add=(builders.rule("his"),), remove=(), by=ron)
    assert [(row.number, row.by) for row in patch.revisions.all()] == [(1, None), (2, eve)]


def test_draft_proposed_meanwhile_is_not_edited():
    patch = builders.draft()
    same = Patch.objects.get(pk=patch.pk)
    patches.propose(patch)
    with pytest.raises(TransitionError):
        patches.revise(same, add=(builders.rule("late"),), remove=(), by=builders.user("eve", "expert"))
    assert [row.number for row in patch.revisions.all()] == [1]


def test_patch_that_fits_the_head_no_more_is_refused_and_can_still_be_read():
    lead = builders.user("leo", "lead")
    first = builders.in_review()
    review.decide(first, by=lead, decision="approve")
    merge.merge(first, by=lead)
    twice = [patches.draft(title="out", remove=("look-behind-the-pool",)) for _ in range(2)]
    builders.tested(twice[0])
    review.decide(twice[0], by=lead, decision="approve")
    merge.merge(twice[0], by=lead)
    patches.propose(twice[1])
    assert patches.start_regression(twice[1]) is None
    assert (twice[1].state, twice[1].base.number) == (Patch.State.REFUSED, 1)
    assert twice[1].verdict["reason"].startswith("It does not fit v2: ")
    assert patches.candidate_of(twice[1]).rules == ()


def test_without_any_confirmed_case_a_patch_is_refused_in_words_and_holds_nobody_up():
    waiting, other = builders.draft(), builders.draft(name="another")
    patches.propose(waiting)
    assert work.turn() == 1
    waiting.refresh_from_db()
    assert (waiting.state, waiting.verdict["reason"]) == (
        Patch.State.REFUSED,
        "There is no confirmed case to test on: confirm cases in the library first",
    )
    patches.propose(other)
    assert work.turn() == 1


def test_stopping_is_whole_or_not_at_all():
    factories.make_confirmed_case()
    patch = builders.draft()
    patches.propose(patch)
    patches.start_regression(patch)
    late = Patch.objects.get(pk=patch.pk)
    Patch.objects.filter(pk=patch.pk).update(revision_number=2)  # the worker was faster
    with pytest.raises(TransitionError):
        patches.stop_testing(late, by=builders.user("eve", "expert"))
    patch.regression.refresh_from_db()
    assert patch.regression.state == Regression.State.OPEN


def test_verdict_of_an_earlier_regression_is_not_written_beside_a_later_one():
    factories.make_confirmed_case()
    patch = builders.draft()
    patches.propose(patch)
    patches.start_regression(patch)
    late = Patch.objects.get(pk=patch.pk)
    patches.stop_testing(patch, by=builders.user("eve", "expert"))
    transition(patch, Patch.State.PROPOSED, regression=None, verdict=None)
    patches.start_regression(patch)
    with pytest.raises(TransitionError):
        patches.judge(late)
    patch.refresh_from_db()
    assert (patch.state, patch.verdict) == (Patch.State.TESTING, None)


def test_lead_does_not_take_on_what_they_made():
    lead = builders.user("leo", "lead")
    patch = builders.tested(builders.draft(by=lead), decision="inconclusive", state=Patch.State.INCONCLUSIVE)
    with pytest.raises(patches.PatchError, match="You made it: another lead"):
        patches.take_on(patch, by=lead, reason="I know better")


def test_lead_takes_on_only_what_the_gate_could_not_settle():
    factories.make_confirmed_case()
    patch = builders.draft()
    patches.propose(patch)
    patches.start_regression(patch)
    with pytest.raises(patches.PatchError, match="that is testing"):
        patches.take_on(patch, by=builders.user("leo", "lead"), reason="no time to wait")
    assert patch.state == Patch.State.TESTING


@pytest.mark.parametrize("state", [Patch.State.TESTING, Patch.State.IN_REVIEW, Patch.State.INCONCLUSIVE])
def test_only_a_draft_is_proposed(state):
    patch = builders.draft()
    Patch.objects.filter(pk=patch.pk).update(state=state)
    patch.refresh_from_db()
    with pytest.raises(TransitionError, match="only a draft is proposed"):
        patches.propose(patch, by=builders.user("eve", "expert"))


def test_expert_closes_a_draft_but_nothing_that_waits_for_a_decision():
    eve, patch = builders.user("eve", "expert"), builders.in_review()
    with pytest.raises(patches.PatchError, match="reviewer decides"):
        patches.discard(patch, by=eve)
    unsettled = builders.tested(builders.draft(name="b"), decision="inconclusive", state=Patch.State.INCONCLUSIVE)
    with pytest.raises(PermissionDenied):
        patches.discard(unsettled, by=eve)
    patches.discard(unsettled, by=builders.user("ria", "reviewer"))
    assert (patch.state, unsettled.state) == (Patch.State.IN_REVIEW, Patch.State.REJECTED)


def test_what_the_gate_said_of_each_revision_is_kept(client):
    patch = scene.patch("refused", "regressed", by=builders.user("eve", "expert"))
    reason, tested = patch.verdict["reason"], patch.regression_id
    patches.revise(patch, add=(builders.rule("narrower"),), remove=(), by=patch.author)
    assert patch.verdict is None
    (said,) = patch.verdicts.all()
    assert (said.revision_number, said.decision, said.reason, said.regression_id) == (1, "refuse", reason, tested)
    client.force_login(patch.author)
    page = client.get(f"{patch.get_absolute_url()}?tab=history").content.decode()
    assert f"/regressions/{tested}/" in page
    assert "What the gate said" in page


def test_refusal_before_any_case_ran_is_kept_with_its_base():
    pool = 'WHEN evidence(saturation, "pool")'
    text = f'RULE one\n{pool}\nTHEN IMPLY leak\nBECAUSE "x"\n\nRULE other\n{pool}\nTHEN IMPLY lock\nBECAUSE "x"\n'
    patch = patches.draft(title="both", add=patches.rules_from_text(text), engine="offline")
    patches.propose(patch)
    assert patches.start_regression(patch) is None
    (said,) = patch.verdicts.all()
    assert (said.decision, said.regression, said.base.number) == ("refuse", None, 0)
    assert said.reason.startswith("Refused before running: conflicts")


def _reasoned(why: str, name: str = "shared"):
    return patches.rules_from_text(
        f'RULE {name}\nWHEN evidence(saturation, "pool")\nTHEN IMPLY connection_leak\nBECAUSE "{why}"\n'
    )


def test_a_rule_that_came_in_meanwhile_keeps_the_reason_it_came_in_for():
    first = patches.draft(title="first", add=_reasoned("first"), engine="offline")
    second = patches.draft(title="second", add=_reasoned("second") + _reasoned("own", "own"), engine="offline")
    third = patches.draft(title="third", add=_reasoned("third"), engine="offline")
    lead = builders.user("lena", "lead")
    review.decide(builders.tested(first), by=lead, decision="approve")
    merge.merge(first, by=lead)
    reasons = {rule.name: rule.because for rule in patches.candidate_of(second, on=versions.head()).rules}
    assert reasons == {"shared": "first", "own": "own"}
    patches.propose(third)
    assert patches.start_regression(third) is None
    assert (third.state, third.verdict["reason"]) == (Patch.State.REFUSED, "Knowledge v1 already says so")


def test_a_person_may_change_a_rule_s_reason():
    lead, expert = builders.user("lena", "lead"), builders.user("elif", "expert")
    first = builders.tested(patches.draft(title="first", add=_reasoned("first"), engine="offline"))
    review.decide(first, by=lead, decision="approve")
    merge.merge(first, by=lead)
    patch = patches.draft(title="better words", add=_reasoned("better"), by=expert)
    assert [rule.because for rule in patches.candidate_of(patch).rules] == ["better"]
