from dataclasses import replace

import pytest

from cases.diagnosis import Ref, RootCause
from cases.evaluation.coherence import cohere
from tests.cases.evaluation.values import CRASH, ROOT, SYMPTOM, TASK, diagnosis, transcript


def times(onset, *, alerted="", cited=""):
    """The verdict on time, and its words, of the small incident with these times in it."""
    cause = RootCause("basket", "OOMKilled", claim="c1", onset=onset)
    crash = replace(CRASH, refs=(Ref(0, cited),)) if cited else CRASH
    said = transcript(diagnosis(root_causes=(cause,), claims=(ROOT, crash, SYMPTOM)))
    task = replace(TASK, context={"alert": {"startsAt": alerted}} if alerted else {})
    coherence = cohere(replace(said, task=task))
    return coherence.checks["time_order"], [
        (finding.text, finding.claim)
        for finding in coherence.findings
        if finding.code in ("time_inversion", "after_alert")
    ]


def test_a_cause_that_begins_after_its_alert_cannot_explain_it():
    assert times("2026-01-05T10:09:00Z", alerted="2026-01-05T10:05:00Z") == (
        False,
        [("The cause began at 10:09, after the alert at 10:05", "c1")],
    )


@pytest.mark.parametrize("onset", ["2026-01-05T09:50:00Z", "2026-01-05T10:05:00Z", "2026-01-05T10:05:40Z"])
def test_a_cause_may_begin_with_its_alert_told_by_the_minute(onset):
    assert times(onset, alerted="2026-01-05T10:05:00Z") == (True, [])


@pytest.mark.parametrize("alerted", ["2026-01-05T10:05:00", "this morning", ""])
def test_an_alert_whose_time_cannot_be_compared_settles_nothing(alerted):
    assert times("2026-01-05T10:09:00Z", alerted=alerted) == (None, [])


def test_an_effect_seen_only_before_the_onset_was_there_without_the_cause():
    assert times("2026-01-05T10:05:00Z", cited="2026-01-05T10:01:00Z,0.31\n2026-01-05T10:02:00Z,0.34") == (
        False,
        [("Claim c2 cites what was seen at 10:02, before its cause began at 10:05", "c2")],
    )


@pytest.mark.parametrize(
    "cited",
    [
        "2026-01-05T10:01:00Z,0.31\n2026-01-05T10:20:00Z,0.97",  # from before to after
        "2026-01-05T10:04:30Z ERROR out of memory",
    ],
)
def test_an_effect_seen_until_after_the_onset_may_follow_it(cited):
    assert times("2026-01-05T10:05:00Z", cited=cited) == (True, [])


@pytest.mark.parametrize("cited", ["valid from 2025-12-28T09:10:30Z", "2026-01-05 10:01 deploy basket", "CrashLoop"])
def test_a_line_without_a_comparable_time_at_its_head_settles_nothing(cited):
    assert times("2026-01-05T10:05:00Z", cited=cited) == (None, [])
