import json
from datetime import UTC, datetime

import pytest

from sandbox.environment.world.base import BadBinding, Binding, TableFile, Unsupported, WorldSpec

AT = datetime(2026, 3, 1, 10, tzinfo=UTC)
BINDING = Binding("logs", '{component="{{service}}"}', "lines", ignored=("why",), digits=2)
SPEC = WorldSpec((TableFile("logs", "abc", 2, 10, AT, AT),), {"logs": BINDING}, AT, manifest={"system": "shop"})


def test_a_spec_comes_back_from_json_as_it_was():
    body = json.loads(json.dumps(SPEC.as_json()))
    back = WorldSpec.from_json(body, {"abc": b"bytes"})
    assert back == SPEC
    assert back.tables[0].data == b"bytes"


def test_the_digest_covers_bindings_and_clock():
    body = SPEC.as_json()
    assert WorldSpec.from_json(body).digest == SPEC.digest
    for change in ({"now": "2026-03-01T11:00:00Z"}, {"bindings": {}}, {"tables": []}, {"manifest": {}}):
        assert WorldSpec.from_json(body | change).digest != SPEC.digest


def test_a_world_starts_at_its_alert_unless_it_says_otherwise():
    assert SPEC.starts == AT
    assert WorldSpec((), {}, AT, now=AT.replace(hour=11)).starts == AT.replace(hour=11)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ([], "a binding is an object, not list"),
        ({"engine": "sql"}, "query: must be given"),
        ({"engine": "graphql", "query": "x"}, "engine: 'graphql' is none of promql, logs, traces, sql, objects"),
        ({"engine": "sql", "query": 1}, "query: int where text is wanted"),
        ({"engine": "sql", "query": "x", "digits": True}, "digits: bool where int or null is wanted"),
        ({"engine": "sql", "query": "x", "digits": 10**9}, "digits: 1000000000 is not from 0 to 15"),
        ({"engine": "sql", "query": "x", "ignored": [{}]}, "ignored, columns and values hold text only"),
        (
            {"engine": "sql", "query": "x", "values": {"a": 1}},
            "values: an object for each argument, from what it says to what is meant",
        ),
        ({"engine": "sql", "query": "x", "format": "xml"}, "format: 'xml' is none of csv, lines, json, table, kubectl"),
    ],
)
def test_a_bad_binding_is_refused_in_words(body, words):
    with pytest.raises(BadBinding) as refused:
        Binding.from_json(body)
    assert str(refused.value) == words


def test_an_unknown_field_names_those_there_are():
    with pytest.raises(BadBinding, match=r"^qurey: no such field; a binding has engine, query, format"):
        Binding.from_json({"engine": "sql", "qurey": "x"})


def test_unsupported_names_the_word_and_the_page():
    assert str(Unsupported("histogram_quantile", "promql.md")) == (
        "unsupported: histogram_quantile. What can be asked is in sandbox/environment/world/docs/promql.md"
    )
