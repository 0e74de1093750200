from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.environment.world.base import BadQuery, NotCaptured, Unsupported, WorldSpec
from sandbox.environment.world.objects import NotFound, age, object_query
from sandbox.environment.world.opening import Store
from sandbox.environment.world.tables import build_tables
from tests.sandbox.environment.world.conftest import ALERT, at, rows


def ask(store, text, now=ALERT):
    found = object_query(store, text, start=None, end=at(60), now=now)
    return found if isinstance(found, str) else found.rows


def test_a_list_shows_what_was_there_at_the_moment(store):
    assert ask(store, "list kind=po") == [("shop", "Pod", "cart-1", "0/1", "CrashLoopBackOff", "3", "2m")]
    assert [row[2] for row in ask(store, "list kind=pods", at(5))] == ["cart-1", "cart-3"]
    assert ask(store, "list kind=pods namespace=other") == []


def test_a_manifest_is_the_one_of_the_moment(store):
    assert "ready: true" in ask(store, "get kind=pod name=cart-1", at(-2.1))
    assert "ready: false" in ask(store, "get kind=pod name=cart-1", at(-2))


def test_a_description_tells_the_events_up_to_now(store):
    assert ask(store, "describe kind=pod name=cart-1").endswith(
        "Events:\n  Warning  BackOff  2m  (x3)  restarting failed container\n"
    )
    assert ask(store, "describe kind=svc name=cart").endswith("Events:     <none>\n")


def test_a_description_says_where_events_were_not_captured(tmp_path):
    tables = build_tables({"objects": rows()["objects"]})
    store = Store(WorldSpec(tables, {}, ALERT), tmp_path)
    assert ask(store, "describe kind=svc name=cart").endswith("Events:     not captured\n")
    with pytest.raises(NotCaptured, match="events were not captured"):
        ask(store, "events")


def test_what_was_not_there_is_not_found(store):
    with pytest.raises(NotFound, match=r'^Error from server \(NotFound\): pods "cart-3" not found$'):
        ask(store, "get kind=pod name=cart-3")


@pytest.mark.parametrize(("text", "word"), [("delete kind=pod", "delete"), ("get kind=pod watch=true", "get watch=")])
def test_what_is_outside_the_subset_is_named(store, text, word):
    with pytest.raises(Unsupported) as refused:
        ask(store, text)
    assert (refused.value.word, refused.value.page) == (word, "objects.md")


@pytest.mark.parametrize(
    ("text", "words"),
    [("get name=x", "of which kind"), ("describe kind=pod", "which? Give name"), ("get kind=pod name=cart-1 output=wide", "none of yaml, json")],
)  # fmt: skip
def test_what_is_no_query_is_said_in_words(store, text, words):
    with pytest.raises(BadQuery, match=words.replace("?", r"\?")):
        ask(store, text)


@pytest.mark.parametrize(("seconds", "said"), [(-3, "0s"), (119, "119s"), (120, "2m"), (7200, "2h"), (172800, "2d")])
def test_ages_are_as_kubectl_has_them(seconds, said):
    assert age(timedelta(seconds=seconds)) == said


MOMENTS = st.integers(0, 20).map(lambda minute: ALERT + timedelta(minutes=minute))
LIVES = st.lists(st.tuples(st.sampled_from(["Pod", "Service"]), MOMENTS, st.one_of(st.none(), MOMENTS)), max_size=8)


@settings(max_examples=30, deadline=None)
@given(lives=LIVES, now=MOMENTS)
def test_what_is_there_is_what_a_loop_over_the_lives_finds(tmp_path_factory, lives, now):
    held = [
        {"kind": kind, "name": f"n{k}", "from_at": begun, "until_at": until, "manifest": {"kind": kind}}
        for k, (kind, begun, until) in enumerate(lives)
    ]
    store = Store(WorldSpec(build_tables({"objects": held}), {}, ALERT), tmp_path_factory.mktemp("w"))
    expected = sorted(
        row["name"]
        for row in held
        if row["kind"] == "Pod" and row["from_at"] <= now and (row["until_at"] is None or row["until_at"] > now)
    )
    assert [row[2] for row in ask(store, "list kind=pods", now)] == expected
    store.close()
