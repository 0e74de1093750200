import json

import pytest

from cases.series import series_in

ROWS = range(6)
CSV = "time,rps,errors,gap,word\n" + "".join(f"2026-03-01T10:0{n}:00Z,{n},0,{'' if n == 2 else n},ok\n" for n in ROWS)


def test_columns_of_figures_beside_a_time_and_those_that_move_first():
    found = series_in(CSV + "2026-03-01T10:06:00Z,6,0,6,ok\n")
    assert [(one.name, len(one.known), one.flat) for one in found] == [
        ("rps", 7, False),
        ("gap", 6, False),
        ("errors", 7, True),
    ]
    assert found[1].values == (0.0, 1.0, None, 3.0, 4.0, 5.0, 6.0)


@pytest.mark.parametrize(
    "value",
    [
        {"data": {"result": [{"metric": {"pod": "a"}, "values": [[1772359200 + n, str(n)] for n in ROWS]}]}},
        {"pod=a": [[1772359200 + n, n] for n in ROWS]},
    ],
)
def test_pairs_of_time_and_value_in_json(value):
    (found,) = series_in(json.dumps(value))
    assert (found.name, found.values, found.times[0]) == (
        "pod=a",
        (0.0, 1.0, 2.0, 3.0, 4.0, 5.0),
        "2026-03-01T10:00:00+00:00",
    )


def test_objects_that_share_a_time():
    rows = [{"rps": n, "at": f"2026-03-01T10:0{n}:00Z"} for n in ROWS]
    (found,) = series_in(json.dumps({"rows": rows}))
    assert (found.name, found.values) == ("rps", (0.0, 1.0, 2.0, 3.0, 4.0, 5.0))


def test_names_are_told_apart():
    pairs = [[1772359200 + n, n] for n in ROWS]
    assert [one.name for one in series_in(json.dumps([{"values": pairs}, {"values": pairs}]))] == [
        "values",
        "values (2)",
    ]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "NAME   READY   AGE\n" + "pod   1/1   3d\n" * 9, '{"a": [1, 2, 3, 4, 5, 6]}']
)
def test_no_figures_over_time_are_no_series(text):
    assert series_in(text) == []
