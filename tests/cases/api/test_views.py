"""Agents post alerts, sessions and steps and fetch tasks; each may be sent twice, and nothing tells an answer."""

import json

import pytest
from django.test import Client

from cases.models import Case, Session, Step
from tests.cases.api.callers import CANARY, Caller, case_of, error_of

pytestmark = pytest.mark.django_db

ALERT = {
    "status": "firing",
    "labels": {"alertname": "CheckoutSlow", "severity": "page"},
    "annotations": {"summary": "Checkout is slow", "description": "p99 over 2 s"},
    "startsAt": "2026-01-05T10:00:00Z",
    "fingerprint": "f1",
}
WEBHOOK = {"version": "4", "status": "firing", "receiver": "cloudmate", "alerts": [ALERT]}
STEP = {
    "index": 0,
    "tool": "get_logs",
    "arguments": {"pod": "db-0"},
    "output": " full scan on orders\n",
    "latency_ms": 12,
}
DIAGNOSIS = {"conclusion": "root_cause", "root_causes": [{"component": "db", "fault_class": "missing_index"}]}


@pytest.fixture
def agent():
    return Caller()


def test_alert_opens_a_case_once(agent):
    first, second = agent.post("alerts", WEBHOOK), agent.post("alerts", WEBHOOK)
    case = Case.objects.get()
    assert first.status_code == 200
    assert first.json() == second.json() == {"cases": [{"id": case.pk, "system": "shop"}]}


def test_plain_alert_opens_a_case(agent):
    response = agent.post("alerts", {"title": "Disk full", "description": "on node-1", "labels": {"node": "node-1"}})
    assert Case.objects.get().current.prompt == "Disk full\non node-1"
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"alerts": "x"}, "alerts"),
        ({"alerts": [{"labels": [1]}]}, "alerts[0].labels"),
        ({"description": "no title"}, "title"),
        ([], ""),
        ({"alerts": [ALERT] * 201}, "alerts"),
    ],
)
def test_bad_alert_names_the_field(agent, body, field):
    assert error_of(agent.post("alerts", body)) == (400, "invalid", field)
    assert not Case.objects.exists()


def test_session_is_recorded_from_start_to_conclusion(agent):
    case = case_of(agent.system)
    started = agent.post("sessions", {"case": case.pk, "external_id": "run-1", "engine": "acme", "knowledge": "ab12"})
    assert started.status_code == 201
    pk = started.json()["id"]
    step = agent.post(f"sessions/{pk}/steps", STEP)
    assert step.status_code == 201
    assert step.json()["session"] == pk
    finished = agent.post(
        f"sessions/{pk}/finish", {"diagnosis": DIAGNOSIS, "rules": ["look"], "tokens": 900, "wall_ms": 5}
    )
    assert finished.status_code == 200
    got = agent.get(f"sessions/{pk}").json()
    assert got == finished.json()
    assert {
        name: got[name] for name in ("case", "version", "state", "external_id", "engine", "knowledge", "steps")
    } == {
        "case": case.pk,
        "version": 1,
        "state": "finished",
        "external_id": "run-1",
        "engine": "acme",
        "knowledge": "ab12",
        "steps": 1,
    }
    assert got["diagnosis"]["root_causes"][0]["fault_class"] == "missing_index"
    stored = Step.objects.select_related("raw").get()
    assert (stored.raw.text, stored.level, stored.latency_ms) == (" full scan on orders\n", "live", 12)
    session = Session.objects.get()
    assert (session.token, session.tokens, session.stop_reason) == (agent.token, 900, "concluded")
    assert session.concluding_rules == [{"rule": "look", "how": "cited", "operator": "", "instead_of": ""}]


