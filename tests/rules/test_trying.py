import pytest

from rules import merge, patches, review, trying
from rules.vocabulary import vocabulary
from sandbox.knowledge.language import parse
from tests import factories
from tests.rules import builders

pytestmark = pytest.mark.django_db

READS = 'RULE reads-the-plan\nWHEN evidence(query)\nTHEN IMPLY {cause}\nBECAUSE "the plan says so"\n'


def library(count: int = 1):
    """Confirmed cases, each with a run of the offline agent."""
    return [
        factories.make_finished_session(
            factories.make_confirmed_case(), engine="offline", steps=factories.RECORDINGS
        ).case
        for _ in range(count)
    ]


def aspects_seen(case):
    from cases import recording
    from sandbox.agents.offline.read import CaseFile

    transcript = recording.transcript_of(case.sessions.get())
    file = CaseFile(transcript.task)
    for step in transcript.steps:
        file.add(step)
    return {str(one.aspect) for one in file.evidence if one.strength >= 0.4}


def acting_rule(case, cause: str):
    aspect = sorted(aspects_seen(case) - {"normal"})[0]
    return parse(READS.format(cause=cause).replace("evidence(query)", f"evidence({aspect})"))


def test_rule_of_the_case_s_own_class_is_a_positive():
    case = library()[0]
    found = trying.preview(acting_rule(case, case.current.fault_class), ())
    assert [(item.case, item.kind, item.rules) for item in found.tried] == [(case, "positive", ("reads-the-plan",))]
    assert (found.positives, found.near_misses, found.looked, found.total, found.unrun, found.left) == (
        1,
        0,
        1,
        1,
        0,
        0,
    )


def test_rule_of_another_class_is_a_near_miss():
    case = library()[0]
    found = trying.preview(acting_rule(case, "something_else"), ())
    assert [(item.kind, item.fault_class) for item in found.tried] == [("near_miss", "missing_index")]


def test_rule_that_applies_nowhere_touches_nothing():
    library()
    rules = parse('RULE r\nWHEN evidence(certificate, "expired")\nTHEN IMPLY expired\nBECAUSE "x"')
    assert trying.preview(rules, ()).tried == ()


def test_case_without_a_run_is_counted_apart():
    factories.make_confirmed_case()
    found = trying.preview((builders.rule(),), ())
    assert (found.looked, found.total, found.unrun) == (0, 1, 1)


def test_what_there_was_no_time_for_is_said():
    library(2)
    found = trying.preview((builders.rule(),), (), seconds=-1)
    assert (found.looked, found.left) == (0, 2)


def test_removing_a_rule_that_is_not_there_is_refused_in_words():
    with pytest.raises(patches.PatchError, match="cannot be removed"):
        trying.preview((), ("nothing",))


def test_check_finds_what_the_gate_would_refuse():
    factories.make_confirmed_case()
    rule = parse('RULE r\nWHEN evidence(log, "ledger")\nTHEN IMPLY missing_index\nBECAUSE "x"')
    checked = trying.check(rule, ())
    assert [(item.check, item.rule) for item in checked.findings] == [("lint", "r")]


def test_check_says_that_nothing_changes():
    patch = builders.in_review()
    ria = builders.user("ria", "reviewer")
    review.decide(patch, by=ria, decision="approve")
    merge.merge(patch, by=ria)
    assert trying.check((builders.rule(),), ()).problem == "This changes nothing: the current version already says so"


def test_vocabulary_holds_the_language_and_the_systems_met():
    factories.make_confirmed_case()
    words = vocabulary()
    assert {"get_logs", "list_resources"} <= set(words["tools"])
    assert "missing_index" in words["classes"]
    assert {"saturation", "log"} <= set(words["aspects"])
    assert {"RULE", "WHEN", "evidence"} <= set(words["keywords"])


def test_vocabulary_asks_the_same_queries_for_1_and_20_cases(django_assert_num_queries):
    factories.make_confirmed_case()
    vocabulary()
    with django_assert_num_queries(4):
        vocabulary()
    for _ in range(19):
        factories.make_confirmed_case()
    with django_assert_num_queries(4):
        vocabulary()
