"""The left navigation: wherever one is, it says where that belongs."""

import re

import pytest
from django.test import Client

from cases.access import ROLES
from cloudmate.templatetags.navigation import Link
from tests import factories
from tests.addresses import one_of_everything, routes

pytestmark = pytest.mark.django_db


def test_every_page_marks_the_one_link_it_belongs_to():
    address = one_of_everything()
    client = Client()
    client.force_login(factories.make_user(*ROLES))
    marked = {}
    for name in routes():
        page = client.get(address(name)).content.decode(errors="replace") if not name.startswith("api_") else ""
        if 'class="side"' in page:
            marked[name] = len(re.findall(r'class="nav-link" href="[^"]*" aria-current="page"', page))
    assert len(marked) > 30
    assert {name: count for name, count in marked.items() if count != 1} == {"search": 0}  # which is of no list


def test_nobody_is_led_to_a_page_that_is_closed_to_them():
    client = Client()
    client.force_login(factories.make_user("admin"))
    page = client.get("/agreement/").content.decode()
    assert 'href="/review/"' not in page


@pytest.mark.parametrize(("count", "told"), [(0, "0"), (99, "99"), (100, "99+"), (1_000, "99+")])
def test_of_many_it_says_that_they_are_many(count, told):
    assert Link("/", "Library", "library", "l", current=False, count=count).told == told