def test_everything_may_be_sent_twice(agent):
    case = case_of(agent.system)
    asked = {"case": case.pk, "external_id": "run-1"}
    first, second = agent.post("sessions", asked), agent.post("sessions", asked)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    pk = first.json()["id"]
    steps = {"steps": [STEP, {**STEP, "index": 1, "arguments": {}}]}
    assert agent.post(f"sessions/{pk}/steps", steps).json() == agent.post(f"sessions/{pk}/steps", steps).json()
    end = {"diagnosis": DIAGNOSIS}
    assert agent.post(f"sessions/{pk}/finish", end).json() == agent.post(f"sessions/{pk}/finish", end).json()
    assert agent.post(f"sessions/{pk}/steps", steps).status_code == 201
    assert (Session.objects.count(), Step.objects.count()) == (1, 2)


def test_contradiction_is_a_conflict(agent):
    one, other = case_of(agent.system), case_of(agent.system, "two")
    pk = agent.post("sessions", {"case": one.pk, "external_id": "run-1"}).json()["id"]
    agent.post(f"sessions/{pk}/steps", STEP)
    conflict = (409, "conflict", "")
    assert error_of(agent.post("sessions", {"case": other.pk, "external_id": "run-1"})) == conflict
    assert error_of(agent.post(f"sessions/{pk}/steps", {**STEP, "output": "other"})) == conflict
    assert error_of(agent.post(f"sessions/{pk}/steps", {**STEP, "index": 7})) == conflict
    agent.post(f"sessions/{pk}/finish", {"diagnosis": DIAGNOSIS})
    assert error_of(agent.post(f"sessions/{pk}/finish", {"diagnosis": None})) == conflict
    assert error_of(agent.post(f"sessions/{pk}/steps", {**STEP, "index": 1})) == conflict


def test_external_id_of_another_agent_is_a_conflict(agent):
    case = case_of(agent.system)
    agent.post("sessions", {"case": case.pk, "external_id": "run-1"})
    other = Caller(name="other")
    assert error_of(other.post("sessions", {"case": case.pk, "external_id": "run-1"})) == (409, "conflict", "")


def test_session_from_a_prompt_opens_its_case_with_the_tools_told(agent):
    tools = [{"name": "get_logs", "description": "Read logs."}]
    asked = {
        "prompt": "Checkout is slow.\nSince ten.",
        "external_id": "run-1",
        "tools": tools,
        "context": {"region": "eu"},
    }
    body = agent.post("sessions", asked).json()
    task = agent.get(f"cases/{body['case']}/task").json()
    assert task["prompt"] == "Checkout is slow.\nSince ten."
    assert [tool["name"] for tool in task["tools"]] == ["get_logs"]
    assert task["context"]["region"] == "eu"
    assert body["version"] == task["version"] == 2
    assert agent.post("sessions", asked).json()["case"] == body["case"]
    assert Case.objects.count() == 1


def test_session_from_an_alert_is_on_the_alerts_case(agent):
    case = agent.post("alerts", WEBHOOK).json()["cases"][0]["id"]
    assert agent.post("sessions", {"alert": WEBHOOK}).json()["case"] == case
    resolved = {**WEBHOOK, "alerts": [{**ALERT, "status": "resolved"}]}
    assert error_of(agent.post("sessions", {"alert": resolved})) == (400, "invalid", "alert")


def test_tools_told_change_no_case_that_people_work_on(agent):
    case = case_of(agent.system)
    agent.post("sessions", {"case": case.pk, "tools": [{"name": "x"}]})
    case.refresh_from_db()
    assert case.current.number == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, ""),
        ({"case": 1, "prompt": "x"}, ""),
        ({"external_id": "unknown"}, ""),
        ({"case": "x"}, "case"),
        ({"case": 10**30}, "case"),
        ({"prompt": "x", "engine": "e" * 21}, "engine"),
        ({"prompt": "x", "knowledge": "not hex"}, "knowledge"),
        ({"prompt": "x", "parameters": []}, "parameters"),
        ({"prompt": 5}, "prompt"),
        ({"prompt": "x", "tools": [{"name": "a"}, {"name": ""}]}, "tools[1].name"),
    ],
)
def test_bad_session_names_the_field(agent, body, field):
    assert error_of(agent.post("sessions", body)) == (400, "invalid", field)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "tool"),
        ({**STEP, "output": 5}, "output"),
        ({**STEP, "arguments": "x"}, "arguments"),
        ({**STEP, "index": -1}, "index"),
        ({"steps": [STEP, {**STEP, "tool": ""}]}, "steps[1].tool"),
        ({"steps": [{"tool": "get_logs", "output": "x"}]}, "steps"),
        ({"steps": ["x"]}, "steps[0]"),
        ({"steps": "x"}, "steps"),
        ([], ""),
    ],
)
def test_bad_step_names_the_field(agent, body, field):
    pk = agent.session()["id"]
    assert error_of(agent.post(f"sessions/{pk}/steps", body)) == (400, "invalid", field)
    assert not Step.objects.exists()


