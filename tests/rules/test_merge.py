import pytest

from rules import comments, evolution, merge, patches, review, versions, work
from rules.models import KnowledgeVersion, Patch, RuleRecord
from tests import factories
from tests.rules import builders

pytestmark = pytest.mark.django_db


def approved(**kwargs):
    patch = builders.in_review(**kwargs)
    reviewer = builders.user("ria", "reviewer")
    review.decide(patch, by=reviewer, decision="approve")
    return patch, reviewer


def test_merge_makes_the_next_version():
    patch, reviewer = approved()
    version = merge.merge(patch, by=reviewer)
    assert (version.number, version.parent.number, version.patch, version.by) == (1, 0, patch, reviewer)
    assert [rule.name for rule in versions.knowledge(version).rules] == ["look-behind-the-pool"]
    assert versions.head() == version
    assert patch.state == Patch.State.MERGED
    record = RuleRecord.objects.get()
    assert (record.name, record.added_in, record.retired_in) == ("look-behind-the-pool", version, None)


def test_merge_without_approval_is_refused_in_words():
    patch = builders.in_review()
    with pytest.raises(merge.MergeError, match="Approved by someone else: no approval yet"):
        merge.merge(patch, by=builders.user("ria", "reviewer"))
    assert versions.head().number == 0


def test_merge_needs_comments_resolved():
    patch, reviewer = approved()
    remark = comments.comment(patch, by=reviewer, text="why the pool?")
    with pytest.raises(merge.MergeError, match="Comments resolved: 1 open"):
        merge.merge(patch, by=reviewer)
    comments.resolve(remark, by=reviewer)
    assert merge.merge(patch, by=reviewer).number == 1


def test_stale_base_is_tested_again_and_keeps_its_approval():
    first, reviewer = approved()
    second = builders.in_review(name="a-second")
    review.decide(second, by=reviewer, decision="approve")
    merge.merge(first, by=reviewer)
    with pytest.raises(merge.StaleBase, match="v1"):
        merge.merge(second, by=reviewer)
    assert second.state == Patch.State.PROPOSED
    assert len(review.approvals(second)) == 1


def test_inconclusive_patch_merges_only_when_a_lead_took_it_on():
    patch = builders.tested(builders.draft(), decision="inconclusive", state=Patch.State.INCONCLUSIVE)
    lead, reviewer = builders.user("leo", "lead"), builders.user("ria", "reviewer")
    patches.take_on(patch, by=lead, reason="the missed call is off the path")
    review.decide(patch, by=reviewer, decision="approve")
    assert merge.merge(patch, by=reviewer).number == 1
    gate = next(item for item in merge.requirements(patch) if item.name == "Gate")
    assert gate.overridden == "taken on by leo: the missed call is off the path"


def test_two_merges_on_one_base_cannot_both_land():
    patch, reviewer = approved()
    version = merge.merge(patch, by=reviewer)
    with pytest.raises(Exception, match=r"(?i)unique"):
        KnowledgeVersion.objects.create(number=2, parent=version.parent, value=version.value)


def test_revert_is_a_patch_like_any_other():
    patch, reviewer = approved()
    version = merge.merge(patch, by=reviewer)
    taken_back = merge.revert(version, by=reviewer)
    revision = patches.current(taken_back)
    assert (taken_back.state, revision.add, revision.remove) == (Patch.State.DRAFT, [], ["look-behind-the-pool"])


def test_editing_a_patch_in_review_resets_approval_and_regression():
    patch, _reviewer = approved()
    patches.revise(patch, add=(builders.rule("another"),), remove=(), by=builders.user("eve", "expert"))
    assert (patch.state, patch.regression, patch.verdict, patch.revision_number) == (Patch.State.DRAFT, None, None, 2)
    assert review.approvals(patch) == []


def test_case_confirmed_after_the_test_sends_the_patch_back_to_be_tested():
    patch, reviewer = approved()
    factories.make_confirmed_case()
    tested = merge.requirements(patch)[1]
    assert (tested.satisfied, tested.words) == (False, "1 confirmed case came or changed since it was tested")
    with pytest.raises(merge.StaleBase, match="tested again"):
        merge.merge(patch, by=reviewer)
    assert (patch.state, versions.head().number) == (Patch.State.PROPOSED, 0)
    assert len(review.approvals(patch)) == 1


def test_worker_tests_again_what_waits_in_review_when_the_library_grows():
    patch = builders.in_review()
    assert work.retest_stale() == 0
    factories.make_confirmed_case()
    assert work.retest_stale() == 1
    patch.refresh_from_db()
    assert (patch.state, patch.regression, patch.verdict) == (Patch.State.PROPOSED, None, None)


def test_flag_approves_nothing_with_an_open_comment():
    patch, lead = builders.in_review(), builders.user("leo", "lead")
    comments.comment(patch, by=lead, text="why the pool?")
    assert evolution.approve_next(by=lead) is None
    assert patch.reviews.count() == 0


def test_taking_on_overrides_no_refusal():
    patch = builders.tested(builders.draft(), decision="inconclusive", state=Patch.State.INCONCLUSIVE)
    patches.take_on(patch, by=builders.user("leo", "lead"), reason="the missed call is off the path")
    for verdict in (None, {"decision": "refuse", "reason": "a case is lost"}):
        patch.verdict = verdict
        gate = next(item for item in merge.requirements(patch) if item.name == "Gate")
        assert (gate.satisfied, gate.overridden) == (False, "")
