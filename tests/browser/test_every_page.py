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


@pytest.mark.parametrize("group", GROUPS)
def test_nothing_is_wrong_with_any_page(group, db, sign_in, faults):
    paths = pages(group)
    assert len(paths) >= 5
    sign_in(*ROLES)
    assert faults(paths) == {}


def test_nothing_is_wrong_where_there_is_nothing_yet(db, sign_in, faults):
    sign_in(*ROLES)
    assert faults(EMPTY) == {}
