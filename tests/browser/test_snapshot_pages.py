"""The snapshot's own page, the case panel and the held-back notice: full, held back and empty."""

from datetime import UTC, datetime, timedelta

import pytest

from cases import recording
from cases.models import Session
from cases.transcript import Level, Observation, Step
from sandbox import admission, capture
from sandbox.environment.base import Recording
from sandbox.environment.world.base import Binding, WorldSpec
from sandbox.environment.world.tables import build_tables
from tests import factories

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
AT = datetime(2024, 5, 1, 12, tzinfo=UTC)
LONG = "GET /reservations?window=2024-05-01T11:40:00Z/2024-05-01T12:00:00Z&expand=guests,rooms " * 2


def world() -> WorldSpec:
    lines = [
        {"at": AT - timedelta(minutes=n), "component": "till", "level": "info", "line": f"INFO answered in {n} ms"}
        for n in range(20)
    ]
    metrics = [
        {"at": AT - timedelta(seconds=30 * n), "component": "till", "metric": "latency_p95_ms", "value": 80.0 + n}
        for n in range(40)
    ]
    binding = Binding("logs", '{component="{{service}}"}', "lines", line="{{line}}", ignored=("lines",))
    tables = build_tables({"logs": lines, "metrics": metrics, "changes": []})
    sampled = {"sampled": {"logs": "one line in ten"}}
    return WorldSpec(tables, {"get_logs": binding}, alert_at=AT, manifest=sampled)


def full():
    case = factories.make_confirmed_case(name="till-latency-after-a-long-release-name")
    snapshot = capture.freeze(case, factories.RECORDINGS, world=world())
    missed = Observation("", is_error=True, level=Level.MISS)
    steps = [Step(n, "get_logs", {"service": name}, missed) for n, name in enumerate(("gate", LONG))]
    capture.note_misses(snapshot, steps)
    admission.measure(snapshot)
    return case


def held_back():
    case = factories.make_confirmed_case()
    session = factories.make_session(case, actor=Session.Actor.EXPERT, engine="imported")
    factories.add_step(session, Recording("get_logs", {"service": "gate"}, "what nobody froze"))
    recording.finish(session, diagnosis=factories.make_diagnosis(), stop_reason="concluded")
    admission.measure(case.snapshots.first())
    return case


@pytest.fixture
def paths(settings, tmp_path):
    """Every page on which a snapshot is shown: with a world, held back, not measured yet."""
    settings.DATA_DIR = tmp_path
    cases = [full(), held_back(), factories.make_confirmed_case()]
    return [*(f"/cases/{case.pk}/{page}" for case in cases for page in ("snapshot/", "")), "/library/"]


def test_nothing_is_wrong_with_what_is_held(paths, sign_in, visit, complaints):
    sign_in("lead", "expert")
    wrong = {}
    for path in paths:
        page = visit(path)
        if path.endswith("/snapshot/"):
            page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        if rest := complaints():
            wrong[path] = rest
    assert wrong == {}


def test_the_page_says_what_is_held_and_where_the_world_says_something_else(paths, sign_in, visit):
    sign_in("lead", "expert")
    page = visit(paths[0])
    tables = page.get_by_role("region", name="Tables of its world").locator("tbody tr").all_inner_texts()
    assert [line.split()[:2] for line in tables] == [
        ["metrics", "captured"],
        ["logs", "sampled"],
        ["changes", "captured"],
    ]
    assert page.get_by_text("Missing: spans, events, objects, topology, slow_queries, alerts.").is_visible()
    oracles = page.get_by_role("region", name="Recorded calls as oracles")
    assert "the world says INFO answered in" in oracles.inner_text()
