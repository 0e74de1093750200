"""Pages in Chromium: signed in by cookie, and looked at in both themes and on a phone, with axe at hand."""

import time

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from playwright.sync_api import expect

from cloudmate.signed_in import SessionStore
from tests import factories

PHONE = 390  # px
LONGEST = 30  # s, of one answer
LOOK, QUIET = 0.02, 3  # s between looks at what is being answered, and how many without anything: one may just begin
MOVED = 0.02  # of the layout, while a page loads: nobody sees less
SHIFTS = """
    window.shifted = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((one) => { window.shifted += one.value; }))
        .observe({type: "layout-shift", buffered: true});
"""
SET_THEME = "theme => document.documentElement.dataset.theme = theme"
BEYOND = """() => [...document.querySelectorAll(".data--list :is(th, td)")]
    .filter((one) => one.getBoundingClientRect().right > innerWidth).length"""
FIRST_CRUMB_CUT = """() => {
    const first = document.querySelector(".crumbs li");
    return first ? first.scrollWidth > first.clientWidth : false;
}"""

expect.set_options(timeout=30_000)  # ms: a busy machine is late, not wrong


def pytest_collection_modifyitems(items):
    """The plugin that brings ``base_url`` defines it in a way pytest will drop; that is its warning, not ours."""
    theirs = pytest.mark.filterwarnings("ignore:Session-scoped fixtures defined as instance methods")
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(theirs)


@pytest.fixture
def answered(transactional_db):
    """The tables are emptied only after the last answer: a page's panels may still be asked for when a test ends, and
    PostgreSQL ends what empties the tables where both wait for each other."""
    at = []  # a mark for each request that the live server is at

    def begun(**_):
        at.append(True)

    def ended(**_):
        at.pop()

    request_started.connect(begun, sender=WSGIHandler)
    request_finished.connect(ended, sender=WSGIHandler)
    yield
    until, quiet = time.monotonic() + LONGEST, 0
    while quiet < QUIET:
        assert time.monotonic() < until, f"the live server still answers {len(at)} requests"
        quiet = 0 if at else quiet + 1
        time.sleep(LOOK)
    request_started.disconnect(begun, sender=WSGIHandler)
    request_finished.disconnect(ended, sender=WSGIHandler)


@pytest.fixture
def context(answered, context):
    return context  # closed, with its connections, before the wait for what it asked


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
    """Open a path and wait until its panels have come."""

    def visited(path, *, width=1440):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(live_server.url + path)
        page.wait_for_load_state("networkidle")
        return page

    return visited


@pytest.fixture
def complaints(page):
    """What is wrong with the page as it stands: what axe finds in either theme, and what a phone cuts off; {} if nothing."""

    def found():
        size, own = page.viewport_size, page.evaluate("document.documentElement.dataset.theme")
        page.emulate_media(reduced_motion="reduce")  # a colour on its way to another theme is none of either
        wrong = {}
        for theme in ("light", "dark"):
            page.evaluate(SET_THEME, theme)
            violations = Axe().run(page).response["violations"]
            wrong[theme] = [(one["id"], node["target"]) for one in violations for node in one["nodes"]]
        page.evaluate(SET_THEME, own)
        page.set_viewport_size({"width": PHONE, "height": 844})
        wide = page.evaluate("document.documentElement.scrollWidth")
        wrong["width"] = wide if wide > PHONE else None
        wrong["cells beyond the edge"] = page.evaluate(BEYOND)
        wrong["first crumb cut"] = page.evaluate(FIRST_CRUMB_CUT)
        page.set_viewport_size(size)
        return {name: what for name, what in wrong.items() if what}

    return found


@pytest.fixture
def faults(page, visit, complaints):
    """What is wrong with pages, by address: their complaints, and what moved while they loaded; {} if nothing."""
    page.add_init_script(SHIFTS)

    def found(paths):
        wrong = {}
        for path in paths:
            moved = visit(path).evaluate("window.shifted")
            if rest := ({"moved": moved} if moved > MOVED else {}) | complaints():
                wrong[path] = rest
        return wrong

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
