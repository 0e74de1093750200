from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cases.diagnosis import Answer, Cause, Claim, ClaimKind, Conclusion, RootCause
from cases.evaluation.objective import correctness, first_hypothesis, timing
from cases.transcript import Level
from tests.cases.evaluation.values import ANSWER, STEPS, TASK, diagnosis, step, steps, transcript
from tests.cases.evaluation.world import World

NO_FAULT = diagnosis(conclusion=Conclusion.NO_FAULT, root_causes=(), chain=())
INCONCLUSIVE = diagnosis(conclusion=Conclusion.INCONCLUSIVE, root_causes=(), chain=())


def outcome(concluded, answer, **changes):
    found = correctness(transcript(concluded, **changes), answer)
    return found.value, [finding.code for finding in found.findings]


def naming(*causes):
    return diagnosis(root_causes=causes)


@pytest.mark.parametrize(
    ("cause", "value", "text"),
    [
        (RootCause("pod/basket-6f966d9cc9-scwgm", "OOM killed"), True, None),
        (RootCause("shop/basket", "oom_killed"), True, None),
        (RootCause("web", "oom_killed"), False, "oom_killed of web: component not as in the answer"),
        (RootCause("basket", "evicted"), False, "evicted of basket: fault class not as in the answer"),
        (RootCause("web", "evicted"), False, "evicted of web: component and fault class not as in the answer"),
    ],
)
def test_component_and_class_are_held_against_the_answer(cause, value, text):
    found = correctness(transcript(naming(cause)), ANSWER)
    assert found.value is value
    assert [finding.text for finding in found.findings] == ([text] if text else [])


def test_any_accepted_alternative_is_right_and_an_empty_field_accepts_anything():
    answer = Answer(causes=(Cause("ledger", "full_disk"), Cause("", "oom_killed")))
    assert outcome(diagnosis(), answer) == (True, [])
    assert outcome(naming(RootCause("basket", "full_disk")), answer) == (False, ["wrong_cause"])


def test_component_and_class_must_match_the_same_alternative():
    answer = Answer(causes=(Cause("ledger", "oom_killed"), Cause("basket", "full_disk")))
    assert outcome(diagnosis(), answer) == (False, ["wrong_cause"])


def test_naming_many_causes_gains_nothing():
    right, wrong = RootCause("basket", "oom_killed", confidence=0.4), RootCause("web", "evicted", confidence=0.5)
    assert outcome(naming(right, wrong), ANSWER) == (False, ["wrong_cause"])
    assert outcome(naming(replace(right, confidence=0.6), wrong), ANSWER) == (True, [])


def test_aliases_of_the_answer_count():
    answer = replace(ANSWER, aliases={"basket": ["cart"]})
    assert outcome(naming(RootCause("cart", "oom_killed")), answer) == (True, [])


@pytest.mark.parametrize(
    ("concluded", "expected", "value"),
    [
        (NO_FAULT, Conclusion.NO_FAULT, True),
        (diagnosis(), Conclusion.NO_FAULT, False),
        (NO_FAULT, Conclusion.ROOT_CAUSE, False),
        (INCONCLUSIVE, Conclusion.ROOT_CAUSE, False),
        (INCONCLUSIVE, Conclusion.INCONCLUSIVE, True),
    ],
)
def test_the_kind_of_conclusion_must_agree(concluded, expected, value):
    answer = Answer(conclusion=expected, causes=ANSWER.causes if expected is Conclusion.ROOT_CAUSE else ())
    assert outcome(concluded, answer)[0] is value


@pytest.mark.parametrize(
    ("stop", "value"),
    [
        ("max_steps", False),
        ("tokens", False),
        ("loop", False),
        ("deadline", None),
        ("error", None),
        ("cancelled", None),
        ("", None),
    ],
)
def test_no_conclusion_is_wrong_only_where_the_agent_had_its_chance(stop, value):
    assert outcome(None, ANSWER, stop_reason=stop) == (value, ["no_conclusion"])


@pytest.mark.parametrize("answer", [None, Answer(), Answer(causes=(Cause(),)), Answer(category="runtime", notes="?")])
def test_without_anything_to_measure_against_it_is_unsettled(answer):
    assert outcome(diagnosis(), answer) == (None, ["no_answer"])


