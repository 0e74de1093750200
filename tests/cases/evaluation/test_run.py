from dataclasses import replace

import pytest
from django.contrib.auth import get_user_model

from cases import recording
from cases.evaluation import run
from cases.evaluation.agreement import agreement, may_gate
from cases.evaluation.base import CODE_VERSION, Cost
from cases.evaluation.calibration import Confusion
from cases.evaluation.registry import evaluate
from cases.evaluation.run import (
    EvaluationError,
    answering,
    asked_twice,
    due,
    evaluate_session,
    evaluator_version,
    passed,
    usual_cost,
)
from cases.intake import open_case, system_named
from cases.models import Evaluation, Score, ScoreReview, Session
from tests.cases.evaluation.test_registry import Oracle
from tests.cases.evaluation.values import ANSWER, STEPS, TASK, diagnosis, transcript

pytestmark = pytest.mark.django_db
SAID = replace(ANSWER, causes=(), expected=("too little memory",))


def version(answer=ANSWER, name="basket crashes"):
    return open_case(
        system=system_named("shop"), name=name, task=TASK, answer=answer, origin="test", origin_path=name
    ).version


def recorded(
    of=None, *, concluded=diagnosis(), actor="agent", engine="offline", made=STEPS, finished=True, tokens=None, **fields
):
    session = recording.start(of or version(), actor=actor, engine=engine, **fields)
    for one in made:
        recording.append(session, tool=one.tool, arguments=one.arguments, observation=one.observation)
    if finished:
        recording.finish(session, diagnosis=concluded, stop_reason="concluded", tokens=tokens)
    return session


def test_a_finished_session_is_stored_with_both_tracks():
    evaluation = evaluate_session(recorded())
    evaluation.refresh_from_db()
    assert (evaluation.verdict, evaluation.correct, evaluation.grounded) == ("success", True, 1.0)
    assert (evaluation.evaluator, evaluation.judge, evaluation.reasons) == (CODE_VERSION, "", [])
    assert (evaluation.low_scoring, evaluation.signature) == (False, "")
    assert evaluation.metrics["levels"] == {"r0": 3}
    assert list(evaluation.scores.values_list("dimension", "source", "value")) == [
        ("evidence", "deterministic", 1.0),
        ("coherence", "deterministic", 1.0),
        ("intent", "deterministic", 1.0),
    ]


def test_stored_findings_say_where():
    evaluation = evaluate_session(recorded(concluded=diagnosis(rejected=())))
    assert evaluation.findings == [
        {"code": "no_rival_tested", "text": "No other explanation was tested and rejected", "step": None, "claim": ""}
    ]


def test_a_second_evaluation_by_the_same_version_is_the_first():
    session = recorded()
    assert evaluate_session(session) == evaluate_session(session)
    assert (Evaluation.objects.count(), Score.objects.count()) == (1, 3)


def test_a_judge_makes_another_version_with_its_scores_beside():
    session, judge = recorded(), Oracle(evidence=True, coherence=True, intent=False)
    evaluate_session(session)
    judged = evaluate_session(session, judge=judge)
    assert (judged.evaluator, judged.judge) == (evaluator_version(judge), "oracle 1")
    assert len(judged.evaluator) <= 64
    assert list(judged.scores.filter(source="judge").values_list("dimension", "value")) == [
        ("evidence", 1.0),
        ("coherence", 1.0),
        ("intent", 0.0),
    ]
    assert evaluate_session(session, judge=judge) == judged
    assert len(judge.asked) == 1 + asked_twice(session, judge)


def test_no_model_is_asked_inside_a_transaction(transactional_db):
    from django.db import connection

    class Watching(Oracle):
        def rule(self, questions, material):
            assert not connection.in_atomic_block
            return super().rule(questions, material)

    evaluate_session(recorded(), judge=Watching())


def test_a_session_still_recorded_is_refused_in_words():
    session = recorded(finished=False)
    with pytest.raises(EvaluationError, match="still being recorded: finish it first"):
        evaluate_session(session)


def test_due_is_what_this_version_has_not_seen():
    of = version()
    seen, judged, waiting, _open = recorded(of), recorded(of), recorded(of), recorded(of, finished=False)
    evaluate_session(seen)
    evaluate_session(judged, judge=Oracle())
    assert list(due()) == [waiting]
    Session.objects.finished().exclude(pk=waiting.pk).update(measured_by="e0")
    assert list(due()) == [seen, judged, waiting]


def test_a_session_is_measured_again_once_its_case_has_an_answer():
    session = recorded(version(None))
    assert evaluate_session(session).verdict == "unscored"
    assert not due().exists()
    labelled = version(ANSWER)
    assert (due().get(), answering(due().get())) == (session, labelled)
    evaluation = evaluate_session(due().get())
    assert (evaluation.verdict, evaluation.version) == ("success", labelled)
    assert (Evaluation.objects.count(), due().exists()) == (2, False)


def test_a_session_on_another_task_keeps_the_answer_of_its_own():
    session = recorded()
    task = replace(TASK, prompt="The shop sells nothing. Namespace: shop.")
    open_case(
        system=system_named("shop"), name="basket", task=task, answer=None, origin="test", origin_path="basket crashes"
    )
    assert answering(due().get()) == session.version
    assert evaluate_session(due().get()).verdict == "success"


