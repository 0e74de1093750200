import json
import time
from dataclasses import asdict, replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases.diagnosis import (
    PREDICATES,
    Answer,
    Cause,
    Claim,
    ClaimKind,
    Conclusion,
    Diagnosis,
    Link,
    Mitigation,
    MitigationKind,
    Predicate,
    Ref,
    Rejected,
    Relation,
    RootCause,
)
from cases.evaluation import verdict
from cases.evaluation.base import Question, Ruling, Rulings
from cases.evaluation.registry import evaluate
from cases.parsing import parse_answer, parse_diagnosis
from cases.transcript import Level, Observation, Step, Task, ToolSchema, Transcript
from tests.cases.evaluation.values import ANSWER, LAST_STATE, PODS, TASK, diagnosis, step, steps, transcript
from tests.cases.evaluation.world import World


class Oracle:
    """A judge that answers by dimension, and keeps what it was asked."""

    version = "oracle 1"

    def __init__(self, unscored: str = "", **answers: bool | None):
        self.answers, self.unscored, self.asked = answers, unscored, []

    def rule(self, questions, material):
        self.asked.append((questions, material))
        rulings = tuple(Ruling(question, self.answers.get(question.dimension)) for question in questions)
        return Rulings(rulings, self.unscored, "digest", 10)


def by(result, source):
    return {score.dimension: (score.value, score.reason) for score in result.scores if score.source == source}


def test_what_was_not_counted_is_named():
    claims = (*diagnosis().claims, Claim("m1", ClaimKind.MITIGATION, "raise the limit"))
    said = by(evaluate(transcript(diagnosis(claims=claims)), ANSWER), "deterministic")["evidence"]
    assert said == (1.0, "3 of 3 claims fully borne out; not counted: 1 proposed remedy")


def test_both_tracks_stand_side_by_side():
    result = evaluate(transcript(wall_ms=1200, tokens=0), ANSWER)
    assert by(result, "deterministic") == {
        "evidence": (1.0, "3 of 3 claims fully borne out"),
        "coherence": (1.0, ""),
        "intent": (1.0, ""),
    }
    assert by(result, "judge") == {}
    assert result.judge == ""
    assert result.metrics["completed"] is True
    assert result.metrics["conclusion"] == "root_cause"
    assert result.metrics["correct_by"] == "code"
    assert result.metrics["supports"] == [["c1", 1.0, 3.0], ["c2", 1.0, 3.0], ["c3", 1.0, 3.0]]
    assert (result.metrics["wall_ms"], result.metrics["clock"]) == (1200, "not captured")


def test_a_judge_stands_beside_the_checks_and_changes_none():
    judge = Oracle(evidence=False, coherence=True, intent=None)
    result = evaluate(transcript(), ANSWER, judge=judge)
    assert by(result, "judge") == {
        "evidence": (0.0, ""),
        "coherence": (1.0, ""),
        "intent": (None, "no question could be answered"),
    }
    assert (result.verdict, result.grounded, result.judge) == ("success", 1.0, "oracle 1")


def test_a_judge_sees_neither_answer_nor_engine_knowledge_or_rules():
    judge = Oracle()
    answer = replace(ANSWER, title="canary-title", notes="canary-notes", expected=("canary-expected",))
    marked = transcript(engine="canary-engine", knowledge_digest="canary-knowledge", parameters={"model": "canary"})
    evaluate(marked, answer, judge=judge)
    assert len(judge.asked) == 1
    assert "canary" not in json.dumps([[asdict(question) for question in judge.asked[0][0]], judge.asked[0][1]])


def test_expected_statements_are_asked_apart_and_settle_what_code_cannot():
    answer = Answer(expected=("too little memory", "basket is affected"))
    judge = Oracle(correct=True)
    result = evaluate(transcript(), answer, judge=judge)
    assert (result.correct, result.verdict) == (True, "success")
    assert (result.metrics["correct_by"], result.metrics["statements"]) == ("judge", [True, True])
    questions, material = judge.asked[1]
    assert questions[0] == Question(
        "correct-1", "correct", "Does the conclusion say this, in whatever words: too little memory"
    )
    assert set(material) == {"task", "conclusion"}
    assert evaluate(transcript(), answer, judge=Oracle(correct=False)).correct is False
    unsettled = evaluate(transcript(), answer, judge=Oracle(unscored="schema: no JSON"))
    assert (unsettled.correct, unsettled.verdict, unsettled.metrics["correct_by"]) == (None, "unscored", "")
    assert evaluate(transcript(), answer).correct is None


