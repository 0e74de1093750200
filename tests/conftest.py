"""What every test may rely on, and what happens where the machine lacks something a test needs.

Such a test skips and names what is missing. With CLOUDMATE_NO_SKIPS=1, as in continuous integration,
a skip is a failure. Tests marked ``verification`` need a real model and run only when asked for by
``-m verification``.
"""

import os
import shutil
from pathlib import Path

import pytest
from django.core.cache import caches

from tests.cloudmate.llm.network import loopback_only

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("CLOUDMATE_SHARED") or ROOT.parent / "shared")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
NEEDS = {  # marker -> (present, what to say where it is not)
    "browser": (bool(CHROMIUM), "Chromium is not installed (apt-get install chromium)"),
    "shared": (SHARED.is_dir(), f"no recorded cases at {SHARED} (CLOUDMATE_SHARED names another place)"),
    "postgres": (
        bool(os.environ.get("CLOUDMATE_TEST_POSTGRES")),
        "no PostgreSQL (CLOUDMATE_TEST_POSTGRES=postgres://user@host:port/name)",
    ),
    "redis": (bool(os.environ.get("CLOUDMATE_TEST_REDIS")), "no Redis (CLOUDMATE_TEST_REDIS=redis://host:port/0)"),
}
ASKS_A_DATABASE = {"db", "transactional_db", "live_server"}  # fixtures
LOOKS = "complaints"  # the fixture that asks axe: what it says of a page is the same on every server
NO_SKIPS = os.environ.get("CLOUDMATE_NO_SKIPS") == "1"

# synchronous Playwright runs an event loop in the thread that also asks the database
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if (item.get_closest_marker("django_db") or ASKS_A_DATABASE & fixtures) and LOOKS not in fixtures:
            item.add_marker(pytest.mark.database)
    for name, (present, words) in NEEDS.items():
        if not present:
            for item in items:
                if item.get_closest_marker(name):
                    item.add_marker(pytest.mark.skip(reason=words))
    if "verification" not in config.option.markexpr:
        asked_for = [item for item in items if item.get_closest_marker("verification")]
        config.hook.pytest_deselected(items=asked_for)
        items[:] = [item for item in items if item not in asked_for]


def _no_skip(report):
    if NO_SKIPS and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"nothing may skip here, but: {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = _no_skip((yield))
    # what a test logged may hold half a character, on purpose; between processes only whole ones travel
    report.sections = [(name, words.encode(errors="backslashreplace").decode()) for name, words in report.sections]
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    return _no_skip((yield))


@pytest.fixture(autouse=True)
def no_outgoing_connections():
    """A real model's answer can make no test pass: nothing but this machine is reached."""
    with loopback_only():
        yield


@pytest.fixture(autouse=True)
def nothing_kept_from_another_test():
    yield
    for cache in caches.all():
        cache.clear()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of recorded cases; mark the test ``shared``."""
    return SHARED


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": CHROMIUM_FLAGS}
