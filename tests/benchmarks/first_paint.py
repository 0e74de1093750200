"""How long a session of 2,000 steps, one of whose returns has 800 KB, and a regression of 1,000 cases take to their
first paint in Chromium.

    python -m tests.benchmarks.first_paint [--steps 2000] [--loads 9]

Procedure: a session with that many steps, every fifth return a table, a log or a document of some 4 KB, the
first of 800 KB, in an SQLite database in memory; a server in this process; a browser signed in, its cache
warm after one load that is not counted. For each load and each page (the session's page, and the workspace
while it is recorded) the browser's own first-contentful-paint and the end of its load event, both since
navigation began; then how long a search through the 800 KB takes to its marked lines, and the 95th percentile of
the time between two frames while the regression's page scrolls. Least, median and greatest in milliseconds;
where there is a limit, it is on the median, and the command fails beyond it.
"""

import argparse
import os
import statistics
import sys
import time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

import django

django.setup()  # before anything that has models

from django.conf import settings  # noqa: E402
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.db import connection  # noqa: E402
from django.test.utils import setup_test_environment  # noqa: E402
from playwright.sync_api import Page, sync_playwright  # noqa: E402
from pytest_django.live_server_helper import LiveServer  # noqa: E402

from cases import recording  # noqa: E402
from cases.transcript import Observation, Step  # noqa: E402
from cloudmate.signed_in import SessionStore  # noqa: E402
from tests import factories  # noqa: E402
from tests.rules import scene  # noqa: E402

LOG = "".join(
    f"2026-03-01T10:{n // 60 % 60:02}:{n % 60:02}Z {'ERROR' if n % 40 == 0 else 'INFO'} line {n}\n"
    for n in range(22_000)
)
TABLE = "NAME         READY   STATUS    RESTARTS\n" + "".join(
    f"pod-{n:<8} 1/1     Running   {n % 5}\n" for n in range(100)
)
POD = "kind: Pod\nmetadata:\n  name: ledger-0\nspec:\n  nodeName: deck-1\n" * 50
NAVIGATION = """async () => {
    const painted = () => performance.getEntriesByName('first-contentful-paint')[0];
    while (!painted()) await new Promise(requestAnimationFrame);  // what is loaded may still be to be painted
    return [painted().startTime, performance.getEntriesByType('navigation')[0].loadEventEnd];
}"""

REGRESSION = {"regressed": 1, "inconclusive": 7, "fixed": 12, "same_pass": 600, "same_fail": 80, "unaffected": 300}
SCROLL = """async () => {
    const gaps = [];
    let before = performance.now();
    const seen = () => new Promise((done) => requestAnimationFrame((at) => { gaps.push(at - before); before = at; done(); }));
    await seen();
    gaps.length = 0;
    for (let n = 0; n < 60; n++) { window.scrollBy(0, 200); await seen(); }
    return gaps.sort((a, b) => a - b)[Math.floor(gaps.length * .95)];
}"""


def filled(count: int, expert, **how):
    session = factories.make_session(factories.make_case(), actor="expert", engine="expert", by=expert, **how)
    outputs = [LOG, TABLE, LOG[:4000], POD, '{"status": "fine"}']
    recording.append_all(
        session,
        [
            Step(
                at,
                "get_logs",
                {"service": f"s-{at % 700}"},
                Observation(outputs[0 if at == 0 else at % 4 + 1], latency_ms=at % 900),
            )
            for at in range(count)
        ],
    )
    return session


def cookie_of(user, url: str) -> dict[str, str]:
    signed = SessionStore()
    signed[SESSION_KEY] = str(user.pk)
    signed[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    signed[HASH_SESSION_KEY] = user.get_session_auth_hash()
    signed.create()
    return {"name": "sessionid", "value": signed.session_key, "url": url}


def search(page: Page) -> float:
    began = time.monotonic()
    page.locator("#step-0 input[type=search]").fill("line 21999")
    page.locator("#step-0 mark.found").first.wait_for()
    return 1000 * (time.monotonic() - began)


def said(what: str, figures: list[float], *, limit: int | None = None) -> bool:
    """Print them; whether their median holds the limit."""
    least, median, greatest = min(figures), statistics.median(figures), max(figures)
    held = limit is None or median < limit
    told = "" if limit is None else f"; limit {limit}: {'held' if held else 'OVER'}"
    print(f"{what:<44} {least:7.0f} {median:7.0f} {greatest:7.0f} ms, n = {len(figures)}{told}")
    return held


def main() -> bool:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--loads", type=int, default=9)
    given = parser.parse_args()
    setup_test_environment()
    connection.creation.create_test_db(verbosity=0)
    expert = factories.make_user("expert", "lead")
    finished, recorded = filled(given.steps, expert), filled(given.steps, expert)
    recording.finish(finished, diagnosis=factories.make_diagnosis(), stop_reason="concluded")
    regression = scene.large_regression(**REGRESSION)
    server = LiveServer("127.0.0.1")
    server._live_server_modified_settings.enable()
    print(f"{given.steps} steps; the first return has {len(LOG):,} bytes{'':<6}     least  median greatest")
    held = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        context.add_cookies([cookie_of(expert, server.url)])
        page = context.new_page()
        for what, path in (("session", f"/sessions/{finished.pk}/"), ("workspace", f"/sessions/{recorded.pk}/record/")):
            page.goto(server.url + path)
            loads = []
            for _ in range(given.loads):
                page.goto(server.url + path)
                loads.append(page.evaluate(NAVIGATION))
            held.append(said(f"{what}: first contentful paint", [paint for paint, _ in loads], limit=1000))
            said(f"{what}: load event", [load for _, load in loads])
        searches = []
        for _ in range(given.loads):
            page.goto(f"{server.url}/sessions/{finished.pk}/")
            page.wait_for_load_state("networkidle")
            searches.append(search(page))
        said("search through 800 KB (300 ms of them a pause)", searches)
        loads, frames = [], []
        for _ in range(given.loads):
            page.goto(f"{server.url}/regressions/{regression.pk}/")
            loads.append(page.evaluate(NAVIGATION)[0])
            frames.append(page.evaluate(SCROLL))
        held.append(said("regression: first contentful paint", loads, limit=2000))
        held.append(said("regression: between two frames of scrolling", frames, limit=100))
        browser.close()
    server.stop()
    return all(held)


if __name__ == "__main__":
    sys.exit(not main())