def test_where_code_settles_it_no_judge_is_asked_about_the_answer():
    judge = Oracle(correct=True)
    result = evaluate(transcript(diagnosis(root_causes=(RootCause("web", "full_disk"),))), ANSWER, judge=judge)
    assert (result.correct, len(judge.asked)) == (False, 1)


def test_results_repeat_no_word_of_the_answer():
    secret = Answer(
        causes=(Cause("canary-component", "canary-class"),),
        expected=("canary-expected",),
        must_mention=("canary-mention",),
        must_not_mention=("canary-forbidden",),
        aliases={"canary-component": ["canary-alias"]},
        category="canary-category",
        title="canary-title",
        notes="canary-notes",
        frame={"scope": "canary-scope", "ask": "canary-ask"},
    )
    framed = diagnosis(frame={"scope": "web", "ask": "something else"}, summary="said")
    for answer in (secret, replace(secret, causes=()), replace(secret, causes=(), must_mention=())):
        for concluded in (framed, None):
            for judge in (None, Oracle(correct=False)):
                result = evaluate(transcript(concluded, stop_reason="loop"), answer, judge=judge)
                assert "canary" not in json.dumps(asdict(result))


def test_a_session_of_fifteen_steps_takes_under_five_milliseconds():
    made = steps(
        *[
            step(arguments={"kind": "pods", "name": f"x{at}", "namespace": "shop"}, output=PODS * 20 + str(at))
            for at in range(13)
        ],
        step(arguments={"kind": "pods"}, output=LAST_STATE),
        step("Logs", {"service": "web"}, "connection refused\n" * 50),
    )
    cited = {"c1": (13, "Reason:  OOMKilled"), "c2": (0, "CrashLoopBackOff 15"), "c3": (14, "connection refused")}
    claims = tuple(replace(claim, refs=(Ref(*cited[claim.id]),), made_at_step=None) for claim in diagnosis().claims)
    long = transcript(diagnosis(claims=claims, rejected=()), made=made)
    assert evaluate(long, ANSWER).verdict == "success"
    taken = []
    for _ in range(20):
        begun = time.process_time()
        evaluate(long, ANSWER)
        taken.append(time.process_time() - begun)
    assert min(taken) < 0.005


# anything that can be stored must come out with a verdict

words = st.sampled_from(
    [
        "",
        "basket",
        "pod/basket-6f966d9cc9-scwgm",
        "OOMKilled",
        "10:05",
        "97.3 %",
        "*",
        "|",
        "(a+)+$",
        "no",
        "…",
        "slow \x1b[31m",
        PODS,
    ]
) | st.text(max_size=12)
values = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | words
arguments = st.dictionaries(
    st.sampled_from(["kind", "name", "namespace", "limit", "metric"]) | words,
    values | st.lists(values, max_size=2),
    max_size=4,
)
refs = st.lists(st.builds(Ref, step=st.integers(0, 6), quote=words, locator=words), max_size=3).map(tuple)
predicates = st.builds(
    Predicate,
    name=st.sampled_from(sorted(PREDICATES)),
    arguments=st.dictionaries(
        st.sampled_from(
            ["metric", "value", "factor", "pattern", "n", "a", "b", "key", "old", "new", "component", "at", "unit"]
        ),
        values,
    ),
)
ids = st.sampled_from(["a", "b", "c", "d"])
claims = st.lists(
    st.builds(
        Claim,
        id=ids,
        kind=st.sampled_from(ClaimKind),
        text=words,
        refs=refs,
        predicate=st.none() | predicates,
        made_at_step=st.none() | st.integers(0, 6),
    ),
    max_size=4,
    unique_by=lambda claim: claim.id,
).map(tuple)


@st.composite
def diagnoses(draw):
    made = draw(claims)
    named = st.sampled_from([claim.id for claim in made]) if made else st.nothing()
    maybe = st.just("") | named
    return Diagnosis(
        conclusion=draw(st.sampled_from(Conclusion)),
        root_causes=tuple(
            draw(
                st.lists(
                    st.builds(
                        RootCause,
                        component=words,
                        fault_class=words,
                        onset=words,
                        confidence=st.none() | st.floats(0, 1),
                        claim=maybe,
                    ),
                    max_size=2,
                )
            )
        ),
        chain=tuple(
            draw(st.lists(st.builds(Link, cause=named, effect=named, relation=st.sampled_from(Relation)), max_size=5))
        ),
        claims=made,
        rejected=tuple(draw(st.lists(st.builds(Rejected, hypothesis=words, refs=refs), max_size=2))),
        mitigations=tuple(
            draw(
                st.lists(
                    st.builds(Mitigation, action=words, addresses=maybe, kind=st.sampled_from(MitigationKind)),
                    max_size=2,
                )
            )
        ),
        summary=draw(words),
        frame=draw(st.dictionaries(st.sampled_from(["scope", "symptom", "window", "ask"]), words)),
        missing=tuple(draw(st.lists(words, max_size=1))),
    )


