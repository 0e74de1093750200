"""Where a case comes from and what becomes of it in other guises: in both themes and on a phone."""

import pytest

from cases.models import Case
from rules import versions
from rules.models import Patch
from sandbox import variant_runs
from sandbox import work as sandbox_work
from sandbox.importers.store import bring_in
from sandbox.lab import make
from sandbox.models import VariantRun
from tests import factories
from tests.rules import scene

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def case(db):
    merged, waiting = scene.patch("in_review", "fixed"), scene.patch("draft")
    bring_in(make("quayside", "connection_pool_too_small", 1), confirm_as=factories.make_user("lead"))
    found = Case.objects.get(origin="sandbox.lab")
    Patch.objects.filter(pk__in=[merged.pk, waiting.pk]).update(case=found)
    return found


def test_nothing_is_wrong_with_a_case_and_its_guises(case, sign_in, faults):
    variant_runs.ask(case.current, versions.knowledge(versions.head()))
    row = VariantRun.objects.first()
    variant_runs.execute(row)  # one that ran, others that wait
    sign_in("lead", "expert")
    assert faults([f"/cases/{case.pk}/variants/", f"/cases/{case.pk}/"]) == {}


def test_variants_are_run_from_the_case_and_show_by_themselves_what_came_of_them(case, sign_in, visit, page):
    sign_in("expert")
    visit(f"/cases/{case.pk}/")
    page.get_by_role("link", name="In other guises").click()
    page.get_by_role("button", name="Run the agent on all").focus()
    page.keyboard.press("Enter")
    page.get_by_text("Queued").first.wait_for()
    sandbox_work.turn(limit=50)
    n, found = VariantRun.objects.count(), VariantRun.objects.filter(verdict="success").count()
    assert (found > 0, n > 4) == (True, True)
    page.locator("p:not(.sr-only)", has_text=f"The agent is right in {found} of {n} variants").wait_for()


def test_back_shows_the_page_and_not_the_part_of_it_that_came_last(case, sign_in, visit, page):
    sign_in("expert")
    visit(f"/cases/{case.pk}/variants/")
    page.get_by_role("button", name="Run the agent on all").wait_for()
    visit("/cases/")
    page.go_back()
    page.get_by_role("heading", name="In other guises").wait_for()
    page.get_by_role("button", name="Run the agent on all").wait_for()
