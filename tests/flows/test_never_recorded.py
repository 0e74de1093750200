"""A rule makes the agent ask what nobody recorded: a world answers, recordings alone say miss, the regression shows which."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cases.models import Case
from sandbox import regression, work
from sandbox.environment.world.base import Binding, WorldSpec
from sandbox.environment.world.tables import build_tables
from sandbox.importers.store import bring_in
from sandbox.knowledge.language import parse
from sandbox.knowledge.rule import EMPTY, Knowledge
from sandbox.lab import make
from sandbox.models import Regression
from tests import factories

pytestmark = pytest.mark.django_db

TOOL = "get_lock_waits"
LOOK = Knowledge(
    parse(
        f"""RULE look-at-locks
WHEN evidence(saturation, "pool|connection")
THEN REQUIRE {TOOL}() BEFORE CONCLUDE
BECAUSE "a full pool is a symptom"
"""
    )
)
AT = datetime(2024, 5, 1, 12, tzinfo=UTC)
WAITS = [
    {
        "at": AT - timedelta(minutes=1),
        "component": "db",
        "pod": "db-0",
        "level": "warn",
        "line": "session 7 waits for 4",
    }
]


def test_world_answers_what_recordings_alone_miss_and_the_regression_page_says_so(client, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    made = make("quayside", "long_transaction_lock", 1)
    bare = replace(
        made, recordings=tuple(taken for taken in made.recordings if taken.tool != TOOL), sessions=(), world=None
    )
    spec = WorldSpec(
        build_tables({"logs": WAITS}), {TOOL: Binding("logs", '{component="db"}', format="lines")}, alert_at=AT
    )
    lead = factories.make_user("lead")
    bring_in(replace(bare, name="recordings alone", identity=("tests", "alone")), confirm_as=lead)
    bring_in(replace(bare, name="with a world", identity=("tests", "world"), world=spec), confirm_as=lead)
    row = regression.open_for(base=EMPTY, candidate=LOOK)
    while Regression.objects.get(pk=row.pk).state == Regression.State.OPEN:
        work.turn()
    said = {found.name: found.beyond_recordings for found in regression.report_of(row).rows}
    asked = "new asked what was never recorded: 1"
    assert said == {"recordings alone": f"{asked} not captured", "with a world": f"{asked} answered by the world"}
    client.force_login(lead)
    page = client.get(f"/regressions/{row.pk}/").content.decode()
    assert f"{asked} not captured" in page
    assert f"{asked} answered by the world" in page
    assert Case.objects.confirmed().count() == 2
