"""Every page there is, found through the addresses: what holds for each, with something behind it and with nothing."""

import pytest
from django.test import Client

from cases.access import ROLES
from cases.models import Case
from rules.models import Patch
from tests import factories
from tests.addresses import one_of_everything, routes

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LONG = "checkout-service-eu-west-1-production-canary-7f9c4d8b6-x2k9q: ErrorBudgetBurnRateCriticalForThirtyMinutes of it"
GROUPS = ("", "cases:", "rules:", "sandbox:")
EMPTY = (
    *("/", "/cases/", "/library/", "/library/?view=map", "/library/?view=next", "/library/import/", "/search/"),
    *("/review/", "/agreement/", "/agreement/quadrants/", "/lab/", "/patches/", "/knowledge/", "/knowledge/insight/"),
    *("/rules/", "/settings/log/", "/settings/tokens/", "/settings/redaction/", "/settings/tools/"),
    *("/nowhere/", "/cases/987654/", "/accounts/password/done/"),
)
SHIFTS = """
    window.shifted = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((one) => { window.shifted += one.value; }))
        .observe({type: "layout-shift", buffered: true});
"""


BEYOND = """() => [...document.querySelectorAll(".data--list :is(th, td)")]
    .filter((one) => one.getBoundingClientRect().right > innerWidth).length"""
FIRST_CRUMB_CUT = """() => {
    const first = document.querySelector(".crumbs li");
    return first ? first.scrollWidth > first.clientWidth : false;
}"""


def pages(group: str) -> list[str]:
    """The addresses of this group that answer a person of every role with a whole page; what has a name has a long one."""
    address = one_of_everything()
    Case.objects.update(name=LONG)
    Patch.objects.update(title=LONG)
    client = Client()
    client.force_login(factories.make_user(*ROLES, name="walker"))
    found = {}
    for name in routes():
        if name.startswith(group) if group else ":" not in name and not name.startswith("api_"):
            answer = client.get(address(name))
            if answer.status_code == 200 and answer.content.lstrip()[:9].lower() == b"<!doctype":
                found[name] = address(name)
    return list(found.values())


@pytest.fixture
def faults(sign_in, visit, page, complaints):
    """What is wrong with pages, by address: complaints of axe in either theme, what moved while it loaded, what a phone cuts off."""
    sign_in(*ROLES)
    page.add_init_script(SHIFTS)
    page.emulate_media(reduced_motion="reduce")  # a colour on its way to another theme is none of either

    def found(paths):
        wrong = {}
        for path in paths:
            visit(path)
            moved = page.evaluate("window.shifted")
            seen = {"moved": moved} if moved > 0.02 else {}
            for theme in ("light", "dark"):
                page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
                if rest := complaints():
                    seen[theme] = rest
            page.set_viewport_size({"width": 390, "height": 844})
            if (width := page.evaluate("document.documentElement.scrollWidth")) > 390:
                seen["width"] = width
            if beyond := page.evaluate(BEYOND):
                seen["cells beyond the edge"] = beyond
            if page.evaluate(FIRST_CRUMB_CUT):
                seen["crumb"] = "the first is cut"
            if seen:
                wrong[path] = seen
        return wrong

    return found


@pytest.mark.parametrize("group", GROUPS)
def test_nothing_is_wrong_with_any_page(group, db, faults):
    paths = pages(group)
    assert len(paths) >= 5
    assert faults(paths) == {}


def test_nothing_is_wrong_where_there_is_nothing_yet(db, faults):
    assert faults(EMPTY) == {}
