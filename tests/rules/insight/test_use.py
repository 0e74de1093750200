import pytest

from cases.models import Session
from rules import insight_contexts, merge, patches, review, versions
from rules.insight import use
from sandbox.models import Pair
from tests import factories
from tests.rules import builders, scene

pytestmark = pytest.mark.django_db

NAME = "look-behind-the-pool"


def learned(name: str = NAME):
    reviewer = factories.make_user("reviewer")
    patch = builders.in_review(name=name)
    review.decide(patch, by=reviewer, decision="approve")
    return merge.merge(patch, by=reviewer)


def session_with(*hows: str):
    made = factories.make_finished_session(knowledge_digest="some")
    made.steps.filter(index=0).update(rules=[{"rule": NAME, "how": how} for how in hows])
    return made


def test_a_rule_is_counted_once_a_session():
    session_with("retrieved", "fired")
    session_with("retrieved")
    factories.make_finished_session(knowledge_digest="some")
    third = factories.make_finished_session()  # no knowledge: not looked at
    Session.objects.filter(pk=third.pk).update(concluding_rules=[{"rule": NAME, "how": "fired"}])
    found, looked = use.uses()
    assert (found, looked) == ({NAME: use.Use(retrieved=2, fired=1)}, 3)


def test_rule_that_fired_on_the_conclusion_counts():
    made = factories.make_finished_session(knowledge_digest="some")
    Session.objects.filter(pk=made.pk).update(concluding_rules=[{"rule": NAME, "how": "fired"}])
    assert use.uses()[0] == {NAME: use.Use(retrieved=1, fired=1)}


def test_cases_that_a_rule_changed_are_counted_by_how():
    scene.regression("fixed", "fixed", "regressed", "same_pass")
    assert use.uses()[0] == {"a-rule": use.Use(helped=2, hurt=1)}


def test_ablation_is_the_regression_of_a_patch_that_takes_only_the_rule_away():
    learned()
    reviewer = factories.make_user("reviewer")
    alone = patches.draft(title="without", remove=(NAME,), by=reviewer)
    patches.propose(alone)
    from cloudmate.states import transition

    transition(alone, "testing", regression=scene.regression("regressed", "same_pass", patch=alone))
    found = use.ablations()[NAME]
    assert (found.patch, found.lost, found.gained, found.cases) == (alone.pk, 1, 0, 2)
    assert Pair.objects.filter(outcome="regressed").count() == 1


def test_rule_list_filters_and_sorts_by_what_rules_do():
    learned("one")
    learned("twin")
    made = factories.make_finished_session(knowledge_digest="some")
    made.steps.filter(index=0).update(rules=[{"rule": "twin", "how": "fired"}])
    reader = factories.make_user("reviewer")

    def names(**how):
        return [item.rule.name for item in insight_contexts.rule_list(reader, **how)["rules"]]

    assert names() == ["one", "twin"]
    assert names(sort="-fired") == ["twin", "one"]
    assert names(show="dormant") == ["one"]
    assert names(show="conflicts") == ["one", "twin"]
    assert names(show="hurting") == []
    assert names(source="expert") == []


def test_try_without_drafts_a_patch_that_takes_the_rule_away(client):
    learned()
    client.force_login(factories.make_user("lead"))
    answer = client.post("/rules/try-without/", {"rule": NAME})
    made = patches.Patch.objects.get(title=f"Try without {NAME}")
    assert (answer["Location"], patches.current(made).remove, made.state) == (made.get_absolute_url(), [NAME], "draft")
    assert client.post("/rules/try-without/", {"rule": "nothing"})["Location"] == "/rules/"
    assert versions.head().number == 1
