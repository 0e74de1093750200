"""A rule makes the agent ask what nobody recorded: the lab's own world answers, recordings alone say miss, the regression shows which."""

from dataclasses import replace

import pytest

from cases.models import Step
from cases.transcript import Level
from sandbox import regression, reports, work
from sandbox.importers.store import bring_in
from sandbox.knowledge.language import parse
from sandbox.knowledge.rule import EMPTY, Knowledge
from sandbox.models import Regression
from tests import factories
from tests.lab import lab_case

pytestmark = pytest.mark.django_db

TOOL = "query_metrics"
LOOK = Knowledge(
    parse(
        f"""RULE look-at-the-worst-minute
WHEN evidence(saturation, "pool|connection")
THEN REQUIRE {TOOL}(query = "topk(5, max_over_time(latency_p95_ms[10m]))") BEFORE CONCLUDE
BECAUSE "a full pool is a symptom of whoever holds its connections"
"""
    )
)


def test_world_answers_what_recordings_alone_miss_and_the_regression_page_says_so(client, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    made = replace(lab_case("quayside", "long_transaction_lock", 1), sessions=())
    assert TOOL not in {taken.tool for taken in made.recordings}
    lead = factories.make_user("lead")
    bring_in(replace(made, name="recordings alone", identity=("tests", "alone"), world=None), confirm_as=lead)
    bring_in(replace(made, name="with its world", identity=("tests", "world")), confirm_as=lead)
    row = regression.open_for(base=EMPTY, candidate=LOOK)
    while Regression.objects.get(pk=row.pk).state == Regression.State.OPEN:
        work.turn()
    asked = Step.objects.filter(tool=TOOL).values_list("session__case__name", "level", "is_error").distinct()
    assert set(asked) == {("recordings alone", Level.MISS, True), ("with its world", Level.R3, False)}
    said = {found.name: found.beyond_recordings for found in reports.report_of(row).rows}
    assert "answered by the world" not in said["recordings alone"]
    assert "not captured" in said["recordings alone"]
    assert "answered by the world" in said["with its world"]
    client.force_login(lead)
    page = client.get(f"/regressions/{row.pk}/").content.decode()
    assert all(words in page for words in said.values())