def test_single_step_without_index_is_the_next(agent):
    pk = agent.session()["id"]
    step = {name: value for name, value in STEP.items() if name != "index"}
    for expected in (0, 1):
        assert agent.post(f"sessions/{pk}/steps", step).json()["steps"][0]["index"] == expected


def test_secret_in_a_step_is_redacted_and_said(agent):
    pk = agent.session()["id"]
    body = agent.post(f"sessions/{pk}/steps", {**STEP, "output": "password=hunter2hunter2"}).json()
    assert body["steps"][0]["redactions"]
    assert "hunter2" not in Step.objects.get().raw.text


@pytest.mark.parametrize(
    ("diagnosis", "field"),
    [
        ({"conclusion": "maybe"}, "diagnosis.conclusion"),
        ({"conclusion": []}, "diagnosis.conclusion"),
        ({"conclusion": "root_cause"}, "diagnosis.root_causes"),
        (
            {**DIAGNOSIS, "claims": [{"id": "a", "text": "x", "predicate": {"name": {}}}]},
            "diagnosis.claims[0].predicate.name",
        ),
        ("text", "diagnosis"),
    ],
)
def test_bad_diagnosis_names_the_field(agent, diagnosis, field):
    pk = agent.session()["id"]
    assert error_of(agent.post(f"sessions/{pk}/finish", {"diagnosis": diagnosis})) == (400, "invalid", field)
    assert Session.objects.get().state == Session.State.RECORDING


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"{", "The body is not JSON: Expecting property name enclosed in double quotes at line 1, column 2."),
        (b"\xff", "The body is not UTF-8: byte 0 cannot be read."),
        (b'{"a": NaN}', "The body is not JSON: NaN is no JSON value."),
        (b'{"a": 1e999}', "The body is not JSON: the number 1e999 is too large."),
        (b'{"a": ' * 100_000, "The body is nested too deeply."),
    ],
)
def test_malformed_body_is_named_in_words(agent, raw, message):
    response = agent.post("alerts", raw)
    assert error_of(response) == (400, "parse_error", "")
    assert response.json()["error"]["message"] == message


def test_text_no_database_takes_is_named(agent):
    pk = agent.session()["id"]
    body = b'{"steps": [{"index": 0, "tool": "t", "output": "a\\u0000b"}]}'
    assert error_of(agent.post(f"sessions/{pk}/steps", body)) == (400, "invalid", "steps[0].output")
    body = b'{"tool": "t", "output": "x", "arguments": {"\\ud800": 1}}'
    assert error_of(agent.post(f"sessions/{pk}/steps", body)) == (400, "invalid", "arguments.?")


def test_body_too_large_is_refused(agent):
    assert error_of(agent.post("alerts", b" " * (2**20 + 1))) == (413, "too_large", "")


def test_body_in_chunks_is_not_taken_for_an_empty_one(agent):
    response = agent.client.post("/api/v1/alerts", headers={"transfer-encoding": "chunked"}, CONTENT_LENGTH="")
    assert error_of(response) == (411, "length_required", "")


def test_form_data_is_refused_in_the_same_shape(agent):
    response = agent.client.post("/api/v1/alerts", {"title": "x"})
    assert error_of(response) == (415, "unsupported_media_type", "")


