import re

import pytest

from sandbox import regression_contexts as pages
from sandbox.models import Pair
from tests import factories
from tests.rules import scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in(client):
    client.force_login(factories.make_user("reviewer"))
    return client


def names(page: dict) -> list[str]:
    return [item.row.name for group in page["groups"] for item in group.rows]


def test_rows_come_in_pieces_that_make_the_whole():
    row = scene.large_regression(regressed=1, fixed=20, same_pass=200)
    first = pages.regression(row)
    assert (len(names(first)), first["upto"], first["chosen"], first["following"]) == (30, 30, 221, 130)
    more = pages.rows(row, show="", tag="", start=30, upto=130)
    assert (len(names(more)), more["following"]) == (100, 221)
    rest = pages.rows(row, show="", tag="", start=130, upto=221)
    assert (len(names(rest)), rest["following"]) == (91, 0)
    whole = names(pages.regression(row, upto=221))
    assert names(first) + names(more) + names(rest) == whole
    assert len(set(whole)) == 221


def test_piece_that_goes_on_repeats_no_heading():
    row = scene.large_regression(same_pass=220)
    rest = pages.rows(row, show="", tag="", start=10, upto=20)
    assert [(group.heading, group.continued, group.of, len(group.rows)) for group in rest["groups"]] == [
        ("Configuration", True, 37, 10)
    ]


@pytest.mark.parametrize(
    ("show", "count"),
    [("", 60), ("changed", 7), ("regressed", 2), ("fixed", 5), ("must-pass", 2), ("misses", 3), ("inconclusive", 3)],
)
def test_filters(show, count):
    row = scene.large_regression(regressed=2, fixed=5, inconclusive=3, same_pass=50)
    page = pages.regression(row, show=show)
    assert (page["chosen"], dict(page["filters"])[show]) == (count, count)


def test_tag_narrows_and_the_picture_stays_whole():
    row = scene.large_regression(same_pass=101)
    page = pages.regression(row, tag="nightly")
    assert (page["chosen"], page["tags"]) == (3, ["nightly"])
    assert sum(len(group.rows) for group in page["matrix"]) == 101


def test_what_it_took_counts_only_sessions_made_for_it():
    row = scene.regression("fixed", "same_pass")
    for pair in row.pairs.all():
        pair.candidate_session.started_at = row.opened_at
        pair.candidate_session.save(update_fields=["started_at"])
    assert pages.spent_on(row).ran == 4
    kept = row.pairs.first().base_session
    kept.started_at = row.opened_at.replace(year=2020)
    kept.save(update_fields=["started_at"])
    assert pages.spent_on(scene.large_regression()).ran == 0
    spent = pages.spent_on(row)
    assert (spent.ran, spent.tokens, spent.calls) == (3, None, 6)


def test_case_that_changed_since_is_stale():
    row = scene.regression("same_pass")
    version = row.pairs.get().case_version
    newer = type(version).objects.create(
        case=version.case, number=2, digest="newer", task_digest="newer", prompt="another"
    )
    version.case.current = newer
    version.case.save(update_fields=["current"])
    shown = pages.regression(row)["groups"][0].rows[0]
    assert shown.row.stale is True


def test_one_run_of_a_sampling_agent_is_underpowered_and_one_of_the_offline_agent_is_not():
    row = scene.regression("same_pass", "fixed")
    assert pages.regression(row)["underpowered"] == 0
    row.engine = "llm"
    page = pages.regression(row)
    assert (page["underpowered"], [item.underpowered for group in page["groups"] for item in group.rows]) == (
        1,
        [False, True],
    )


def test_live_part_answers_nothing_until_something_happened(signed_in):
    row = scene.regression("fixed", waiting=1, state="open")
    url = f"/regressions/{row.pk}/"
    page = signed_in.get(url).content.decode()
    seen = re.search(r"seen=([\w-]+)", page).group(1)
    asked = {"HX-Request": "true"}
    assert signed_in.get(f"{url}?seen={seen}", headers=asked).status_code == 204
    Pair.objects.filter(regression=row, outcome="").update(state="done", outcome="same_pass")
    answer = signed_in.get(f"{url}?seen={seen}", headers=asked)
    assert (answer.status_code, "2 of 2 pairs" in answer.content.decode()) == (200, True)


def test_piece_is_served_alone(signed_in):
    row = scene.large_regression(same_pass=150)
    piece = signed_in.get(f"/regressions/{row.pk}/?from=100&upto=150", headers={"HX-Request": "true"}).content.decode()
    assert piece.count('<tr id="case-') == 50
    assert "figure" not in piece
    assert 'id="rows-upto" value="150"' in piece


@pytest.mark.parametrize("address", ["?upto=-5", "?upto=x", "?from=-3", "?show=x&tag=nothing"])
def test_nonsense_in_the_address_breaks_nothing(signed_in, address):
    row = scene.regression("fixed")
    assert signed_in.get(f"/regressions/{row.pk}/{address}").status_code == 200
    assert signed_in.get(f"/regressions/{row.pk}/{address}", headers={"HX-Request": "true"}).status_code == 200
