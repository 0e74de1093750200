from dataclasses import replace

import pytest

from cases.diagnosis import Answer, Cause
from cases.models import Case, CaseVersion, Confirmation, RawReturn, Session, Step, System
from cases.recording import transcript_of
from cases.transcript import Level
from sandbox.bundle import RecordedCall, RecordedSession
from sandbox.environment.base import Recording
from sandbox.importers.store import Outcome, bring_in
from sandbox.models import Snapshot
from tests.factories import RECORDINGS, TASK, make_bundle, make_user

pytestmark = pytest.mark.django_db


def counts():
    return [
        model.objects.count() for model in (System, Case, CaseVersion, Snapshot, RawReturn, Session, Step, Confirmation)
    ]


def test_bundle_comes_in_with_snapshot_and_session():
    assert bring_in(make_bundle()) == Outcome("one", "created", "3 recordings, 1 session")
    case = Case.objects.get()
    assert (case.state, case.system.slug, case.system.policy) == (Case.State.LABELLED, "market", System.Policy.MANUAL)
    session = case.sessions.get()
    assert (session.state, session.actor, session.engine, session.name) == ("finished", "expert", "expert", "path1")
    assert session.snapshot_digest == case.snapshots.get().digest
    step = transcript_of(session).steps[0]
    assert (step.observation.output, step.observation.level, step.at) == (RECORDINGS[0].output, Level.R0, None)


def test_same_bundle_again_changes_nothing():
    bring_in(make_bundle())
    before = counts()
    assert bring_in(make_bundle()) == Outcome("one", "unchanged")
    assert counts() == before


def test_changed_content_makes_a_new_version():
    bring_in(make_bundle())
    changed = make_bundle(task=replace(TASK, prompt="Checkout is down."))
    assert bring_in(changed).outcome == "new_version"
    assert Case.objects.get().current.number == 2


def test_new_recordings_extend_the_case_by_a_snapshot():
    bring_in(make_bundle())
    more = (*RECORDINGS, Recording("get_logs", {"service": "gate"}, "new\n", order=9))
    assert bring_in(make_bundle(recordings=more)) == Outcome("one", "extended", "4 recordings")
    assert (CaseVersion.objects.count(), Snapshot.objects.count()) == (1, 2)


def test_dry_run_says_what_would_happen_and_changes_nothing():
    before = counts()
    assert bring_in(make_bundle(), dry_run=True).outcome == "created"
    assert counts() == before


def test_lead_confirms_in_bulk_what_its_source_lets_gate():
    lead = make_user("lead")
    bring_in(make_bundle(), confirm_as=lead)
    bring_in(make_bundle(identity=("tests/bundles", "two"), name="two", gates=False), confirm_as=lead)
    assert [case.name for case in Case.objects.confirmed()] == ["one"]
    assert [(given.by, given.bulk) for given in Confirmation.objects.all()] == [(lead, True)]


def test_confirmed_case_stays_confirmed_by_its_lead_when_it_changes():
    lead = make_user("lead")
    bring_in(make_bundle(), confirm_as=lead)
    bring_in(make_bundle(task=replace(TASK, prompt="Checkout is down.")), confirm_as=lead)
    case = Case.objects.get()
    assert (case.state, case.current.number) == (Case.State.CONFIRMED, 2)


def test_only_a_lead_confirms_and_otherwise_nothing_comes_in():
    outcome = bring_in(make_bundle(), confirm_as=make_user("expert"))
    assert outcome == Outcome("one", "refused", "This is for the role lead.")
    assert not Case.objects.exists()


def test_refused_case_leaves_nothing_behind():
    broken = make_bundle(recordings=(*RECORDINGS, Recording("get_logs", {"service": "x"}, "a\x00b", order=9)))
    before = counts()
    outcome = bring_in(broken)
    assert (outcome.outcome, outcome.detail) == (
        "refused",
        "The return holds a NUL character, so it is not text: leave it out, or store a dump of it.",
    )
    assert counts() == before