def test_task_holds_what_an_agent_may_see_and_no_answer(agent):
    case = case_of(agent.system)
    response = agent.get(f"cases/{case.pk}/task")
    assert response.json() == {
        "case": case.pk,
        "version": 1,
        "system": "shop",
        "prompt": "Checkout is slow.",
        "context": {"alert": {"labels": {"app": "shop"}}},
        "tools": [
            {
                "name": "get_logs",
                "description": "Read logs.",
                "parameters": {"type": "object", "properties": {"pod": {"type": "string"}}},
                "effectful": False,
            }
        ],
        "fault_classes": ["missing_index", "traffic"],
    }


def test_no_address_tells_any_part_of_the_answer(agent):
    case = case_of(agent.system)
    session = agent.post("sessions", {"case": case.pk, "external_id": "e"})
    pk = session.json()["id"]
    said = [
        session,
        agent.get(f"cases/{case.pk}/task"),
        agent.post(f"sessions/{pk}/steps", STEP),
        agent.post(f"sessions/{pk}/steps", {**STEP, "output": "other"}),
        agent.post("sessions", {"case": case_of(agent.system, "two").pk, "external_id": "e"}),
        agent.post(f"sessions/{pk}/finish", {"diagnosis": {}}),
        agent.post(f"sessions/{pk}/finish", {"diagnosis": DIAGNOSIS}),
        agent.get(f"sessions/{pk}"),
        agent.get("knowledge"),
    ]
    assert [response.status_code for response in said] == [201, 200, 201, 409, 409, 400, 200, 200, 200]
    assert not any(CANARY in response.content.decode() for response in said)


def test_other_systems_and_other_agents_things_are_not_found(agent):
    foreign = Caller("bank")
    case = case_of(foreign.system)
    theirs = foreign.post("sessions", {"case": case.pk}).json()["id"]
    colleague = Caller(name="colleague")
    mine = agent.session()["id"]
    not_found = (404, "not_found", "")
    assert error_of(agent.get(f"cases/{case.pk}/task")) == not_found
    assert error_of(agent.post("sessions", {"case": case.pk})) == not_found
    for caller, pk in ((agent, theirs), (colleague, mine)):
        assert error_of(caller.get(f"sessions/{pk}")) == not_found
        assert error_of(caller.post(f"sessions/{pk}/steps", STEP)) == not_found
        assert error_of(caller.post(f"sessions/{pk}/finish", {"diagnosis": None})) == not_found


def test_token_of_every_system_reaches_every_case():
    case = case_of(Caller("bank").system)
    assert Caller(None).get(f"cases/{case.pk}/task").status_code == 200


def test_session_costs_the_same_queries_for_one_step_and_for_twenty(agent, django_assert_num_queries):
    pk = agent.session()["id"]
    for number in (1, 20):
        steps = [{**STEP, "index": index, "output": str(index)} for index in range(number)]
        agent.post(f"sessions/{pk}/steps", {"steps": steps[:1] if number == 1 else steps[1:]})
        with django_assert_num_queries(3):
            assert agent.get(f"sessions/{pk}").json()["steps"] == number


def test_agent_that_asks_too_often_is_told_how_long_to_wait(agent, monkeypatch):
    from cases.api.agents import PerToken

    monkeypatch.setattr(PerToken, "THROTTLE_RATES", {"agent": "2/min"})
    responses = [agent.get("knowledge") for _ in range(3)]
    assert [response.status_code for response in responses] == [200, 200, 429]
    assert error_of(responses[2]) == (429, "throttled", "")
    assert 0 < int(responses[2]["Retry-After"]) <= 61
    assert Caller(name="other").get("knowledge").status_code == 200


def test_alert_may_carry_any_text(agent):
    nasty = {"title": "<script>alert(1)</script> {{ x }} \u202e", "labels": {"a": "'; DROP TABLE"}}
    assert agent.post("alerts", nasty).status_code == 200
    assert Case.objects.get().name == nasty["title"]


def test_browser_session_is_no_token(django_user_model):
    browser = Client()
    browser.force_login(django_user_model.objects.create(username="lead", is_superuser=True))
    response = browser.post("/api/v1/alerts", json.dumps(WEBHOOK), content_type="application/json")
    assert error_of(response) == (401, "not_authenticated", "")
