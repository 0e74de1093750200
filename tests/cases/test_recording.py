from datetime import UTC, datetime

import pytest

from cases import recording
from cases.models import RawReturn, Session
from cases.recording import RecordingError
from cases.transcript import Level, Observation, RuleUse, Step, Transcript
from sandbox.environment.base import Recording
from tests.factories import RECORDINGS, TASK, add_step, make_case, make_diagnosis, make_finished_session, make_session

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 2, 3, 12, tzinfo=UTC)


def test_transcript_is_what_was_recorded():
    session = make_session(knowledge_digest="k", parameters={"seed": 3})
    used = RuleUse("look-deeper", "fired", "REQUIRE", "conclude")
    recording.append(
        session,
        tool="get_logs",
        arguments={"service": "ledger"},
        observation=Observation("WARN", True, Level.R2, 40, "fewer lines"),
        thought="a thought",
        rules=[used],
        at=NOON,
    )
    recording.finish(session, diagnosis=make_diagnosis(), stop_reason="concluded", tokens=7, wall_ms=9)
    assert recording.transcript_of(Session.objects.get(pk=session.pk)) == Transcript(
        task=TASK.__class__(TASK.prompt, TASK.context, TASK.tools, (), "market"),
        steps=(
            Step(
                0,
                "get_logs",
                {"service": "ledger"},
                Observation("WARN", True, Level.R2, 40, "fewer lines"),
                "a thought",
                NOON,
                (used,),
            ),
        ),
        diagnosis=make_diagnosis(),
        stop_reason="concluded",
        engine="scripted",
        knowledge_digest="k",
        tokens=7,
        wall_ms=9,
        parameters={"seed": 3},
    )


def test_finished_session_keeps_the_digest_of_its_transcript():
    session = make_finished_session()
    assert session.state == Session.State.FINISHED
    assert session.transcript_digest == recording.transcript_of(session).digest()


@pytest.mark.parametrize("steps", [1, 20])
def test_transcript_takes_one_query_for_its_steps(steps, django_assert_num_queries):
    session = make_session()
    for _ in range(steps):
        add_step(session)
    session = Session.objects.select_related("version__case__system").get(pk=session.pk)
    with django_assert_num_queries(1):
        assert len(recording.transcript_of(session).steps) == steps


def test_secrets_are_redacted_before_storage_and_listed():
    session = make_session()
    step = recording.append(
        session,
        tool="get_logs",
        arguments={"url": "redis://:hunter2@cache"},
        observation=Observation("password=hunter2\n"),
        thought="password=hunter2",
    )
    assert step.raw.text == "password=[REDACTED password]\n"
    assert step.arguments == {"url": "redis://:[REDACTED connection string]@cache"}
    assert step.thought == "password=[REDACTED password]"
    assert step.redactions == [{"kind": "connection string", "count": 1}, {"kind": "password", "count": 2}]
    assert not RawReturn.objects.filter(text__contains="hunter2").exists()


def test_same_return_is_stored_once():
    session = make_session()
    assert add_step(session).raw_id == add_step(session).raw_id
    assert RawReturn.objects.count() == 1


def test_repeated_step_is_taken_once():
    session = make_session()
    first = add_step(session, index=0)
    assert add_step(session, index=0) == first
    assert session.steps.count() == 1


def test_repeated_step_with_other_content_is_refused():
    session = make_session()
    add_step(session, index=0)
    with pytest.raises(RecordingError, match=r"Step 0 .* recorded before, with another content"):
        add_step(session, RECORDINGS[1], index=0)


def test_gap_between_steps_is_refused():
    with pytest.raises(RecordingError, match="Step 2 cannot come before step 0"):
        add_step(make_session(), index=2)


def test_finished_session_takes_no_steps_but_a_repeated_one():
    session = make_finished_session(steps=RECORDINGS[:1])
    with pytest.raises(RecordingError, match="takes no more steps"):
        add_step(session)
    assert add_step(session, index=0).index == 0


