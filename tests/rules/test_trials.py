"""Variants of a case under a base and under candidates, in memory."""

import pytest

from cases.diagnosis import Answer
from cases.models import Case
from rules import trials
from rules.patching import apply
from sandbox import runs
from sandbox.importers.store import bring_in
from sandbox.knowledge.rule import EMPTY, EvidenceTest, Implies, Rule
from sandbox.lab import make
from sandbox.variants import KINDS
from tests import factories

pytestmark = pytest.mark.django_db

ANYTHING_HEALTHY = Rule(
    "healthy-is-too-small",
    (EvidenceTest("normal", ""),),
    (Implies("connection_pool_too_small", 9.0, "evidence"),),
    "what is healthy says nothing of a fault, so this is wrong",
)


@pytest.fixture
def version(db):
    bring_in(make("quayside", "connection_pool_too_small", 1), confirm_as=factories.make_user("lead"))
    return Case.objects.get().current


def test_a_candidate_that_changes_nothing_breaks_nothing_that_the_base_gets_right(version):
    tried = trials.over(version, EMPTY)(EMPTY)
    assert [trial.kind for trial in tried] == [kind for kind in KINDS if kind in {one.kind for one in tried}]
    assert len(tried) == len(KINDS)
    assert all(trial.base == trial.candidate for trial in tried)
    assert not any(trial.broken for trial in tried)


def test_a_rule_that_sees_its_fault_in_what_is_healthy_takes_the_right_answer_where_nothing_is_broken(version):
    tried = trials.over(version, EMPTY)(apply(EMPTY, add=(ANYTHING_HEALTHY,)))
    assert [trial.kind for trial in tried if trial.broken] == ["no-fault"]


def test_each_variant_is_played_once_under_the_base_however_many_candidates_come(version, monkeypatch):
    played = []
    monkeypatch.setattr(runs, "play", lambda *args, play=runs.play, **more: played.append(1) or play(*args, **more))
    under = trials.over(version, EMPTY)
    assert played == []
    first = under(EMPTY)
    assert len(played) == len(KINDS)
    assert under(EMPTY) == first
    assert len(played) == len(KINDS)


def test_a_case_that_can_have_none_has_none():
    case = factories.make_confirmed_case(answer=Answer(expected=("it is full",)))
    assert trials.over(case.current, EMPTY)(EMPTY) == ()
