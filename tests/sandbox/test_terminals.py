import json

import pytest

from cases.models import Step
from cases.recording import RecordingError
from sandbox import terminals
from sandbox.terminals import TerminalError
from tests import factories

pytestmark = pytest.mark.django_db

PODS = factories.RECORDINGS[2].output
LOG = (
    f"$ kubectl get pods -n market\n{PODS}$ kubectl get nodes\nNAME   STATUS\n"
    "$ curl -H 'Authorization: Bearer abcdefghijklmnopqrstuvwxyz012345' http://till/\nok\n$ kubectl delete pod till-0\ndeleted\n"
)


@pytest.fixture
def expert():
    return factories.make_user("expert")


@pytest.fixture
def session(expert):
    case = factories.make_confirmed_case()
    return factories.make_session(case, actor="expert", engine="expert", by=expert)


def test_preview_says_what_each_command_becomes_and_stores_nothing(session):
    seen = terminals.preview(session, LOG)
    assert [(step.tool, step.arguments, step.replay) for step in seen.steps] == [
        ("list_resources", {"kind": "pods", "namespace": "market"}, "reproduced"),
        ("list_resources", {"kind": "nodes"}, "not_captured"),
        ("query", {"command": "curl -H 'Authorization: Bearer abcdefghijklmnopqrstuvwxyz012345' http://till/"}, ""),
        ("action", {"command": "kubectl delete pod till-0"}, ""),
    ]
    assert ([step.number for step in seen.unmapped], seen.steps[2].redacted > 0) == ([3, 4], True)
    assert not Step.objects.exists()


def test_commands_become_live_steps_that_say_where_they_come_from(session, expert):
    assert terminals.bring_in(session, LOG, by=expert, leave_out={4}) == 3
    steps = list(session.steps.select_related("raw"))
    assert [(step.tool, step.level, step.derivation) for step in steps] == [
        ("list_resources", "live", "query in a terminal, line 1 as kubectl get pods -n market"),
        ("list_resources", "live", "query in a terminal, line 5 as kubectl get nodes"),
        ("query", "live", "query in a terminal, line 7"),
    ]
    assert steps[0].raw.text == PODS
    assert "abcdefghijklmnopqrstuvwxyz" not in json.dumps([step.arguments for step in steps])
    assert session.parameters["terminals"][0] | {"digest": ""} == {
        "digest": "",
        "form": "plain",
        "steps": 3,
        "left_out": 1,
    }


def test_a_log_comes_in_once(session, expert):
    terminals.bring_in(session, LOG, by=expert)
    with pytest.raises(TerminalError, match="came in before"):
        terminals.bring_in(session, LOG, by=expert)
    assert session.steps.count() == 4


def test_another_persons_session_takes_no_log(session):
    with pytest.raises(TerminalError, match="another person's"):
        terminals.bring_in(session, LOG, by=factories.make_user("expert"))


def test_a_finished_session_takes_nothing_of_a_log(session, expert):
    session.state = "finished"
    session.save(update_fields=["state"])
    with pytest.raises(RecordingError, match="finished"):
        terminals.bring_in(session, LOG, by=expert)
    assert not session.steps.exists()


def test_page_shows_first_and_brings_in_what_is_ticked(session, expert, client):
    client.force_login(expert)
    address = f"/sessions/{session.pk}/terminal/"
    seen = client.post(address, {"log": LOG})
    assert (seen.status_code, len(seen.context["preview"].steps)) == (200, 4)
    assert not session.steps.exists()
    done = client.post(address, {"kept": seen.context["kept"], "bring_in": "1", "step": ["1", "3", "9" * 5000]})
    assert done.url == f"/sessions/{session.pk}/record/"
    assert [step.tool for step in session.steps.all()] == ["list_resources", "query"]


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"log": "no prompt"}, "No prompt was found"),
        ({"log": '{"version": 2}\n["x"]'}, "Line 2: an event is"),
        ({"kept": "[1", "bring_in": "1"}, "The log did not come back whole"),
        ({"kept": '"$ ls \\ud800"', "bring_in": "1"}, "The log did not come back whole"),
        ({"log": LOG, "bring_in": "1"}, "Every command is left out"),
    ],
)
def test_what_cannot_come_in_is_said_and_kept_on_the_page(session, expert, client, sent, words):
    client.force_login(expert)
    answer = client.post(f"/sessions/{session.pk}/terminal/", sent)
    assert (answer.status_code, words in answer.content.decode()) == (422, True)
    assert not session.steps.exists()


def test_a_file_comes_in_as_it_is(session, expert, client, tmp_path):
    client.force_login(expert)
    path = tmp_path / "typescript"
    path.write_bytes(b"Script started on 2026-03-01 10:00:00+00:00\r\n$ kubectl get nodex\b \bs\r\nNAME\xff\r\n")
    with path.open("rb") as file:
        seen = client.post(f"/sessions/{session.pk}/terminal/", {"file": file, "log": ""})
    (step,) = seen.context["preview"].steps
    assert (step.entered.command, step.entered.output) == ("kubectl get nodes", "NAME�\n")
