from dataclasses import replace

import pytest

from cases import intake
from cases.intake import IntakeError
from cases.models import Case
from tests.factories import ANSWER, TASK, make_confirmed_case, make_system

pytestmark = pytest.mark.django_db


def open_one(*, task=TASK, answer=ANSWER, **how):
    fields = {"system": make_system(), "name": "one", "origin": "somebody", "origin_path": "one"} | how
    return intake.open_case(task=task, answer=answer, **fields)


def firing(fingerprint="f1", **fields):
    return {
        "status": "firing",
        "labels": {"alertname": "Slow", "namespace": "market"},
        "annotations": {"summary": "Checkout is slow", "description": "p99 over 4 s"},
        "startsAt": "2026-02-03T04:05:06Z",
        "fingerprint": fingerprint,
    } | fields


def test_case_opens_with_its_first_version():
    opened = open_one(tags=["a"], gates=False, source={"licence": "MIT"})
    assert opened.outcome == "created"
    assert (opened.case.state, opened.case.tags, opened.case.gates, opened.case.source) == (
        Case.State.DRAFT,
        ["a"],
        False,
        {"licence": "MIT"},
    )
    assert (opened.version.number, opened.version.fault_class, opened.version.category) == (
        1,
        "missing_index",
        "database",
    )
    assert opened.version.parsed_answer() == ANSWER


def test_same_content_again_changes_nothing():
    first, again = open_one(), open_one()
    assert (again.outcome, again.case, again.version) == ("unchanged", first.case, first.version)


def test_changed_content_makes_a_new_version():
    first = open_one()
    changed = open_one(task=replace(TASK, prompt="Checkout is down."), name="renamed")
    assert (changed.outcome, changed.case, changed.version.number) == ("new_version", first.case, 2)
    case = Case.objects.get()
    assert (case.name, case.current) == ("renamed", changed.version)
    assert first.version.prompt == "Checkout is slow."


def test_content_of_an_older_version_makes_it_current_again():
    first = open_one()
    open_one(task=replace(TASK, prompt="Checkout is down."))
    back = open_one()
    assert (back.outcome, back.version) == ("new_version", first.version)
    assert back.case.versions.count() == 2


def test_confirmed_case_with_changed_content_leaves_the_gate():
    case = make_confirmed_case()
    intake.revise(case, task=replace(TASK, prompt="Checkout is down."), answer=ANSWER)
    case.refresh_from_db()
    assert (case.state, case.state_reason) == (
        Case.State.QUARANTINED,
        "its content changed: version 2 is to be confirmed",
    )


def test_case_no_database_can_hold_is_refused():
    with pytest.raises(IntakeError, match="The case holds a NUL"):
        open_one(task=replace(TASK, context={"a": ["\x00"]}))
    assert not Case.objects.exists()


def test_secrets_in_prompt_and_context_are_redacted():
    opened = open_one(task=replace(TASK, prompt="password=hunter2", context={"url": "redis://:hunter2@cache"}))
    assert opened.version.prompt == "password=[REDACTED password]"
    assert opened.version.context == {"url": "redis://:[REDACTED connection string]@cache"}
    again = open_one(task=replace(TASK, prompt="password=hunter2", context={"url": "redis://:hunter2@cache"}))
    assert again.outcome == "unchanged"


def test_alerts_of_a_webhook_open_one_case_each():
    payload = {
        "receiver": "cloudmate",
        "commonLabels": {"severity": "page"},
        "alerts": [firing(), firing("f2", annotations={}), firing("f3", status="resolved")],
    }
    cases = intake.receive_alert(payload)
    assert [(case.name, case.origin_path, case.system.slug) for case in cases] == [
        ("Checkout is slow", "market/f1/2026-02-03T04:05:06Z", "market"),
        ("Slow", "market/f2/2026-02-03T04:05:06Z", "market"),
    ]
    version = cases[0].current
    assert version.prompt == "Checkout is slow\np99 over 4 s"
    assert version.context == {
        "alert": {"receiver": "cloudmate", "commonLabels": {"severity": "page"}, **payload["alerts"][0]}
    }
    assert version.answer == {}


def test_same_firing_again_is_the_same_case_and_keeps_its_label():
    case = intake.receive_alert({"alerts": [firing()]})[0]
    intake.revise(case, task=TASK, answer=ANSWER)
    again = intake.receive_alert({"alerts": [firing(endsAt="2026-02-03T05:05:06Z")]})
    assert again == [case]
    assert again[0].current.parsed_answer() == ANSWER


def test_later_firing_of_the_same_alert_is_another_case():
    one = intake.receive_alert({"alerts": [firing()]})
    assert intake.receive_alert({"alerts": [firing(startsAt="2026-03-03T04:05:06Z")]}) != one


def test_plain_alert_is_idempotent():
    payload = {"title": "Checkout is slow", "description": "since noon", "labels": {"system": "Market Hall"}}
    case = intake.receive_alert(payload)[0]
    assert (case.name, case.system.slug, case.current.prompt) == (
        "Checkout is slow",
        "market-hall",
        "Checkout is slow\nsince noon",
    )
    assert intake.receive_alert(payload) == [case]


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ([], "must be a JSON object"),
        ({}, "title is missing"),
        ({"title": 3}, "title is missing"),
        ({"title": "x", "description": []}, "description must be text"),
        ({"title": "x", "labels": ["a"]}, "alert.labels must be an object of texts"),
        ({"alerts": {}}, "alerts must be a list"),
        ({"alerts": [3]}, r"alerts\[0\] must be an object"),
        ({"alerts": [{"labels": {"a": 1}}]}, r"alerts\[0\].labels must be an object of texts"),
        ({"alerts": [{"labels": {"a": "b"}, "fingerprint": 3}]}, r"alerts\[0\].fingerprint must be text"),
        ({"title": "a\x00"}, "holds a NUL"),
        ({"alerts": [{}]}, r"alerts\[0\] has neither labels nor annotations"),
    ],
)
def test_alert_that_is_not_in_form_is_refused_whole(payload, message):
    with pytest.raises(IntakeError, match=message):
        intake.receive_alert(payload)
    assert not Case.objects.exists()