def saying(summary):
    return diagnosis(summary=summary)


@pytest.mark.parametrize(
    ("summary", "answer", "value", "codes"),
    [
        ("Too little memory, OOM_KILLED", Answer(must_mention=("memory", "oom killed")), True, []),
        ("it flaps", Answer(must_mention=("flap",)), True, []),
        ("overlap", Answer(must_mention=("lap",)), False, ["not_mentioned"]),
        ("Too little memory", Answer(must_mention=("disk",)), False, ["not_mentioned"]),
        ("the CPU is saturated", Answer(must_not_mention=("cpu",)), False, ["forbidden"]),
        ("It is not the CPU.", Answer(must_not_mention=("cpu",)), None, ["left_to_judge"]),
        ("all is well", Answer(must_not_mention=("cpu",)), True, []),
        ("The disk is full.", Answer(expected=("the disk is  full",)), True, []),
        ("I do not think the disk is full", Answer(expected=("the disk is full",)), None, ["left_to_judge"]),
        ("No space left", Answer(expected=("The disk is full",)), None, ["left_to_judge"]),
        ("No space left", Answer(expected=("The disk is full",), must_mention=("disk",)), False, ["not_mentioned"]),
    ],
)
def test_free_text_is_settled_only_where_code_honestly_can(summary, answer, value, codes):
    assert outcome(saying(summary), answer) == (value, codes)


def test_unsettled_statements_are_handed_on():
    answer = Answer(expected=("The disk is full", "Nothing else is wrong"))
    assert correctness(transcript(saying("The disk is full.")), answer).open == ("Nothing else is wrong",)


def test_what_it_excludes_or_quotes_is_not_what_it_says():
    excluded = Claim("c9", ClaimKind.EXCLUSION, "the cpu is idle")
    assert outcome(diagnosis(claims=(excluded,), chain=()), Answer(must_mention=("cpu",)))[0] is False
    assert outcome(diagnosis(), Answer(must_mention=("crashloopbackoff",)))[0] is False


def test_structured_causes_and_mentions_must_both_hold_and_expected_text_is_for_people():
    answer = replace(ANSWER, must_mention=("disk",), expected=("some sentence",))
    assert outcome(diagnosis(), answer) == (False, ["not_mentioned"])
    assert outcome(diagnosis(), replace(answer, must_mention=())) == (True, [])


def test_time_is_from_the_alert_where_live_else_the_tools_else_not_captured():
    alerted = datetime(2026, 1, 5, 10, tzinfo=UTC)
    at = alerted + timedelta(seconds=90)
    world, spent = World({}, alerted_at=alerted), {"wall_ms": 12, "tokens": 7}
    live = steps(step(level=Level.LIVE), replace(step(level=Level.LIVE), at=at))
    assert timing(transcript(made=live, **spent), world) == {"seconds": 90.0, "clock": "wall", **spent}
    assert timing(transcript(made=steps(replace(step(), at=at))), world)["clock"] == "not captured"
    slow = steps(step(latency_ms=400), step(latency_ms=1100))
    assert timing(transcript(made=slow, **spent)) == {"seconds": 1.5, "clock": "tools", **spent}
    assert timing(transcript()) == {"seconds": None, "clock": "not captured", "wall_ms": None, "tokens": None}


def test_a_live_session_is_timed_from_its_alert_and_a_replay_is_not():
    task = replace(TASK, context={"alert": {"startsAt": "2026-01-05T10:00:00Z"}})
    at = datetime(2026, 1, 5, 10, 4, tzinfo=UTC)
    live = steps(replace(step(level=Level.LIVE), at=at))
    assert timing(transcript(task=task, made=live))["seconds"] == 240.0
    assert timing(transcript(task=task, made=live))["clock"] == "wall"
    replayed = steps(replace(step(), at=at))
    assert timing(transcript(task=task, made=replayed))["clock"] == "not captured"
    unreadable = replace(TASK, context={"alert": {"startsAt": "this morning"}})
    assert timing(transcript(task=unreadable, made=live))["seconds"] is None


def test_the_first_hypothesis_is_when_its_claim_was_made():
    assert first_hypothesis(transcript()) == len(STEPS)
    assert first_hypothesis(transcript(None)) is None
