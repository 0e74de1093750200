"""The lab's pages in a browser: the room is worked with the keyboard alone, and nothing tells what it is before the end."""

from itertools import pairwise

import pytest
from django.utils import timezone

from sandbox import incidents
from sandbox.models import LiveIncident
from tests.sandbox.lab.drawn import seed_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def begun(by, **how):
    seed = seed_of("missing_index", category="database")
    return incidents.begin(system="quayside", category="database", level="hard", by=by, seed=seed, **how)


def ended(by):
    row = begun(by)
    facts = incidents.seen(row, row.since).effect.facts
    incidents.run_tool(row, "create_index", {"table": facts["table"], "column": facts["column"]}, now=row.since)
    incidents.run_tool(row, "get_pool_status", {"service": facts["owner"]}, now=row.since)
    LiveIncident.objects.filter(pk=row.pk).update(minute_at=row.began + 20)
    row = LiveIncident.objects.select_related("session").get(pk=row.pk)
    incidents.give_up(row, now=timezone.now())
    return row


def test_nothing_is_wrong_in_the_lab(db, sign_in, faults):
    me = sign_in("lead", "expert")
    paths = ["/lab/", begun(me).get_absolute_url(), ended(me).get_absolute_url(), "/lab/?of=team"]
    assert faults(paths) == {}


def test_an_incident_is_worked_with_the_keyboard_alone(db, sign_in, visit, page):
    sign_in("expert")
    visit("/lab/")
    page.locator("#id_category").focus()
    page.keyboard.type("Database")
    page.get_by_role("button", name="Start").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/lab/*/")
    row = LiveIncident.objects.get()
    page.locator("#console-line").wait_for()
    page.locator("#tile-shelf").focus()
    page.keyboard.press("Enter")
    line = page.locator("#console-line")
    assert line.input_value() == "get_metrics service=shelf "
    assert page.evaluate("document.activeElement.id") == "console-line"
    line.fill("get_lock_waits")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    page.locator("#step-0").wait_for()
    line.fill("scale_deployment service=till replicas=4")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    page.locator("#room .feed__item", has_text="scale_deployment").wait_for()
    assert list(row.actions.values_list("tool", flat=True)) == ["scale_deployment"]


def test_clock_runs_and_alerts_come_in_by_themselves(db, sign_in, visit, page):
    me = sign_in("expert")
    row = begun(me, begins=incidents.QUIET, pace=20)
    visit(row.get_absolute_url())
    assert page.get_by_text("All quiet.").is_visible()
    clock = page.get_by_role("timer")
    before = clock.inner_text()
    page.wait_for_timeout(1500)
    assert clock.inner_text() > before
    LiveIncident.objects.filter(pk=row.pk).update(minute_at=row.began + 8)
    page.locator("#room .feed__item").first.wait_for(timeout=10_000)
    assert page.locator("#room .tile--critical").count() > 0
    page.get_by_role("button", name="Pause").click()
    page.get_by_text("Stands still").wait_for()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    stood = clock.inner_text()
    page.wait_for_timeout(3500)
    assert (clock.inner_text(), asked) == (stood, [])


def test_what_is_typed_stays_while_alerts_come_in(db, sign_in, visit, page):
    me = sign_in("expert")
    row = begun(me, pace=20)
    visit(row.get_absolute_url())
    page.locator("#console-line").fill("get_metrics service=")
    page.wait_for_timeout(3600)
    assert page.locator("#console-line").input_value() == "get_metrics service="
    assert page.evaluate("document.activeElement.id") == "console-line"


def test_giving_up_shows_what_it_was(db, sign_in, visit, page):
    me = sign_in("expert")
    row = begun(me)
    visit(row.get_absolute_url())
    assert row.fault not in page.content()
    page.locator("#room-more summary").click()
    page.get_by_role("button", name="Give up and see what it was").click()
    page.get_by_role("heading", name=row.fault).wait_for()
    assert page.get_by_role("img", name="Share of requests that failed").is_visible()


def test_debrief_shows_its_whole_chart_on_a_phone(db, sign_in, visit, page):
    visit(ended(sign_in("expert")).get_absolute_url(), width=390)
    chart = page.get_by_role("img", name="Share of requests that failed")
    inside = "one => one.getBoundingClientRect().right <= one.closest('.panel').getBoundingClientRect().right"
    assert [chart.locator(which).first.evaluate(inside) for which in (".felt__here", "text >> nth=4")] == [True, True]


def test_debrief_draws_no_recovery_before_what_caused_it(db, sign_in, visit, page):
    visit(ended(sign_in("expert")).get_absolute_url())
    drawn = page.locator(".felt__here").get_attribute("points").split(" ")
    points = [tuple(map(float, point.split(","))) for point in drawn]
    assert [a for a, b in pairwise(points) if a[0] != b[0] and a[1] != b[1]] == []