def test_return_that_is_no_text_is_refused_in_words():
    with pytest.raises(RecordingError, match="NUL"):
        recording.store_raw("a\x00b")
    with pytest.raises(RecordingError, match="half a character"):
        recording.store_raw("a\ud800b")
    session = make_session()
    with pytest.raises(RecordingError, match="The call holds a NUL"):
        recording.append(session, tool="t", arguments={"a": ["\x00"]}, observation=Observation("x"))
    with pytest.raises(RecordingError, match="Step 0 holds a NUL"):
        recording.append_all(session, values(Recording("t", {"a": "\x00"}, "x")))
    with pytest.raises(RecordingError, match="The diagnosis holds a NUL"):
        recording.finish(session, diagnosis=make_diagnosis(summary="\x00"), stop_reason="concluded")
    assert (session.state, session.steps.count()) == (Session.State.RECORDING, 0)


def test_finishing_twice_alike_changes_nothing():
    session = make_finished_session()
    finished_at = session.finished_at
    recording.finish(Session.objects.get(pk=session.pk), diagnosis=make_diagnosis(), stop_reason="concluded")
    session.refresh_from_db()
    assert session.finished_at == finished_at


def test_finishing_with_another_conclusion_is_refused():
    session = make_finished_session()
    with pytest.raises(RecordingError, match="finished already, with another conclusion"):
        recording.finish(session, diagnosis=make_diagnosis("till"), stop_reason="concluded")


def test_finish_of_a_stale_copy_does_not_win():
    session = make_session()
    stale = Session.objects.get(pk=session.pk)
    recording.finish(session, diagnosis=None, stop_reason="max_steps")
    with pytest.raises(RecordingError, match="another conclusion"):
        recording.finish(stale, diagnosis=make_diagnosis(), stop_reason="concluded")
    session.refresh_from_db()
    assert (session.diagnosis, session.stop_reason) == (None, "max_steps")


def test_external_id_gives_the_same_session_again():
    case = make_case()
    assert make_session(case, external_id="run-1") == make_session(case, external_id="run-1")
    with pytest.raises(RecordingError, match="'run-1' is taken"):
        make_session(make_case(), external_id="run-1")


def values(*recordings, level=Level.R0):
    return [
        Step(index, taken.tool, taken.arguments, Observation(taken.output, level=level), "why", NOON)
        for index, taken in enumerate(recordings)
    ]


def test_whole_run_is_stored_as_step_by_step():
    stepwise, whole = make_session(), make_session()
    steps = values(RECORDINGS[0], RECORDINGS[1], RECORDINGS[0])
    for step in steps:
        recording.append(
            stepwise, tool=step.tool, arguments=step.arguments, observation=step.observation, thought="why", at=NOON
        )
    recording.append_all(whole, steps)
    assert recording.transcript_of(whole).steps == recording.transcript_of(stepwise).steps == tuple(steps)


@pytest.mark.parametrize("count", [1, 20])
def test_whole_run_takes_as_many_queries_for_one_step_as_for_twenty(count, django_assert_num_queries):
    session = make_session()
    steps = values(*[Recording("get_logs", {"service": str(number)}, f"{number}\n") for number in range(count)])
    with django_assert_num_queries(8):
        recording.append_all(session, steps)


def test_whole_run_is_redacted_and_lists_it():
    session = make_session()
    recording.append_all(
        session, values(Recording("get_logs", {"url": "redis://:hunter2@cache"}, "password=hunter2\n"))
    )
    step = session.steps.get()
    assert (step.raw.text, step.arguments) == (
        "password=[REDACTED password]\n",
        {"url": "redis://:[REDACTED connection string]@cache"},
    )
    assert step.redactions == [{"kind": "connection string", "count": 1}, {"kind": "password", "count": 1}]


def test_session_with_steps_or_ended_takes_no_whole_run():
    begun = make_session()
    add_step(begun)
    for session in (begun, make_finished_session(steps=())):
        with pytest.raises(RecordingError, match="takes no whole run"):
            recording.append_all(session, values(RECORDINGS[0]))


def test_what_an_expert_thought_is_the_why_of_a_whole_run():
    session = make_session(actor="expert")
    recording.append_all(session, values(RECORDINGS[0]))
    assert session.steps.values_list("thought", "why").get() == ("", "why")


def test_tool_whose_name_no_column_holds_is_refused_in_words():
    session = make_session()
    with pytest.raises(RecordingError, match="at most 200 characters, not 201"):
        recording.append(session, tool="x" * 201, arguments={}, observation=Observation("ok"))
    assert session.steps.count() == 0
