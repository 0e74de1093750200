from cases.contexts.series import series_of
from cases.shapes import piece


def export(rows):
    return "time,rps,errors,note\n" + "".join(f"2026-03-01T10:{at:02}:00Z,{rps},0,ok\n" for at, rps in enumerate(rows))


def test_columns_of_figures_become_charts_and_words_do_not():
    text = export([1, 2, 3, 4, 5, 11])
    found = series_of(piece(text, len(text)))
    assert [(one.name, one.least, one.greatest, one.last, one.n) for one in found] == [
        ("rps", 1, 11, 11, 6),
        ("errors", 0, 0, 0, 6),
    ]
    assert found[0].points.startswith("0.0,34.0 ")
    assert found[0].points.endswith("220.0,2.0")


def test_few_points_are_no_line():
    text = export([1, 2, 3])
    assert series_of(piece(text, len(text))) == []


def test_table_without_a_time_is_no_series():
    text = "NAME   READY   AGE\n" + "".join(f"pod-{n}  1/1     {n}d\n" for n in range(9))
    assert series_of(piece(text, len(text))) == []
