from datetime import timedelta

import pytest

from cases.models import Session
from rules import merge, patches, review
from rules.insight import outcome
from rules.models import KnowledgeVersion, Patch
from tests import factories
from tests.rules import builders, scene

pytestmark = pytest.mark.django_db


def merged(patch, reviewer):
    review.decide(patch, by=reviewer, decision="approve")
    return merge.merge(patch, by=reviewer)


def test_yield_counts_what_became_of_each_source():
    reviewer = factories.make_user("reviewer")
    merged(scene.patch("in_review", "fixed", "fixed"), reviewer)
    Patch.objects.update(source="exploration")
    scene.patch("refused", "regressed")
    scene.patch("draft")
    found = {item.source: item for item in outcome.yields()}
    assert found["exploration"] == outcome.Yield("exploration", 1, 1, 0, 0, 0, 2)
    assert found["person"] == outcome.Yield("person", 2, 0, 1, 0, 1, 0)


def test_time_from_failure_to_merge_is_a_middle_with_its_range_and_n():
    reviewer = builders.user("ria", "reviewer")
    assert outcome.to_merge() is None
    for name, hours in (("a", 1), ("b", 3), ("c", 10)):
        failed = factories.make_finished_session()
        patch = builders.tested(patches.draft(title=name, add=(builders.rule(name),), engine="offline", failed=failed))
        version = merged(patch, reviewer)
        Session.objects.filter(pk=failed.pk).update(started_at=version.at - timedelta(hours=hours))
    found = outcome.to_merge()
    assert (found.median, found.least, found.most, found.n) == (
        timedelta(hours=3),
        timedelta(hours=1),
        timedelta(hours=10),
        3,
    )


def test_expert_time_is_that_of_the_session_a_merged_rule_was_learned_from():
    reviewer = builders.user("ria", "reviewer")
    came_in = factories.make_finished_session(actor="expert", engine="expert")  # with a case: nobody recorded it here
    better = factories.make_finished_session(actor="expert", engine="expert", by=factories.make_user("expert"))
    for number, session in enumerate((came_in, better)):
        rules = (builders.rule(f"look-{number}"),)
        patch = builders.tested(patches.draft(title="x", add=rules, engine="offline", better=session))
        merged(patch, reviewer)
    Session.objects.filter(pk=better.pk).update(started_at=better.finished_at - timedelta(minutes=12))
    assert outcome.expert_time() == outcome.Spread(*[timedelta(minutes=12)] * 3, 1)


def test_cost_tells_no_model_from_no_tokens():
    factories.make_finished_session()
    Session.objects.update(wall_ms=1500)
    assert outcome.costs() == [outcome.Cost("Recorded", 1, None, 1500)]


def test_reasons_are_counted_by_critic_and_prompt():
    reviewer = builders.user("ria", "reviewer")
    for number, reason in enumerate(("too_broad", "too_broad", "unclear")):
        review.decide(builders.in_review(name=f"r{number}"), by=reviewer, decision="reject", reason=reason)
    asked = patches.draft(
        title="m", add=(builders.rule("m"),), engine="llm:small", evidence={"model": {"prompt": "abcdef0123456789"}}
    )
    review.decide(builders.tested(asked), by=reviewer, decision="changes", words="narrow it")
    assert outcome.objections() == [
        outcome.Objection("llm:small, prompt abcdef012345", (), 1, 1),
        outcome.Objection("offline", (("Too broad", 2), ("Unclear", 1)), 0, 3),
    ]
    assert outcome.objections()[1].rejected == 3
    assert KnowledgeVersion.objects.count() == 1
