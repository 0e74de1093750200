from dataclasses import replace

import pytest

from cases import recording
from cases.recording import RecordingError
from cases.transcript import Level
from sandbox import workbench
from sandbox.environment.base import Recording
from sandbox.workbench import WorkbenchError
from tests import factories
from tests.factories import RECORDINGS, make_case, make_snapshot, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def expert():
    return make_user("expert")


@pytest.fixture
def session(expert):
    case = make_case()
    make_snapshot(case, (*RECORDINGS, replace(RECORDINGS[1], output="INFO later\n", order=9)))
    return workbench.open_session(case, by=expert)


def test_experts_call_becomes_a_step_with_level_digest_and_time(session, expert):
    step = workbench.run_line(session, "get_logs service=ledger", by=expert)
    assert (step.index, step.level, step.raw.text) == (0, Level.R0, RECORDINGS[0].output)
    assert step.raw_id == recording.digest_of_text(RECORDINGS[0].output)
    assert step.at is not None


def test_repeated_call_goes_on_where_the_session_stood(session, expert):
    outputs = [workbench.run_tool(session, "get_logs", {"service": "till"}, by=expert).raw.text for _ in range(3)]
    assert outputs == ["INFO all quiet\n", "INFO later\n", "INFO later\n"]


def test_miss_and_refusal_are_steps(session, expert):
    levels = [
        workbench.run_line(session, text, by=expert).level
        for text in ("get_logs service=gate", "get_logs", "get_log a=b")
    ]
    assert levels == [Level.MISS, Level.REFUSED, Level.REFUSED]


def test_session_keeps_its_snapshot_when_a_newer_one_comes(session, expert):
    make_snapshot(session.case, (Recording("get_logs", {"service": "ledger"}, "newer\n"),))
    assert workbench.run_line(session, "get_logs service=ledger", by=expert).raw.text == RECORDINGS[0].output


def test_another_persons_session_is_refused(session):
    with pytest.raises(WorkbenchError, match="another person's"):
        workbench.run_line(session, "get_logs service=till", by=make_user("expert"))


def test_case_without_a_snapshot_says_so(expert):
    session = workbench.open_session(make_case(), by=expert)
    assert workbench.inventory(session.case).names == {}
    with pytest.raises(WorkbenchError, match="no snapshot to run tools against"):
        workbench.run_line(session, "get_logs service=till", by=expert)


def test_finished_session_takes_no_calls(session, expert):
    recording.finish(session, diagnosis=None, stop_reason="unconcluded")
    with pytest.raises(RecordingError, match="takes no more steps"):
        workbench.run_line(session, "get_logs service=till", by=expert)


def test_completions_know_tools_and_what_exists(session):
    assert [found.label for found in workbench.completions(session, "list_resources kind=pods name=t")] == ["till-0"]


def test_names_that_a_return_of_the_session_gives_are_completed_first():
    expert = factories.make_user("expert")
    session = factories.make_session(factories.make_confirmed_case(), actor="expert", engine="expert", by=expert)
    seen = Recording("list_resources", {"kind": "pods"}, "NAME        READY   STATUS\nmill-0      1/1     Running\n")
    factories.add_step(session, seen)
    found = workbench.completions(session, "list_resources kind=pods name=")
    assert [one.label for one in found] == ["mill-0", "ledger-0", "till-0"]


def test_calls_of_this_session_come_before_those_of_earlier_ones_on_the_system(session, expert):
    def asked(service, **how):
        other = factories.make_session(**{"actor": "expert", "engine": "expert", "by": expert} | how)
        factories.add_step(other, Recording("get_logs", {"service": service}, "x"))

    asked("mill", case=make_case(system=session.case.system))
    asked("till", case=make_case(system=session.case.system))
    asked("far", case=make_case(system=factories.make_system("harbour")))
    asked("theirs", case=session.case, by=make_user("expert"))
    for service in ("ledger", "till", "ledger"):
        factories.add_step(session, Recording("get_logs", {"service": service}, "x"))
    calls = [f"get_logs service={service}" for service in ("ledger", "till", "mill")]
    assert workbench.remembered(session, most=9) == calls
    assert workbench.remembered(session, most=2) == calls[:2]


def test_a_session_of_nobody_remembers_its_own_calls_only(expert):
    session = factories.make_session(actor="expert", engine="expert")
    other = factories.make_session(session.case, actor="expert", engine="expert")
    factories.add_step(other)
    assert workbench.remembered(session, most=9) == []
