"""The whole loop as people see it in Chromium, from an alert to an agent that knows better; and a rule that is refused.

People sign in, read, type and press buttons; what workers do happens between their steps.
"""

import re

import pytest

from cases.models import Case, Evaluation, Session
from rules import versions
from rules.models import Patch
from sandbox import capture
from tests.flows import library
from tests.flows.production import Production
from tests.lab import lab_case

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

INCIDENT = ("quayside", "missing_index", 1)
TRAFFIC = "connection_pool_too_small"
PASSWORD = "a long word for tests"
OVER_BROAD = """RULE a-full-pool-means-a-missing-index
WHEN evidence(saturation, "pool|connection")
THEN IMPLY missing_index WEIGHT 9
BECAUSE "it was so last time"
"""


@pytest.fixture
def who(db):
    people = library.people()
    for person in vars(people).values():
        person.set_password(PASSWORD)
        person.save(update_fields=["password"])
    return people


@pytest.fixture
def incident(who):
    """An alert has opened a case, and the team's agent has failed on it; its telemetry of that time was frozen."""
    bundle = lab_case(*INCIDENT)
    production = Production(bundle, system=library.stock(who.lead), admin=who.admin)
    case = Case.objects.get(pk=production.alert())
    failed = production.troubleshoot(case.pk, name="before")
    case.refresh_from_db()
    capture.freeze(case, bundle.recordings)
    return production, case, failed


@pytest.fixture
def signs_in(page, live_server):
    """Sign out whoever is there, and sign in by name and password; lands on home."""

    def signed_in(person):
        if page.url.startswith(live_server.url):
            page.get_by_label(re.compile("Account of")).click()
            page.get_by_role("button", name="Sign out").click()
        page.goto(live_server.url)
        page.get_by_label("Name").fill(person.username)
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Your turn").wait_for()

    return signed_in


def verdict(session) -> str:
    return Evaluation.objects.filter(session=session).order_by("-pk").values_list("verdict", flat=True)[0]


def test_people_turn_a_failure_into_knowledge(who, incident, signs_in, page, live_server):
    production, case, failed = incident

    signs_in(who.expert)
    page.get_by_role("link", name="Cases", exact=True).click()
    page.get_by_role("link", name=case.name).click()
    label(page, case)
    page.get_by_role("button", name="Confirm").click()
    page.locator("dd .nowrap", has_text=who.expert.username).wait_for()

    signs_in(who.lead)
    page.locator(".turns").get_by_role("link", name=case.name).click()
    page.get_by_role("button", name="Confirm").click()
    page.locator(".page-head .chip", has_text="Confirmed").wait_for()
    case.refresh_from_db()
    assert case.state == "confirmed"

    library.until_quiet(Case.objects.filter(pk=case.pk))
    assert verdict(failed) in {"wrong", "symptom_only"}
    patch = Patch.objects.get()

    signs_in(who.reviewer)
    page.locator(".turns").get_by_role("link", name=patch.title).click()
    page.get_by_text("The gate lets it through.").wait_for()
    page.get_by_role("link", name="Regression", exact=True).click()
    fixed = page.locator("#group-fixed tr", has_text=case.name)
    assert fixed.locator(".chip").inner_text() == "Fixed"
    assert page.locator("tr.is-bad, .case-column--lost").count() == 0
    page.get_by_role("link", name="Evidence", exact=True).click()
    page.get_by_role("heading", name="What each replay showed").wait_for()
    page.get_by_role("link", name="Conversation", exact=True).click()
    page.get_by_role("button", name="Approve").click()
    page.get_by_text("approved by ria").wait_for()
    page.get_by_role("button", name="Merge into the next version").click()
    page.get_by_text("It is part of knowledge v1").wait_for()
    assert versions.head().number == 1

    page.get_by_role("link", name=case.name).click()
    page.get_by_role("button", name="Run the agent").click()
    page.get_by_text("a run is under way").wait_for()
    library.until_quiet(Case.objects.none())
    page.get_by_role("button", name="Run the agent").and_(page.locator(":enabled")).wait_for(timeout=15_000)
    page.locator("#case-sandbox").get_by_role("link", name=re.compile(r"Session \d+")).first.click()
    page.locator(".page-head .chip", has_text="Success").wait_for()
    session = Session.objects.get(pk=int(re.search(r"/sessions/(\d+)/", page.url).group(1)))
    assert verdict(session) == "success"
    assert session.knowledge_digest == versions.head().value_id

    after = production.troubleshoot(case.pk, name="after")
    library.until_quiet(Case.objects.none())
    assert verdict(after) == "success"


def label(page, case):
    """The expert cleans the case and says what a right diagnosis says."""
    page.get_by_role("button", name="Mark as cleaned").click()
    page.get_by_role("link", name="Label with the answer").click()
    answer = lab_case(*INCIDENT).answer
    page.get_by_label("In one sentence").fill("A query without an index holds the connections")
    for number, cause in enumerate(answer.causes):
        if page.get_by_label("Fault class").count() <= number:
            page.get_by_role("button", name="Another accepted cause").click()
        page.get_by_label("Component").nth(number).fill(cause.component)
        page.get_by_label("Fault class").nth(number).fill(cause.fault_class)
    page.get_by_label("Fault category").fill(answer.category)
    page.get_by_role("button", name="Save the answer").click()
    page.wait_for_url(f"**{case.get_absolute_url()}")


def test_a_rule_that_breaks_another_case_is_refused_before_their_eyes(who, incident, signs_in, page):
    _production, case, _failed = incident
    library.curate(case, lab_case(*INCIDENT), who)

    signs_in(who.expert)
    page.get_by_role("link", name="Patches").first.click()
    page.get_by_role("link", name="Write a rule").click()
    page.get_by_label("Title").fill("A full pool means a missing index")
    page.get_by_label("Rules to add or replace").fill(OVER_BROAD)
    page.get_by_label("Why").fill("It was so last time.")
    page.get_by_role("button", name="Save draft").click()
    page.get_by_role("button", name="Propose").click()
    page.get_by_text("Waiting to be tested on the library.").wait_for()
    library.until_quiet(Case.objects.none())

    # the page that stood open says so by itself
    page.get_by_text("The gate refuses it.").wait_for(timeout=15_000)
    patch = Patch.objects.get()
    lost = patch.regression.pairs.filter(outcome="regressed").select_related("case_version__case")
    assert {pair.case_version.fault_class for pair in lost} == {TRAFFIC}
    said = page.locator("#verdict").inner_text()
    for pair in lost:
        assert pair.case_version.case.name in said
        assert f"Step {pair.divergence['step'] + 1}:" in said
    assert "a-full-pool-means-a-missing-index" in said
    address = page.url

    signs_in(who.reviewer)
    assert page.locator(".turns .turn", has_text=patch.title).count() == 0
    page.goto(address)
    assert page.get_by_role("button", name="Approve").is_disabled()
    assert page.get_by_role("button", name="Merge into the next version").is_disabled()
    page.get_by_role("link", name="Regression", exact=True).click()
    assert page.locator("tr.is-bad").count() == page.locator(".case-column--lost").count() == lost.count()
    page.locator(".case-column--lost").first.click()
    page.get_by_text("They part at step").wait_for()
    page.locator("#parts", has_text="missing_index").wait_for()
    assert versions.head().number == 0
