from dataclasses import replace

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from cases.models import Entry
from rules import patches, policies
from rules.gate import Policy
from tests import factories
from tests.rules import scene

pytestmark = pytest.mark.django_db


def test_the_gates_own_policy_holds_until_a_lead_sets_another():
    assert policies.current() == Policy()
    wanted = replace(Policy(), alpha=0.01, minimum_pairs=4)
    policies.change(wanted, by=factories.make_user("lead"), reason="two flaky merges")
    assert policies.current() == wanted
    entry = Entry.objects.get()
    assert (entry.action, entry.subject, entry.words) == (
        "gate policy set",
        "harmless rules refused at most: 5 % -> 1 %, fewest pairs of a case: 2 -> 4",
        "two flaky merges",
    )


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"alpha": 0}, "harmless"),
        ({"alpha": float("nan")}, "harmless"),
        ({"eps": 0.5}, "net loss"),
        ({"minimum_pairs": 0}, "fewest pairs"),
        ({"minimum_pairs": 30}, "fewest pairs"),
        ({}, "holds already"),
    ],
)
def test_policy_that_the_gate_cannot_hold_to_is_refused_in_words(wrong, words):
    with pytest.raises(policies.PolicyError, match=words):
        policies.change(replace(Policy(), **wrong), by=factories.make_user("lead"), reason="x")
    assert policies.current() == Policy()


def test_only_a_lead_sets_it():
    with pytest.raises(PermissionDenied):
        policies.change(replace(Policy(), alpha=0.01), by=factories.make_user("reviewer", "admin"), reason="x")


def test_verdict_is_given_under_the_policy_of_the_day():
    patch = scene.patch("in_review", "fixed", "same_pass")
    patch.case = factories.make_case()  # which is not among those that ran
    assert patches.verdict_of(patch).decision == "inconclusive"
    policies.change(replace(Policy(), needs_target=False), by=factories.make_user("lead"), reason="rules are split")
    assert patches.verdict_of(patch).decision == "accept"


def test_page_is_read_by_all_and_set_by_a_lead(client):
    address = reverse("rules:policy")
    client.force_login(factories.make_user("expert"))
    assert "A lead sets it." in client.get(address).content.decode()
    client.force_login(factories.make_user("lead", name="lena"))
    sent = {
        "needs_target": "on",
        "alpha": "90",
        "eps": "5",
        "minimum_pairs": "2",
        "maximum_pairs": "20",
        "reason": "r",
    }
    refused = client.post(address, sent)
    assert (refused.status_code, "at most 20 %" in refused.content.decode()) == (422, True)
    words = client.post(address, sent | {"alpha": "a tenth"})
    assert (words.status_code, 'value="a tenth"' in words.content.decode()) == (422, True)
    page = client.post(address, sent | {"alpha": "10"}, follow=True).content.decode()
    assert policies.current().alpha == 0.1
    assert 'name="alpha" value="10"' in page
    assert "It holds for every verdict from now on." in page
    assert "harmless rules refused at most: 10 %" in page
