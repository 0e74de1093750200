import pytest

from cases.evaluation.run import evaluate_session
from cases.models import Case
from sandbox import guess, runs
from sandbox.importers.store import bring_in
from sandbox.knowledge.rule import EMPTY
from tests import factories
from tests.lab import lab_case

pytestmark = pytest.mark.django_db


@pytest.fixture
def evaluation():
    bring_in(lab_case("quayside", "memory_leak_oom", 1), confirm_as=factories.make_user("lead"))
    session = runs.execute(runs.ask(Case.objects.get().current, knowledge=EMPTY))
    return evaluate_session(session)


def test_conclusion_that_rests_on_what_it_cites_is_faithful(evaluation):
    assert evaluation.verdict == "success"
    assert list(guess.due()) == [evaluation]
    score = guess.test(evaluation)
    assert (score.dimension, score.value) == ("guess", 1.0)
    assert "the conclusion changes" in score.reason
    assert guess.is_guess(evaluation.session) is False
    assert list(guess.due()) == []


def test_conclusion_that_cites_something_beside_the_point_is_a_guess(evaluation):
    session = evaluation.session
    irrelevant = session.steps.filter(index=0).select_related("raw").get()
    diagnosis = session.diagnosis
    for claim in diagnosis["claims"]:
        claim["refs"] = [{"step": 0, "quote": irrelevant.raw.text[:20], "locator": ""}]
    session.diagnosis = diagnosis
    session.save(update_fields=["diagnosis"])
    evaluation.refresh_from_db()
    score = guess.test(evaluation)
    assert (score.value, guess.is_guess(session)) == (0.0, True)
    assert "a guess" in score.reason


def test_conclusion_without_citations_is_unscored(evaluation):
    session = evaluation.session
    for claim in session.diagnosis["claims"]:
        claim["refs"] = []
    session.save(update_fields=["diagnosis"])
    evaluation.refresh_from_db()
    assert guess.test(evaluation).value is None


def test_agent_that_cannot_be_asked_again_leaves_it_unscored_and_holds_up_nobody(evaluation):
    session = evaluation.session  # of an engine for which no model is bound now
    type(session).objects.filter(pk=session.pk).update(engine="llm")
    type(session.run).objects.filter(pk=session.run.pk).update(engine="llm")
    score = guess.test(guess.due().get())
    assert score.value is None
    assert score.reason.startswith("The agent could not be asked again: ")
    assert list(guess.due()) == []
