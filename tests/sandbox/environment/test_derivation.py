import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.transcript import Level, Observation, ToolSchema
from sandbox.environment.base import Recording
from sandbox.environment.replay import Replay


def tool(called, description="", **properties):
    return ToolSchema(called, description, {"type": "object", "properties": properties})


TEXT, COUNT = {"type": "string"}, {"type": "integer"}
LOGS = tool("tail_logs", "The last log lines of one service.", service=TEXT, lines=COUNT, contains=TEXT, level=TEXT)
SERIES = tool("usage", "Usage of one host as CSV.", host=TEXT, start=TEXT, end=TEXT)
SLOW = tool("slow_calls", "The slowest calls.", limit=COUNT)
HOSTS = tool("hosts", "Hosts there are.", host=TEXT, zone=TEXT)
DAY = datetime(2024, 5, 1, tzinfo=UTC)


def stamp(minute):
    return (DAY + timedelta(minutes=minute)).isoformat().replace("+00:00", "Z")


def answer(schema, recorded, output, asked, **more):
    return Replay([schema], [Recording(schema.name, recorded, output, **more)]).call(schema.name, asked)


def is_missed(*args, **more):
    return answer(*args, **more).level is Level.MISS


@settings(deadline=None)
@given(st.integers(2, 40), st.integers(1, 60), st.integers(0, 30))
def test_fewer_lines_are_the_last_of_the_recorded_ones(held, asked, spare):
    lines = [f"line {number}\n" for number in range(held)]
    seen = answer(LOGS, {"service": "till", "lines": held + spare}, "".join(lines), {"service": "till", "lines": asked})
    if asked <= held or spare:
        assert (seen.output, seen.is_error) == ("".join(lines[-asked:]), False)
    else:
        assert seen.level is (Level.R0 if asked == held else Level.MISS)


def test_fewer_lines_say_how_they_were_made():
    seen = answer(LOGS, {"service": "till", "lines": 5}, "a\nb\nc\n", {"service": "till", "lines": 2}, latency_ms=7)
    words = "derived from the recorded tail_logs lines=5, service=till: the last 2 rows (2 of 3 rows)"
    assert seen == Observation("b\nc\n", False, Level.R2, 7, words)


def test_heading_stays_above_fewer_lines():
    seen = answer(LOGS, {"service": "till", "lines": 5}, "Logs of till:\na\nb\nc", {"service": "till", "lines": 2})
    assert seen.output == "Logs of till:\nb\nc"


def test_newest_first_gives_the_first_lines():
    output = f"{stamp(3)} c\n{stamp(2)} b\n{stamp(1)} a\n"
    assert answer(LOGS, {"service": "till", "lines": 9}, output, {"service": "till", "lines": 1}).output == (
        f"{stamp(3)} c\n"
    )


def test_lines_in_no_order_of_time_are_not_cut():
    output = f"{stamp(2)} b\n{stamp(3)} c\n{stamp(1)} a\n"
    assert is_missed(LOGS, {"service": "till", "lines": 9}, output, {"service": "till", "lines": 1})


def test_more_lines_than_asked_for_is_a_miss():
    recorded, asked = {"service": "till", "lines": 2}, {"service": "till", "lines": 1}
    assert is_missed(LOGS, recorded, "a\nb\nc\nd\n", asked)


def test_another_service_is_never_an_answer():
    assert is_missed(LOGS, {"service": "till", "lines": 9}, "a\nb\n", {"service": "gate", "lines": 1})


def test_recorded_error_is_no_superset():
    assert is_missed(LOGS, {"service": "till", "lines": 9}, "a\nb\n", {"service": "till", "lines": 1}, is_error=True)


@settings(deadline=None)
@given(st.lists(st.sampled_from(["pay ok", "pay failed", "card failed", "idle"]), min_size=2, max_size=30))
def test_added_text_keeps_the_lines_that_contain_it(lines):
    asked = {"service": "till", "lines": 50, "contains": "failed"}
    seen = answer(LOGS, {"service": "till", "lines": 50}, "\n".join(lines) + "\n", asked)
    assert (seen.output, seen.level) == ("".join(f"{line}\n" for line in lines if "failed" in line), Level.R2)


@pytest.mark.parametrize("text", ["Failed", "f.iled", "a|z"])
def test_text_that_may_be_meant_in_two_ways_is_a_miss(text):
    asked = {"service": "till", "lines": 50, "contains": text}
    assert is_missed(LOGS, {"service": "till", "lines": 50}, "a failed\nb f.iled\n", asked)


@pytest.mark.parametrize("pattern", ["(a|aa)+$", ".*a.*a.*a.*b", "(a|a)?" * 30 + "b"])
def test_a_pattern_that_could_take_for_ever_is_a_miss(pattern):
    lines = "".join("a" * 400 + f"{number}\n" for number in range(3))
    assert is_missed(LOGS, {"service": "till", "lines": 9}, lines, {"service": "till", "lines": 9, "contains": pattern})


def test_filter_over_a_return_that_was_cut_is_a_miss():
    asked = {"service": "till", "lines": 2, "contains": "b"}
    assert is_missed(LOGS, {"service": "till", "lines": 2}, "a\nb\n", asked)
    asked = {"service": "till", "lines": 9, "contains": "b"}
    assert is_missed(LOGS, {"service": "till", "lines": 9}, "a\nb\n(3 more lines)\n", asked)


def test_level_is_answered_where_this_level_and_this_or_above_are_the_same():
    output = "INFO a\nERROR b\nWARN c\n"
    recorded = {"service": "till", "lines": 9}
    assert answer(LOGS, recorded, output, {**recorded, "level": "error"}).output == "ERROR b\n"
    assert is_missed(LOGS, recorded, output, {**recorded, "level": "warning"})


