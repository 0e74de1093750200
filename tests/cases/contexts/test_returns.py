import json
from datetime import UTC, datetime, timedelta

import pytest

from cases import annotating
from cases.contexts.returns import Asked, Choice, view_of
from cases.contexts.steps import shown_steps, tree
from sandbox.environment.base import Recording
from tests import factories

pytestmark = pytest.mark.django_db

LOG = "".join(f"2026-03-01T10:00:{n % 60:02}Z {'ERROR' if n % 9 == 0 else 'INFO'} line {n}\n" for n in range(22_000))
CSV = "time,rps,errors\n" + "".join(f"2026-03-01T10:{n:02}:00Z,{n},0\n" for n in range(12))


def step_with(text, **asked):
    return factories.add_step(factories.make_session(), Recording("get_logs", asked or {"service": "ledger"}, text))


def test_a_return_of_800_kb_is_searched_whole_and_loads_in_pieces():
    step = step_with(LOG)
    assert len(LOG) > 800_000
    first = view_of(step, Asked()).piece
    assert (first.end <= 6_000, first.left) == (True, len(LOG) - first.end)
    second = view_of(step, Asked.of({"start": str(first.end)})).piece
    assert (second.start, second.lines[0].number) == (first.end, len(first.lines) + 1)
    found = view_of(step, Asked.of({"find": "line 21999"}))
    assert [(line.number, line.level) for line in found.piece.lines] == [(22_000, "")]
    assert (found.piece.sieve.matching, found.piece.sieve.total) == (1, 22_000)


def test_the_next_matches_are_asked_for_by_address():
    view = view_of(step_with(LOG), Asked.of({"level": "bad", "find": "line"}))
    assert (len(view.piece.lines), view.next_matches) == (400, "find=line&level=bad&after=400")


def test_chart_holds_every_point():
    view = view_of(step_with(CSV), Asked.of({"as": "chart"}))
    assert [(one["name"], len(one["values"])) for one in view.chart["series"]] == [("rps", 12), ("errors", 12)]


def test_a_call_made_again_shows_what_changed():
    session = factories.make_session()
    for text in ("a\nb\n", "a\nc\n"):
        factories.add_step(session, Recording("get_logs", {"service": "ledger"}, text))
    first, second = shown_steps(session)
    assert [first.same_before, second.same_before] == [None, 0]
    assert second.choices == (Choice("text", "As printed"), Choice("diff", "Changes"))
    view = view_of(second.step, Asked.of({"as": "diff"}))
    assert (view.diff.added, view.diff.removed, view.diff_of) == (1, 1, 0)


def test_evidence_is_marked_where_a_search_finds_it(django_user_model):
    step = step_with(LOG)
    annotating.annotate(
        step.session, kind="evidence", quote="ERROR line 0", step=step, by=factories.make_user("expert")
    )
    line = view_of(step, Asked.of({"find": "line 0"})).piece.lines[0]
    assert [(part.text, part.marked, part.found) for part in line.segments] == [
        ("2026-03-01T10:00:00Z ", False, False),
        ("ERROR ", True, False),
        ("line 0", True, True),
    ]


def test_json_too_big_for_its_beginning_folds_on_demand():
    step = step_with(json.dumps([{"name": f"pod-{n}"} for n in range(600)]))
    (shown,) = shown_steps(step.session)
    assert [choice.value for choice in shown.choices] == ["text", "json"]
    assert len(view_of(step, Asked.of({"as": "json"})).piece.nodes) == 600


@pytest.mark.parametrize("given", [{"as": "odd"}, {"start": "-4"}, {"sort": "x"}, {"find": "\x00"}, {"level": "loud"}])
def test_what_an_address_asks_oddly_asks_nothing(given):
    assert Asked.of(given) == Asked()


def test_a_document_nested_deeper_than_any_page_is_shown(client):
    step = step_with('{"a":' * 400 + "1" + "}" * 400)
    client.force_login(factories.make_user("expert"))
    assert client.get(f"/sessions/{step.session_id}/steps/0/return/?as=json").status_code == 200


def test_steps_are_read_in_as_many_queries_whatever_their_number(django_assert_num_queries):
    session = factories.make_session()
    for _ in range(12):
        factories.add_step(session)
    with django_assert_num_queries(3):
        assert len([shown.choices for shown in shown_steps(session)]) == 12


def test_how_long_a_return_was_looked_at_is_until_the_next_call():
    session = factories.make_session()
    began = datetime(2026, 3, 1, 10, tzinfo=UTC)
    for at in (began, began + timedelta(seconds=42), None):
        factories.add_step(session, at=at)
    assert [branch.looked_ms for branch in tree(session)] == [42_000, None, None]
    assert tree(factories.make_session()) == []
