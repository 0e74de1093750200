"""Which patches and failures the critic still has to look at: it must come to rest, and starve nobody."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.evaluation.run import evaluate_session
from cases.models import Case, Evaluation
from cloudmate.work import Work
from rules import critiques, patches, review, versions
from rules.models import Critique, Patch
from sandbox.models import Exploration, Pair
from tests import factories
from tests.rules import builders

pytestmark = pytest.mark.django_db


def refused(case: Case, *, name: str = "look-behind-the-pool", sessions=None) -> Patch:
    """A patch of the critic for ``case`` that the gate refused, since it broke another case."""
    failed, better = sessions or [factories.make_finished_session(case) for _ in range(2)]
    rules = (builders.rule(name),)
    patch = patches.draft(title=name, add=rules, engine="offline", failed=failed, better=better, case=case)
    builders.tested(patch, decision="refuse", state=Patch.State.REFUSED)
    other = factories.make_confirmed_case()
    Pair.objects.create(regression=patch.regression, case_version=other.current, outcome=Pair.Outcome.REGRESSED)
    return patch


def unanswered() -> Case:
    """A case that the critic can say nothing of."""
    case = factories.make_case(answer=None)
    factories.make_snapshot(case)
    return case


def test_round_that_finds_nothing_is_not_asked_for_again():
    patch = refused(unanswered())
    assert list(critiques.refused()) == [patch]
    critique = critiques.ask_again(patch)
    critiques.execute(critique)
    critique.refresh_from_db()
    assert (critique.state, critique.patch, bool(critique.outcome)) == (Work.State.DONE, patch, True)
    assert list(critiques.refused()) == []


def test_two_refused_patches_of_the_same_sessions_are_narrowed_once():
    first = refused(unanswered())
    refused(first.case, name="another", sessions=(first.failed, first.better))
    critiques.execute(critiques.ask_again(first))
    assert list(critiques.refused()) == []
    assert Critique.objects.count() == 1


def test_what_a_person_wrote_is_not_narrowed_by_the_critic():
    patch = refused(unanswered())
    patches.revise(patch, add=(builders.rule("mine"),), remove=(), by=builders.user("eve", "expert"))
    regression_of = refused(patch.case, name="third").regression
    patches.propose(patch)
    Patch.objects.filter(pk=patch.pk).update(state=Patch.State.REFUSED, regression=regression_of)
    assert patch not in critiques.refused()
    assert review.makers(patch)


def evaluated(session, **how) -> Evaluation:
    return Evaluation.objects.create(session=session, version=session.version, evaluator="e", **how)


def test_failure_waits_for_the_exploration_that_its_signature_shares():
    expert = factories.make_finished_session(factories.make_confirmed_case(), actor="expert", engine="expert")
    failed = factories.make_finished_session(expert.case)
    alike = factories.make_finished_session(factories.make_confirmed_case())
    evaluated(failed, verdict="wrong", signature="same")
    evaluated(expert, verdict="success", correct=True)
    assert critiques.better_sessions(failed) == [expert]
    shared = Exploration.objects.create(session=alike, signature="same", knowledge=versions.head().value)
    assert critiques.better_sessions(failed) == []
    Exploration.objects.filter(pk=shared.pk).update(state=Exploration.State.CLOSED)
    assert critiques.better_sessions(failed) == [expert]


def mended_by_an_expert() -> Case:
    """A case the agent fails on and an expert solved."""
    case = factories.make_confirmed_case()
    wrong = factories.make_diagnosis("till", "oom_killed")
    evaluate_session(factories.make_finished_session(case, diagnosis=wrong))
    evaluate_session(factories.make_finished_session(case, actor="expert", engine="expert"))
    return case


def test_failures_with_a_better_session_are_found_in_as_many_queries_for_5_as_for_1():
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            found = list(critiques.wanted())
        assert [failed.case for failed, _ in found] == cases
        assert [better.actor for _, better in found] == ["expert"] * len(cases)
        return len(queries)

    cases = [mended_by_an_expert()]
    versions.head()
    one = asked()
    cases += [mended_by_an_expert() for _ in range(4)]
    assert asked() == one
