from dataclasses import replace

from cases.diagnosis import Answer
from cases.evaluation.intent import families, intent
from tests.cases.evaluation.values import STEPS, TASK, diagnosis, step, steps, transcript


def framed(stated, expected, **changes):
    return intent(transcript(diagnosis(frame=stated), **changes), Answer(frame=expected))


def test_frames_are_compared_slot_by_slot():
    expected = {"scope": "app/basket", "symptom": "high latency", "window": "last 30 minutes", "ask": "root cause"}
    stated = {
        "scope": "basket service",
        "symptom": "slow answers",
        "window": "yesterday night",
        "ask": "the root cause",
    }
    found = framed(stated, expected, made=())
    assert found.slots == {"scope": True, "symptom": True, "window": False, "ask": True}
    assert found.value == 0.75
    assert [finding.text for finding in found.findings] == ["window: it took the question to mean 'yesterday night'"]


def test_a_wrong_scope_is_flagged_by_itself():
    found = framed({"scope": "ledger", "ask": "root cause"}, {"scope": "basket", "ask": "root cause"}, made=())
    assert found.slots["scope"] is False
    assert [finding.code for finding in found.findings] == ["intent_slot", "wrong_scope"]


def test_looking_only_elsewhere_than_asked_is_a_wrong_scope():
    elsewhere = steps(step(arguments={"kind": "pods", "namespace": "bank"}))
    found = intent(transcript(made=elsewhere), None)
    assert (found.value, found.slots) == (0.0, {"scope": False})
    assert [finding.text for finding in found.findings] == ["It looked into bank, which was not asked"]


def test_looking_where_asked_among_others_is_the_right_scope():
    assert intent(transcript(), None).slots == {"scope": True}
    both = (*STEPS, step(arguments={"namespace": "kube-system"}))
    assert intent(transcript(made=steps(*both)), None).slots == {"scope": True}


def test_the_namespace_of_an_alert_counts_as_asked():
    task = replace(TASK, prompt="It is slow.", context={"alert": {"labels": {"namespace": "shop"}}})
    assert intent(transcript(task=task), None).slots == {"scope": True}


def test_without_a_frame_or_a_place_there_is_nothing_to_compare():
    found = intent(transcript(None, task=replace(TASK, prompt="Why?"), made=()), None)
    assert (found.value, found.slots, found.findings) == (None, {}, ())


def test_the_symptom_of_the_task_stands_in_for_a_missing_frame():
    assert intent(transcript(diagnosis(frame={"symptom": "outage"}), made=()), Answer()).slots == {"symptom": True}
    assert intent(transcript(diagnosis(frame={"symptom": "slow"}), made=()), Answer()).slots == {"symptom": False}


def test_symptom_families_are_general_words():
    assert families("p99 latency over 2 s, HTTP 503 errors") == {"latency", "errors"}
    assert families("unavailable") == {"unavailable"}
    assert families("DatabasePoolAtLimit") == {"saturation"}
    assert families("QueueBacklog") == {"traffic"}
    assert families("pods stay Pending") == {"pending", "unavailable"}
    assert families("unknown") == set()
