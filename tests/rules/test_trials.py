"""Variants of a case under a base and under candidates, in memory."""

import pytest

from cases.diagnosis import Answer
from cases.models import Case, CaseVersion, Session
from rules import critiques, patches, trials
from rules.gate import Decision
from rules.patching import apply
from sandbox import runs
from sandbox.importers.store import bring_in
from sandbox.knowledge.rule import EMPTY, EvidenceTest, Implies, Rule
from sandbox.lab import make
from sandbox.models import Pair
from sandbox.variants import KINDS
from tests import factories
from tests.rules import scene

pytestmark = pytest.mark.django_db

ANYTHING_HEALTHY = Rule(
    "healthy-is-too-small",
    (EvidenceTest("normal", ""),),
    (Implies("connection_pool_too_small", 9.0, "evidence"),),
    "what is healthy says nothing of a fault, so this is wrong",
)
RIGHT = Rule(
    "many-wait-for-few",
    (EvidenceTest("saturation", "pool"),),
    (Implies("connection_pool_too_small", 1.0, "evidence"),),
    "a pool is full where many wait for it",
)


@pytest.fixture
def version(db):
    bring_in(make("quayside", "connection_pool_too_small", 1), confirm_as=factories.make_user("lead"))
    return Case.objects.get().current


def test_every_kind_is_played_and_a_right_rule_breaks_none(version):
    tried = trials.over(version, EMPTY)(apply(EMPTY, add=(RIGHT,)))
    assert [trial.kind for trial in tried] == list(KINDS)
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


def test_the_gate_refuses_what_takes_the_right_answer_away_where_nothing_is_broken(version):
    patch = patches.draft(title="it is the pool", add=(ANYTHING_HEALTHY,), engine="offline", case=version.case)
    tested = scene.regression("fixed", "same_pass", patch=patch)
    Pair.objects.filter(regression=tested, outcome="fixed").update(case_version=version, target=True)
    patch.regression = tested
    patch.save()
    verdict = patches.verdict_of(patch)
    assert verdict.decision is Decision.REFUSE
    assert verdict.reason.endswith("where another than its case's is right: nothing is broken, and somebody asks")
    assert [one["kind"] for one in verdict.record["variants"]] == list(KINDS)
    assert verdict.record["generalisation_gap"] == 0


def test_the_critic_tries_its_widths_on_the_variants_of_what_is_right_now():
    """The answer came after the session: variants are of the version that has it."""
    bring_in(make("quayside", "missing_index", 1), confirm_as=factories.make_user("lead"))
    case = Case.objects.get()
    answered = case.current
    task = {field: getattr(answered, field) for field in ("prompt", "context", "tools", "fault_classes")}
    unanswered = CaseVersion.objects.create(
        case=case, number=99, digest="unanswered", task_digest=answered.task_digest, answer={}, **task
    )
    failed = runs.execute(runs.ask(unanswered, knowledge=EMPTY))
    better = Session.objects.get(actor="expert")
    patch = critiques.execute(critiques.ask(failed, better))
    evidence = patch.revisions.get().evidence
    assert evidence["ladder"][evidence["chosen"]]["variants"] == len(KINDS)
