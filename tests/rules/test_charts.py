from rules.charts import Dot, Value, chart


def values(*numbers):
    return [Value(f"v{n}", number, f"v{n}: {number}") for n, number in enumerate(numbers)]


def test_line_rises_from_the_floor_to_the_top():
    drawn = chart([("Library", "library", values(0.0, 1.0))], top=1.0, percent=True)
    assert drawn.lines[0].dots == (Dot(44, 152, "v0: 0.0"), Dot(608.0, 12, "v1: 1.0"))
    assert drawn.lines[0].pieces == ("44.0,152.0 608.0,12.0",)
    assert [tick.label for tick in drawn.up] == ["0 %", "50 %", "100 %"]


def test_value_that_is_not_known_parts_the_line():
    drawn = chart([("Held out", "held", values(0.2, 0.4, None, 0.6, 0.8))], top=1.0)
    assert len(drawn.lines[0].pieces) == 2
    assert [dot.words for dot in drawn.lines[0].dots] == ["v0: 0.2", "v1: 0.4", "v3: 0.6", "v4: 0.8"]


def test_nothing_known_draws_nothing():
    assert chart([("Held out", "held", values(None, None))]) is None


def test_highest_value_sets_the_top_and_labels_stay_apart():
    drawn = chart([("Rules", "library", values(*range(31)))])
    assert [tick.label for tick in drawn.up] == ["0", "15", "30"]
    assert len(drawn.across) <= 10