def test_a_session_a_person_recorded_is_a_reference_whatever_engine_it_names():
    bare = diagnosis(claims=(), chain=(), rejected=())
    bare = replace(bare, root_causes=(replace(bare.root_causes[0], claim=""),), mitigations=())
    evaluation = evaluate_session(recorded(concluded=bare, actor="expert", engine="imported"))
    assert (evaluation.verdict, evaluation.grounded, evaluation.low_scoring) == ("success", None, False)


def test_a_run_without_a_conclusion_is_unscored_not_wrong():
    session = recorded(concluded=None, engine="imported")
    evaluation = evaluate_session(session)
    assert (evaluation.verdict, evaluation.correct, evaluation.grounded) == ("unscored", None, None)
    assert passed(evaluation) is None


def test_what_cannot_be_read_is_unscored_and_not_due_for_ever():
    session = recorded()
    Session.objects.filter(pk=session.pk).update(diagnosis={"conclusion": "perhaps"})
    evaluation = evaluate_session(due().get())
    assert (evaluation.verdict, evaluation.correct, passed(evaluation)) == ("unscored", None, None)
    assert evaluation.findings[0]["text"].startswith("What is stored cannot be read: diagnosis.conclusion is 'perhaps'")
    assert not due().exists()


@pytest.mark.parametrize(
    ("verdict", "correct", "expected"),
    [
        ("success", True, True),
        ("lucky", True, True),
        ("wrong", False, False),
        ("symptom_only", False, False),
        ("inconclusive", False, False),
        ("inconclusive", None, None),
        ("tainted", True, None),
        ("tainted", False, None),
        ("unscored", True, None),
    ],
)
def test_passed_is_right_or_not_or_neither(verdict, correct, expected):
    result = replace(evaluate(transcript(), ANSWER), verdict=verdict, correct=correct)
    assert passed(result) is expected


def reviews(evaluation, *values, blind=True, name="expert"):
    person, _ = get_user_model().objects.get_or_create(username=name)
    score = evaluation.scores.get(source="judge", dimension="evidence")
    for value in values:
        ScoreReview.objects.create(score=score, by=person, value=value, blind=blind)


def test_what_only_a_judge_settled_gates_once_the_judge_may():
    of = version(SAID)
    good = Oracle(evidence=True, correct=True)
    evaluation = evaluate_session(recorded(of), judge=good)
    assert (evaluation.correct, evaluation.metrics["correct_by"]) == (True, "judge")
    assert passed(evaluation) is None
    reviews(evaluation, 1.0)
    for at in range(54):
        agreed = evaluate_session(recorded(of), judge=Oracle(evidence=at % 3 > 0, correct=True))
        reviews(agreed, 1.0 if at % 3 else 0.0)
    assert may_gate("oracle 1").allowed
    assert passed(evaluation) is True
    assert agreement("oracle 1") == Confusion(tp=37, fp=0, fn=0, tn=18)


def test_agreement_counts_each_persons_newest_blind_word_on_this_judge(django_assert_num_queries):
    evaluation = evaluate_session(recorded(), judge=Oracle(evidence=True))
    reviews(evaluation, 1.0, 0.2, name="first")
    reviews(evaluation, 0.9, name="second")
    reviews(evaluation, 0.0, name="third", blind=False)
    with django_assert_num_queries(1):
        assert agreement("oracle 1") == Confusion(tp=1, fp=1)
    assert agreement("oracle 1", dimension="intent") == Confusion()
    assert agreement("another") == Confusion()


def test_what_is_usual_needs_enough_comparable_sessions():
    of = version()
    for at in range(run.COMPARABLE):
        evaluate_session(recorded(of, tokens=100 + at))
    session = recorded(of)
    assert usual_cost(session) == Cost(calls=3, tokens=118)
    assert usual_cost(recorded(of, engine="llm")) == Cost()
    assert usual_cost(recorded(of, origin="exploration")) == Cost()
    dear = recorded(of, tokens=5000)
    assert evaluate_session(dear).reasons == ["costly"]


def test_the_number_of_queries_does_not_grow_with_the_session(django_assert_max_num_queries):
    of = version()
    long = tuple(replace(STEPS[0], arguments={"kind": "pods", "name": str(at)}) for at in range(60))
    for session in (recorded(of), recorded(of, made=long)):
        session = due().get(pk=session.pk)
        with django_assert_max_num_queries(13):
            evaluate_session(session)
    assert Session.objects.count() == 2


def test_one_session_in_ten_is_judged_twice_and_the_others_once():
    judge = Oracle(evidence=True)
    drawn = [session for session in (Session(pk=number) for number in range(1, 1001)) if asked_twice(session, judge)]
    assert 70 < len(drawn) < 130
    session = recorded()
    evaluation = evaluate_session(session, judge=judge)
    kept = ["again" in score.details for score in evaluation.scores.filter(source="judge")]
    assert set(kept) == {asked_twice(session, judge)}
