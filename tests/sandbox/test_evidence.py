import pytest

from cases.evaluation.run import evaluate_session, transcript_for
from cases.models import Case, Session
from sandbox.evidence import evidence_for
from sandbox.importers.store import bring_in
from tests import factories
from tests.lab import lab_case

pytestmark = pytest.mark.django_db


def of(bundle):
    bring_in(bundle, confirm_as=factories.make_user("lead"))
    session = Session.objects.get(case=Case.objects.get(), actor=Session.Actor.EXPERT)
    return session, evidence_for(session, transcript_for(session))


def test_a_worlds_topology_is_whole_and_the_snapshot_answers_calls_again():
    session, evidence = of(lab_case("quayside", "missing_index", 1))
    assert evidence.whole
    assert ("crate", "tariff") in evidence.edges
    call = session.steps.select_related("raw").first()
    assert evidence.replay(call.tool, call.arguments).output == call.raw.text


def test_without_a_world_the_recorded_topology_denies_nothing_it_does_not_know():
    _, evidence = of(lab_case("quayside", "missing_index", 1, world=False))
    assert not evidence.whole
    assert ("crate", "tariff") in evidence.edges
    assert evidence.depends("crate", "tariff") is True
    assert evidence.depends("tariff", "crate") is False


def test_a_session_without_a_snapshot_has_what_it_saw():
    session, _ = of(lab_case("quayside", "missing_index", 1))
    session.snapshot_digest = ""
    seen = evidence_for(session, transcript_for(session))
    assert (seen.whole, seen.source) == (False, None)


def test_the_sweep_checks_direction_and_time_with_it():
    session, _ = of(lab_case("millrace", "retry_storm", 1))
    evaluation = evaluate_session(session)
    assert evaluation.metrics["coherence"]["time_order"] is True
    assert "coherence_break" not in evaluation.reasons
    broken = evaluate_session(reversed_chain(session))
    assert "coherence_break" in broken.reasons
    assert "reversed_edge" in {finding["code"] for finding in broken.findings}


def reversed_chain(session):
    """The session again, with a cause that only suffers from what it is said to bring about."""
    evidence = evidence_for(session, transcript_for(session))
    caller, callee = min(edge for edge in evidence.edges if evidence.depends(edge[1], edge[0]) is False)
    diagnosis = session.diagnosis
    first, last = diagnosis["chain"][0]["cause"], diagnosis["chain"][-1]["effect"]
    for claim in diagnosis["claims"]:
        if claim["id"] == first:
            claim["text"] = f"{caller} answers slowly"
        if claim["id"] == last:
            claim["text"] = f"{callee} answers with errors"
    diagnosis["root_causes"][0]["component"] = caller
    diagnosis["chain"] = [{"cause": first, "effect": last, "relation": "causes"}]
    session.evaluations.all().delete()
    session.diagnosis = diagnosis
    session.save(update_fields=["diagnosis"])
    return session
