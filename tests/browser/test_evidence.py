"""The evidence chain in Chromium: its breaks at a glance, by keyboard, in both themes and on a phone."""

import pytest

from cases.diagnosis import Claim, ClaimKind, Link, Ref, RootCause
from cases.evaluation.run import evaluate_session
from cases.recording import finish
from sandbox.environment.base import Recording
from tests import factories

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TOPOLOGY = "gateway -> ledger\nledger -> store\ngateway -> mailer\n"
SLOW = "ledger p99 4102 ms, usually 80 ms"
SCAN = "store: Seq Scan on entries, 1204331 rows removed by filter"


@pytest.fixture
def session(db):
    """A session of which one link runs against the topology, one quote is not there and one call came twice."""
    found = factories.make_session(factories.make_labelled_case())
    for tool, text in (("get_topology", TOPOLOGY), ("get_metrics", SLOW), ("get_slow_queries", SCAN)):
        factories.add_step(found, Recording(tool, {"service": "ledger"}, text))
    factories.add_step(found, Recording("get_metrics", {"service": "ledger"}, SLOW))
    claims = (
        Claim(
            "c1", ClaimKind.INFERENCE, "entries of store has no index, so store reads it whole", (Ref(2, "Seq Scan"),)
        ),
        Claim("c2", ClaimKind.OBSERVATION, "gateway answers with errors", (Ref(1, "gateway 5xx 12 %"),)),
        Claim("c3", ClaimKind.OBSERVATION, "ledger is slow", (Ref(1, "p99 4102 ms"), Ref(3, SLOW))),
        Claim("c4", ClaimKind.INFERENCE, "mailer waits for it"),
    )
    links = (Link("c1", "c3"), Link("c2", "c3"), Link("c1", "c2"), Link("c3", "c4"))
    cause = RootCause("store", "missing_index", claim="c1")
    said = factories.make_diagnosis(root_causes=(cause,), claims=claims, chain=links)
    finish(found, diagnosis=said, stop_reason="concluded")
    evaluate_session(found)
    return found


def test_breaks_are_named_marked_and_reached_by_keyboard(session, sign_in, visit, page):
    sign_in("expert")
    visit(f"{session.get_absolute_url()}?tab=chain")
    named = page.locator(".chain-breaks li").all_inner_texts()
    assert "Link 2: it is gateway that depends on ledger" in [text.strip() for text in named]
    assert page.locator(".arc.is-broken .arc__number").all_text_contents() == ["2"]
    first = page.locator(".chain-row a").first
    first.focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent").strip() == "step 3"
    page.keyboard.press("Enter")
    page.wait_for_url("**tab=transcript#step-2")


def test_what_was_asked_twice_is_shown_side_by_side(session, sign_in, visit, page):
    sign_in("expert")
    visit(f"{session.get_absolute_url()}?tab=scores")
    sides = page.locator(".pair__side")
    assert [text.split()[:3] for text in sides.all_inner_texts()[:2]] == [
        ["step", "2", "get_metrics"],
        ["step", "4", "get_metrics"],
    ]
    sides.nth(1).click()
    page.wait_for_url("**tab=transcript#step-3")


def test_nothing_is_wrong_with_evidence(session, sign_in, faults):
    sign_in("expert")
    assert faults(f"{session.get_absolute_url()}?tab={tab}" for tab in ("chain", "scores")) == {}