@settings(deadline=None)
@given(st.lists(st.integers(0, 59), min_size=1, max_size=20, unique=True), st.integers(0, 59), st.integers(0, 59))
def test_narrower_window_keeps_the_rows_inside_it(minutes, start, end):
    rows = [f"{stamp(minute)},{minute}\r\n" for minute in sorted(minutes)]
    recorded = {"host": "n1", "start": stamp(0), "end": stamp(59)}
    asked = {"host": "n1", "start": stamp(start), "end": stamp(end)}
    seen = answer(SERIES, recorded, "Time,cpu(%)\r\n" + "".join(rows), asked)
    if start > end:
        assert seen.level is Level.MISS
    else:
        inside = [row for row, minute in zip(rows, sorted(minutes), strict=True) if start <= minute <= end]
        assert seen.output == "Time,cpu(%)\r\n" + "".join(inside)


def test_wider_window_is_a_miss():
    recorded = {"host": "n1", "start": stamp(5), "end": stamp(9)}
    output = f"time,cpu\n{stamp(6)},1\n"
    assert is_missed(SERIES, recorded, output, {"host": "n1", "start": stamp(4), "end": stamp(9)})
    assert is_missed(SERIES, recorded, output, {"host": "n1", "start": stamp(5), "end": stamp(10)})
    assert is_missed(SERIES, recorded, output, {"host": "n1", "start": stamp(5)})


def test_a_window_before_the_calendar_is_a_miss():
    output = "time,cpu\n" + "".join(f"{stamp(minute)},1\n" for minute in range(5))
    asked = {"host": "a", "start": "0001-01-01T00:00:00+14:00", "end": stamp(3)}
    assert is_missed(SERIES, {"host": "a", "start": stamp(0), "end": stamp(4)}, output, asked)


def test_window_over_rows_of_another_clock_is_a_miss():
    recorded = {"host": "n1", "start": stamp(0), "end": stamp(9)}
    asked = {"host": "n1", "start": stamp(5), "end": stamp(7)}
    assert is_missed(SERIES, recorded, "time,cpu\n2024-05-01 08:06:00,1\n", asked)


def test_window_over_aggregates_is_a_miss():
    recorded = {"host": "n1", "start": stamp(0), "end": stamp(9)}
    assert is_missed(SERIES, recorded, "metric,max\ncpu,9\n", {**recorded, "end": stamp(5)})


def test_window_over_rows_with_two_times_is_a_miss():
    recorded = {"host": "n1", "start": stamp(0), "end": stamp(9)}
    output = f"begin_time,end_time\n{stamp(1)},{stamp(3)}\n"
    assert is_missed(SERIES, recorded, output, {**recorded, "end": stamp(5)})


def test_rows_are_bucketed_anew_where_a_step_is_left_open():
    schema = tool("usage", "", start=TEXT, end=TEXT, step=TEXT)
    recorded = {"start": stamp(0), "end": stamp(9)}
    assert is_missed(schema, recorded, f"time,cpu\n{stamp(1)},1\n", {**recorded, "end": stamp(5)})


def test_shorter_ranking_is_the_first_of_the_recorded_one():
    output = "id,ms\na,90\nb,50\nc,20\n"
    assert answer(SLOW, {"limit": 3}, output, {"limit": 2}).output == "id,ms\na,90\nb,50\n"
    assert is_missed(SLOW, {"limit": 3}, output, {"limit": 4})
    assert is_missed(SLOW, {"limit": 3}, "id,ms\na,90\nb,20\nc,50\n", {"limit": 2})


def test_complete_ranking_answers_for_more():
    output = "id,ms\na,90\nb,50\n"
    assert answer(SLOW, {"limit": 3}, output, {"limit": 9}).output == output


def test_column_named_by_an_added_argument_filters_json_rows():
    document = {
        "total": 3,
        "hosts": [{"host": "n1", "zone": "a"}, {"host": "n2", "zone": "b"}, {"host": "n3", "zone": "a"}],
    }
    seen = answer(HOSTS, {}, json.dumps(document, indent=2) + "\n", {"zone": "a"})
    kept = {"total": 2, "hosts": [document["hosts"][0], document["hosts"][2]]}
    assert (seen.output, seen.level) == (json.dumps(kept, indent=2) + "\n", Level.R2)


def test_column_filter_that_keeps_nothing_or_may_mean_a_part_is_a_miss():
    output = json.dumps([{"host": "n1"}, {"host": "n10"}])
    assert is_missed(HOSTS, {}, output, {"host": "n2"})
    assert is_missed(HOSTS, {}, output, {"host": "n1"})
    assert answer(HOSTS, {}, output, {"host": "n10"}).output == '[{"host": "n10"}]'


def test_json_of_another_hand_is_left_alone():
    assert is_missed(HOSTS, {}, '[ {"host": "n1"}, {"host": "n2"} ]', {"host": "n1"})


def test_table_in_columns_keeps_its_head():
    schema = tool("get", "", kind=TEXT, name=TEXT)
    output = "NAME    READY   STATUS\ntill-1  1/1     Running\ngate-2  0/1     Pending\n"
    seen = answer(schema, {"kind": "pods"}, output, {"kind": "pods", "name": "gate-2"})
    assert seen.output == "NAME    READY   STATUS\ngate-2  0/1     Pending\n"


def test_smallest_recording_that_contains_the_answer_is_taken():
    recordings = [
        Recording("slow_calls", {"limit": limit}, "id,ms\n" + "".join(f"r{n},{90 - n}\n" for n in range(limit)))
        for limit in (9, 5)
    ]
    seen = Replay([SLOW], recordings).call("slow_calls", {"limit": 1})
    assert "limit=5" in seen.derivation
