import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.calls import canonical, kind_of
from cases.transcript import ToolSchema, digest_of

SCHEMA = ToolSchema(
    "list_resources",
    parameters={
        "type": "object",
        "properties": {
            "kind": {"type": "string"},
            "port": {"type": "integer"},
            "ratio": {"type": "number"},
            "wide": {"type": "boolean"},
            "follow": {"type": "boolean", "default": True},
            "lines": {"type": "integer", "default": 100},
        },
    },
)


def asked(arguments, schema=SCHEMA):
    return canonical("list_resources", arguments, schema).arguments


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ({"kind": "po"}, {"kind": "pods"}),
        ({"kind": "Pod"}, {"kind": "pods"}),
        ({"kind": "deployment.apps"}, {"kind": "deployments"}),
        ({"resource_type": "resourcequota"}, {"resource_type": "resourcequotas"}),
        ({"kind": "widget"}, {"kind": "widget"}),
        ({"kind": "no", "namespace": "market"}, {"kind": "nodes"}),
        ({"kind": "pods", "namespace": "market"}, {"kind": "pods", "namespace": "market"}),
        ({"kind": "pods", "name": None, "label": "", "wide": False, "ids": []}, {"kind": "pods"}),
        ({"start": "0001-01-01T00:00:00+14:00"}, {"start": "0001-01-01T00:00:00+14:00"}),
        ({"wide": True}, {"wide": True}),
        ({"wide": "true"}, {"wide": True}),
        ({"follow": True}, {}),
        ({"follow": False}, {"follow": False}),
        ({"lines": 100}, {}),
        ({"lines": "50"}, {"lines": 50}),
        ({"lines": 50.0}, {"lines": 50}),
        ({"port": "http"}, {"port": "http"}),
        ({"ratio": "0.5"}, {"ratio": 0.5}),
        ({"ratio": "nan"}, {"ratio": "nan"}),
        ({"service": " till "}, {"service": "till"}),
        ({"start": "2026-02-03T04:05:06+08:00"}, {"start": "2026-02-02T20:05:06Z"}),
        ({"start": "2026-02-03T04:05:06Z"}, {"start": "2026-02-03T04:05:06Z"}),
        ({"start": "2026-02-03T04:05:06"}, {"start": "2026-02-03T04:05:06"}),
        ({"start": "2026-99-03T04:05:06Z"}, {"start": "2026-99-03T04:05:06Z"}),
    ],
)
def test_canonical_brings_alike_calls_to_one_form(written, form):
    assert asked(written) == form


def test_canonical_without_schema_keeps_text_and_numbers_apart():
    assert asked({"port": "80"}, None) == {"port": "80"}
    assert canonical("t", {"port": 80}).key != canonical("t", {"port": "80"}).key


def test_canonical_key_is_of_tool_and_sorted_arguments():
    one, other = canonical("t", {"a": 1, "b": 2}), canonical("t", {"b": 2, "a": 1})
    assert one == other
    assert one.key == digest_of(["t", {"a": 1, "b": 2}])
    assert canonical("u", {"a": 1, "b": 2}).key != one.key


def test_kind_of_knows_short_names_only_of_kinds():
    assert (kind_of("svc"), kind_of("PVC"), kind_of("ledger")) == ("services", "persistentvolumeclaims", None)


values = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=12))


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["kind", "namespace", "wide", "lines", "start", "x"]), values))
def test_canonical_form_is_its_own_canonical_form(arguments):
    once = canonical("list_resources", arguments, SCHEMA)
    assert canonical("list_resources", once.arguments, SCHEMA) == once