observations = st.builds(
    Observation,
    output=words,
    is_error=st.booleans(),
    level=st.sampled_from(Level),
    latency_ms=st.none() | st.integers(0, 9),
)
sessions = st.builds(
    Transcript,
    task=st.builds(
        Task,
        prompt=words,
        context=arguments,
        tools=st.sampled_from([(), TASK.tools, (ToolSchema("Logs", parameters={"type": 3}),)]),
    ),
    steps=st.lists(
        st.builds(
            Step,
            index=st.just(0),
            tool=st.sampled_from(["Resources", "Logs", "?"]),
            arguments=arguments,
            observation=observations,
        ),
        max_size=7,
    ).map(lambda made: tuple(replace(one, index=at) for at, one in enumerate(made))),
    diagnosis=st.none() | diagnoses(),
    stop_reason=st.sampled_from(["", "concluded", "loop", "deadline", "max_steps"]),
    engine=st.sampled_from(["offline", "llm", "expert", "imported"]),
)
answers = st.none() | st.builds(
    Answer,
    conclusion=st.sampled_from(Conclusion),
    causes=st.lists(st.builds(Cause, component=words, fault_class=words), max_size=2).map(tuple),
    expected=st.lists(words, max_size=2).map(tuple),
    must_mention=st.lists(words, max_size=2).map(tuple),
    must_not_mention=st.lists(words, max_size=2).map(tuple),
    aliases=st.dictionaries(words, st.lists(words, max_size=2), max_size=2),
    frame=st.dictionaries(st.sampled_from(["scope", "symptom", "window", "ask"]), words),
)
WORDS = {
    verdict.SUCCESS,
    verdict.LUCKY,
    verdict.SYMPTOM_ONLY,
    verdict.INCONCLUSIVE,
    verdict.WRONG,
    verdict.TAINTED,
    verdict.UNSCORED,
}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    sessions,
    answers,
    st.sampled_from([None, World({"web": ["basket"]})]),
    st.sampled_from([None, Oracle(correct=True), Oracle()]),
)
def test_whatever_a_session_holds_it_gets_an_honest_result(session, answer, world, judge):
    result = evaluate(session, answer, evidence=world, judge=judge)
    assert result.verdict in WORDS
    assert result.grounded is None or 0 <= result.grounded <= 1
    assert all(score.value is None or 0 <= score.value <= 1 for score in result.scores)
    assert len({(score.dimension, score.source) for score in result.scores}) == len(result.scores)
    assert result.correct is not True or result.verdict in ("success", "lucky", "tainted", "unscored")
    assert result.verdict != "success" or (result.correct and (result.grounded is None or result.grounded >= 0.6))
    assert answer is not None or result.correct is None
    assert bool(result.signature) <= bool(result.reasons)
    json.dumps(asdict(result), allow_nan=False)


@settings(max_examples=50, deadline=None)
@given(diagnoses())
def test_results_are_equal_for_equal_sessions_also_through_json(concluded):
    session = transcript(concluded)
    result = evaluate(session, ANSWER)
    assert evaluate(session, ANSWER) == result
    try:
        again = parse_diagnosis(json.loads(json.dumps(concluded.as_dict())))
    except ValueError:
        return  # not a form that could have been stored
    assert evaluate(replace(session, diagnosis=again), parse_answer(ANSWER.as_dict())) == result


def test_a_judge_asked_twice_keeps_both_words_and_only_the_first_scores():
    class Wavering(Oracle):
        def rule(self, questions, material):
            self.answers = {"evidence": not self.asked, "coherence": True}
            return super().rule(questions, material)

    result = evaluate(transcript(), ANSWER, judge=Wavering(), retest=True)
    evidence = next(one for one in result.scores if (one.source, one.dimension) == ("judge", "evidence"))
    assert evidence.value == 1.0
    assert {row["answer"] for row in evidence.details["questions"]} == {"yes"}
    assert set(evidence.details["again"].values()) == {"no"}
    once = evaluate(transcript(), ANSWER, judge=Oracle(evidence=True))
    assert all("again" not in one.details for one in once.scores)


def test_a_second_reply_that_does_not_parse_is_no_second_word():
    class Failing(Oracle):
        def rule(self, questions, material):
            self.unscored = "schema: no JSON" if self.asked else ""
            return super().rule(questions, material)

    result = evaluate(transcript(), ANSWER, judge=Failing(evidence=True), retest=True)
    assert all("again" not in one.details for one in result.scores)
