"""Redaction patterns of one's own: from page to what is stored."""

from dataclasses import replace

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from cases import redacting
from cases.models import Entry, RedactionPattern
from cases.patterns import PatternError
from sandbox.environment.base import Recording
from tests import factories

pytestmark = pytest.mark.django_db
EXAMPLE = "charged ACME-123456 twice"


@pytest.fixture
def lead():
    return factories.make_user("lead", name="lena")


@pytest.fixture
def account(lead):
    return redacting.add("account", r"ACME-\d{6}", example=EXAMPLE, by=lead)[0]


def test_it_is_taken_out_of_all_that_is_stored_from_then_on(account):
    held = "charged [REDACTED account] twice"
    case = factories.make_case(task=replace(factories.TASK, prompt=EXAMPLE, context={"note": EXAMPLE}))
    assert (case.current.prompt, case.current.context) == (held, {"note": held})
    step = factories.add_step(
        factories.make_session(case), Recording("get_logs", {"service": "ACME-654321"}, EXAMPLE, order=0)
    )
    assert (step.raw.text, step.arguments) == (held, {"service": "[REDACTED account]"})
    assert step.redactions == [{"kind": "account", "count": 2}]
    snapshot = factories.make_snapshot(case, (Recording("get_logs", {}, EXAMPLE, order=0),))
    assert snapshot.redactions == [{"kind": "account", "count": 1}]


def test_it_is_looked_for_no_more_once_it_is_retired(account, lead):
    redacting.retire(account, by=lead)
    assert factories.make_case(task=replace(factories.TASK, prompt=EXAMPLE)).current.prompt == EXAMPLE
    assert list(Entry.objects.values_list("action", "subject", "words")) == [
        ("redaction retired", "account", r"ACME-\d{6}"),
        ("redaction added", "account", r"ACME-\d{6}"),
    ]


def test_pattern_that_does_not_find_its_example_is_refused(lead):
    with pytest.raises(PatternError, match="finds nothing in the example"):
        redacting.add("account", r"ACME-\d{9}", example=EXAMPLE, by=lead)
    with pytest.raises(PatternError, match="small letters"):
        redacting.add("A", r"ACME-\d{6}", example=EXAMPLE, by=lead)
    with pytest.raises(PermissionDenied):
        redacting.add("account", r"ACME-\d{6}", example=EXAMPLE, by=factories.make_user("expert"))
    assert not RedactionPattern.objects.exists()


def test_page_adds_and_retires_and_says_what_is_wrong(client, lead):
    client.force_login(lead)
    address = reverse("cases:redaction")
    assert "connection string" in client.get(address).content.decode()
    refused = client.post(address, {"kind": "account", "pattern": "(A+)+", "example": EXAMPLE})
    assert (refused.status_code, "one pair of parentheses, not repeated" in refused.content.decode()) == (422, True)
    page = client.post(address, {"kind": "account", "pattern": r"ACME-(\d{6})", "example": EXAMPLE}).content.decode()
    assert "charged ACME-[REDACTED account] twice" in page
    row = RedactionPattern.objects.get()
    done = client.post(reverse("cases:retire_redaction", args=[row.pk]), follow=True).content.decode()
    assert "Account is looked for no more." in done
