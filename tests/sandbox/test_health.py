import pytest
from django.urls import reverse

from cases.health import FAILS, HOLDS, OPEN
from sandbox import admission, health
from sandbox.environment.base import Recording
from tests import factories
from tests.sandbox.test_admission import UNSEEN, confirmed_with_path

pytestmark = pytest.mark.django_db


def states(case) -> dict[str, str]:
    return {check.name: check.state for check in health.checks_of(case, case.snapshots.first())}


def test_what_is_frozen_is_healthy_once_its_path_replays():
    case = confirmed_with_path(factories.RECORDINGS[0])
    assert states(case)["Reference path replays"] == OPEN
    admission.admit()
    assert states(case) == dict.fromkeys(
        ("No secrets in recordings", "Answer not in recordings", "Reference path replays"), HOLDS
    )


def test_missed_call_of_the_reference_path_is_named():
    case = confirmed_with_path(factories.RECORDINGS[0], UNSEEN)
    admission.admit()
    assert health.replay(case.snapshots.get()).words == "1 of 2 calls are not captured: get_logs"


def test_return_that_holds_the_label_as_written_gives_the_answer_away():
    planted = Recording("get_logs", {"service": "ledger"}, "note: this is missing_index\n", order=0)
    case = factories.make_confirmed_case(recordings=(planted,))
    check = health.leak(case, case.snapshots.get())
    assert (check.state, check.words) == (FAILS, "1 of 1 returns hold the label missing_index as it is written")


def test_secrets_of_the_returns_are_told_by_kind():
    taken = Recording("get_logs", {"service": "ledger"}, "password=hunter2hunter2\n", order=0)
    case = factories.make_confirmed_case(recordings=(taken,))
    assert health.secrets(case.snapshots.get()).words == "1 returns: 1 × password taken out"


def test_case_without_recordings_says_what_that_means(client):
    case = factories.make_labelled_case()
    client.force_login(factories.make_user("lead"))
    response = client.get(reverse("sandbox:health", args=[case.pk]))
    assert [(check.name, check.state) for check in response.context["checks"]] == [("Recordings", FAILS)]
    assert "no agent can run on it" in response.content.decode()