def test_case_without_an_answer_waits_for_its_label():
    bring_in(make_bundle(answer=Answer(), sessions=()))
    case = Case.objects.get()
    assert (case.state, case.current.answer) == (Case.State.CLEANED, {})


def test_experts_conclusion_quotes_the_session_where_it_says_so():
    bring_in(make_bundle())
    diagnosis = transcript_of(Session.objects.get()).diagnosis
    assert [(ref.step, ref.quote) for claim in diagnosis.claims for ref in claim.refs] == [
        (0, "WARN slow query took 4012 ms: Seq Scan on entries")
    ]
    assert diagnosis.root_causes[0].claim == diagnosis.claims[0].id


def test_experts_conclusion_claims_nothing_it_cannot_quote():
    path = make_bundle().sessions[0]
    elsewhere = replace(path, calls=(RecordedCall("get_logs", {"service": "till"}),))
    bring_in(make_bundle(sessions=(elsewhere,)))
    assert transcript_of(Session.objects.get()).diagnosis.claims == ()


def test_return_an_expert_saw_otherwise_is_kept_as_seen():
    path = make_bundle().sessions[0]
    calls = (RecordedCall("get_logs", {"service": "till"}, output="another day\n", is_error=True),)
    bring_in(make_bundle(sessions=(replace(path, calls=calls),)))
    seen = transcript_of(Session.objects.get()).steps[0].observation
    assert (seen.output, seen.level, seen.is_error) == ("another day\n", Level.LIVE, True)


def test_agents_known_run_becomes_a_session_with_its_outcome():
    ran = RecordedSession(
        "run", "agent", (RecordedCall("get_logs", {"service": "till"}, "INFO all quiet\n"),), outcome={"score": 1}
    )
    bring_in(make_bundle(sessions=(ran,)))
    session = Session.objects.get()
    assert (session.actor, session.engine, session.parameters, session.stop_reason, session.diagnosis) == (
        "agent",
        "imported",
        {"imported": {"score": 1}},
        "unconcluded",
        None,
    )


def test_agents_run_that_saw_something_else_is_another_session():
    def ran(output):
        return RecordedSession("run", "agent", (RecordedCall("get_logs", {"service": "till"}, output),))

    bring_in(make_bundle(sessions=(ran("INFO all quiet\n"),)))
    assert bring_in(make_bundle(sessions=(ran("INFO all quiet\n"),))).outcome == "unchanged"
    assert bring_in(make_bundle(sessions=(ran("ERROR\n"),))) == Outcome("one", "extended", "1 session")


def test_why_of_an_experts_call_is_kept():
    path = make_bundle().sessions[0]
    calls = (RecordedCall("get_logs", {"service": "ledger"}, why="it is alerted"),)
    bring_in(make_bundle(sessions=(replace(path, calls=calls),)))
    assert Step.objects.get().why == "it is alerted"


def test_case_can_be_filed_under_another_system():
    bring_in(make_bundle(), system="Other Place")
    assert Case.objects.get().system.slug == "other-place"


def raw(**fields):
    fewer = replace(TASK, tools=TASK.tools[:1])
    return make_bundle(task=fewer, source={"format": "own", "tools": "derived"}, **fields)


def test_raw_folder_of_a_known_case_keeps_the_tools_own_schemas():
    bring_in(make_bundle())
    assert bring_in(raw()).outcome == "unchanged"
    assert len(Case.objects.get().current.tools) == 2


def test_raw_folder_that_says_something_else_makes_a_new_version():
    bring_in(make_bundle())
    assert bring_in(raw(answer=Answer(causes=(Cause("till", "leak"),)))).outcome == "new_version"


def test_bundle_after_its_raw_folder_brings_the_schemas():
    bring_in(raw())
    assert bring_in(make_bundle()).outcome == "new_version"
    assert bring_in(raw()).outcome == "unchanged"
    assert len(Case.objects.get().current.tools) == 2
