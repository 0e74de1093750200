"""The world of a bundle file: there and back, and refused in words where it is not whole."""

import base64
from datetime import UTC, datetime

import pytest

from sandbox.environment.world.base import Binding, WorldSpec
from sandbox.environment.world.tables import build_tables
from sandbox.importers.reading import ReadError
from sandbox.importers.worlds import world_data, world_of

NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
SPEC = WorldSpec(
    build_tables({"logs": [{"at": NOW, "component": "till", "pod": "till-0", "level": "INFO", "line": "all quiet"}]}),
    {"run_sql": Binding("sql", "{{query}}")},
    alert_at=NOW,
)


def data(**changes):
    return world_data(SPEC) | changes


def test_a_world_comes_back_as_it_went():
    there = world_of(data())
    assert (there, there.digest) == (SPEC, SPEC.digest)
    assert there.tables[0].data == SPEC.tables[0].data


def test_a_bundle_may_have_none():
    assert world_of(None) is None


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([], "world: must be an object"),
        (data(data={}), "does not hold the bytes of the table logs"),
        (data(data={SPEC.tables[0].digest: "%%%"}), "is not base64"),
        (data(data={SPEC.tables[0].digest: base64.b64encode(b"other").decode()}), "does not hold the bytes"),
        (data(bindings={"run_sql": {"engine": "magic", "query": "x"}}), "engine: 'magic' is none of"),
        (data(alert_at=None), "a world's clock needs the moment of the alert"),
        (data(tables=[{"name": "logs"}]), "is not a world's spec"),
        ({"data": {}}, "is not a world's spec"),
    ],
)
def test_what_is_not_whole_is_refused(value, said):
    with pytest.raises(ReadError, match=said):
        world_of(value)
