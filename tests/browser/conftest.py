"""Pages in Chromium: signed in by cookie, in either theme, with axe at hand."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from playwright.sync_api import expect

from cloudmate.signed_in import SessionStore
from tests import factories

expect.set_options(timeout=30_000)  # ms: a busy machine is late, not wrong


def pytest_collection_modifyitems(items):
    """The plugin that brings ``base_url`` defines it in a way pytest will drop; that is its warning, not ours."""
    theirs = pytest.mark.filterwarnings("ignore:Session-scoped fixtures defined as instance methods")
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(theirs)


@pytest.fixture
def sign_in(page, live_server):
    """Sign a person in with these roles; returns the person."""

    def signed_in(*roles, name=""):
        user = factories.make_user(*roles, name=name)
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.create()
        page.context.add_cookies([{"name": "sessionid", "value": session.session_key, "url": live_server.url}])
        return user

    return signed_in


@pytest.fixture
def visit(page, live_server):
    """Open a path in a theme and wait until its panels have come."""

    def visited(path, *, theme="light", width=1440):
        page.context.add_cookies([{"name": "theme", "value": theme, "url": live_server.url}])
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(live_server.url + path)
        page.wait_for_load_state("networkidle")
        return page

    return visited


@pytest.fixture
def complaints(page):
    """What axe finds wrong with the page as it stands: rule and element."""

    def found():
        violations = Axe().run(page).response["violations"]
        return [(one["id"], node["target"]) for one in violations for node in one["nodes"]]

    return found


@pytest.fixture(autouse=True)
def no_errors_in_the_console(page):
    """A script that fails or breaks the content security policy fails the test."""
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "console", lambda message: errors.append(message.text) if "Content Security Policy" in message.text else None
    )
    yield
    assert errors == []
