"""The critic on the pool story: one symptom, four causes, and what each teaches without harm to the others."""

from functools import cache

import pytest

from cases.diagnosis import Answer, Cause, Conclusion
from rules.critic.propose import NoProposal, Proposal, propose
from rules.gate import Decision, decide, static_findings
from rules.generalisation import Trial, Trials, no_variants
from rules.patching import apply
from sandbox.divergence import divergence_of
from sandbox.knowledge.language import parse
from sandbox.knowledge.rule import EMPTY, Implies, Knowledge, Require
from sandbox.report import PairResult, Report, Row, outcome_of
from tests.lab import lab_case
from tests.rules.critic.builders import Scene, of_bundle

CAUSES = ("missing_index", "connection_leak", "long_transaction_lock")
PLAIN = "connection_pool_too_small"


@cache
def scene(fault: str, seed: int) -> Scene:
    return of_bundle(lab_case("quayside", fault, seed))


@cache
def neighbour(fault: str, seed: int):
    return scene(fault, seed).neighbour()


def library() -> list[tuple[str, int]]:
    return [(fault, seed) for fault in (*CAUSES, PLAIN) for seed in (1, 2)]


def names() -> list[str]:
    return sorted({scene(*key).cause.component for key in library()})


@cache
def taught(fault: str, variants: Trials = no_variants) -> Proposal | NoProposal:
    case = scene(fault, 1)
    return propose(
        case.run(),
        case.expert(),
        answer=case.answer,
        base=EMPTY,
        replay=case.run,
        passes=case.passes,
        neighbours=[neighbour(*key) for key in library() if key != (fault, 1)],
        known_names=names(),
        variants=variants,
    )


def regression(candidate: Knowledge, target: str) -> Report:
    rows = []
    for number, (fault, seed) in enumerate(library()):
        case = scene(fault, seed)
        old, new = case.run(), case.run(candidate)
        passed = case.passes(old), case.passes(new)
        verdict = "success" if passed[1] else "wrong"
        pair = PairResult(
            0, outcome_of(*passed), *passed, candidate_verdict=verdict, divergence=divergence_of(old, new)
        )
        rows.append(Row(number, f"{fault} {seed}", (pair,), target=(fault, seed) == (target, 1)))
    return Report(tuple(rows))


@pytest.mark.parametrize("fault", CAUSES)
def test_untaught_the_agent_stops_at_the_limit(fault):
    transcript = scene(fault, 1).run()
    assert transcript.diagnosis.root_causes[0].fault_class == PLAIN
    assert not scene(fault, 1).passes(transcript)
    assert scene(PLAIN, 1).passes(scene(PLAIN, 1).run())


@pytest.mark.parametrize("fault", CAUSES)
def test_the_proposal_flips_its_case_and_loses_none_of_the_other_causes(fault):
    proposal = taught(fault)
    assert isinstance(proposal, Proposal), proposal.reason
    candidate = apply(EMPTY, add=proposal.rules)
    assert static_findings(EMPTY, candidate, known_names=names()) == ()
    verdict = decide(regression(candidate, fault))
    assert (verdict.decision, verdict.losses) == (Decision.ACCEPT, ())


@pytest.mark.parametrize("fault", CAUSES)
def test_the_proposal_is_minimal_and_its_flip_table_proves_it(fault):
    proposal = taught(fault)
    rows = {frozenset(flip.rules): flip.passed for flip in proposal.flip_table}
    mine = frozenset(rule.name for rule in proposal.rules)
    assert rows[frozenset()] is False
    assert rows[mine] is True
    if len(mine) > 1:
        assert all(rows[mine - {name}] is False for name in mine)
    operators = {type(operator) for rule in proposal.rules for operator in rule.then}
    assert operators & {Require, Implies}


@pytest.mark.parametrize("fault", CAUSES)
def test_the_evidence_of_a_proposal_says_what_why_and_how_wide(fault):
    evidence = taught(fault).as_evidence()
    assert evidence["key_difference"].startswith(("Missing check", "Another reading"))
    assert {line["kind"] for line in evidence["pairings"]} <= {"matched", "skipped", "extra"}
    assert all(rule["text"].startswith("RULE ") for rule in evidence["rules"])
    reads = any("IMPLY" in rule["text"] or "SYMPTOM" in rule["text"] for rule in evidence["rules"])
    assert taught(fault).title.startswith("read " if reads else "ask ")
    if evidence["ladder"]:
        chosen = evidence["ladder"][evidence["chosen"]]
        assert chosen["verdict"].startswith("chosen") and not chosen["near_misses"]


def test_the_same_inputs_give_the_same_proposal():
    first = taught("connection_leak")
    taught.cache_clear()
    assert taught("connection_leak") == first


def test_a_rule_that_is_too_broad_is_refused_with_the_case_it_breaks_by_name():
    broad = parse(
        """RULE a-full-pool-means-a-missing-index
        WHEN evidence(saturation, "pool|connection") THEN IMPLY missing_index WEIGHT 9
        BECAUSE "it was so last time" """
    )
    verdict = decide(regression(apply(EMPTY, add=broad), "missing_index"))
    assert verdict.decision is Decision.REFUSE
    assert [note.name for note in verdict.losses] == [f"{PLAIN} 1", f"{PLAIN} 2"]
    assert verdict.reason.startswith(f"{PLAIN} 1 passed and no longer does: 1/1 -> 0/1 (step ")
    assert "by rule a-full-pool-means-a-missing-index" in verdict.reason


def test_nothing_is_proposed_where_the_agent_already_passes():
    case = scene(PLAIN, 1)
    found = propose(case.run(), case.expert(), answer=case.answer, base=EMPTY, replay=case.run, passes=case.passes)
    assert isinstance(found, NoProposal)
    assert found.reason == "The agent passes under the base: there is nothing to learn here"


def test_nothing_is_proposed_where_nothing_was_seen_at_the_fault():
    case = scene("connection_leak", 1)
    elsewhere = Answer(causes=(Cause("another-world", "connection_leak"),))
    found = propose(case.run(), case.expert(), answer=elsewhere, base=EMPTY, replay=case.run, passes=lambda _: False)
    assert found.reason == "Nothing that was seen points to another-world in words that name no component"


def test_nothing_is_proposed_without_a_structured_answer():
    case, answer = scene(PLAIN, 1), Answer(conclusion=Conclusion.NO_FAULT)
    found = propose(case.run(), case.run(), answer=answer, base=EMPTY, replay=case.run, passes=case.passes)
    assert found.reason == "The case has no structured answer, so nothing can be told right from wrong"


def test_when_no_replay_flips_the_reason_says_what_was_concluded_instead():
    case = scene("connection_leak", 1)
    found = propose(case.run(), case.expert(), answer=case.answer, base=EMPTY, replay=case.run, passes=lambda _: False)
    assert "were replayed, and none made the case pass: with the last one the agent concluded" in found.reason
    assert len(found.flip_table) > 1


def test_what_takes_the_right_answer_away_in_another_guise_is_not_proposed():
    def variants(knowledge):
        return (Trial("rename", False, True), Trial("no-fault", True, not knowledge.rules))

    found = taught("connection_leak", variants)
    assert isinstance(found, NoProposal)
    assert found.reason.endswith("takes the right answer away where another is: nothing is broken, and somebody asks")
