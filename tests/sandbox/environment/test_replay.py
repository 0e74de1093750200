import json
import statistics
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.transcript import Level, Observation, ToolSchema
from sandbox.environment.base import Inventory, Recording
from sandbox.environment.replay import Replay, ReplaySource, is_miss
from sandbox.environment.world.base import NotCaptured, Unsupported, WorldAnswer, WorldSpec
from tests.factories import RECORDINGS, TOOLS


def test_recorded_call_gives_the_recorded_bytes():
    raw = "café\r\n\ttab \u2028 trailing  \n\n"
    seen = Replay(TOOLS, [Recording("get_logs", {"service": "till"}, raw, True, latency_ms=40)]).call(
        "get_logs", {"service": "till"}
    )
    assert seen == Observation(raw, True, Level.R0, 40)


@settings(deadline=None)
@given(st.text())
def test_every_text_is_replayed_byte_for_byte(text):
    replay = Replay(TOOLS, [Recording("get_logs", {"service": text}, text)])
    assert replay.call("get_logs", {"service": text}) == Observation(text, level=Level.R0)


def test_call_written_otherwise_is_answered_at_r1():
    seen = Replay(TOOLS, RECORDINGS).call(
        "list_resources", {"kind": "po", "name": None, "wide": False, "namespace": "market"}
    )
    assert (seen.output, seen.level) == (RECORDINGS[2].output, Level.R1)


def test_repeated_calls_replay_in_recorded_order_and_the_last_stays():
    source = ReplaySource(
        TOOLS, [Recording("get_logs", {"service": "till"}, text, order=n) for n, text in enumerate(["one", "two"])]
    )
    replay = source.open()
    assert [replay.call("get_logs", {"service": "till"}).output for _ in range(3)] == ["one", "two", "two"]
    assert source.open().call("get_logs", {"service": "till"}).output == "one"


def test_repetition_counts_calls_however_they_are_written():
    replay = Replay(
        TOOLS, [Recording("get_logs", {"service": "till"}, text, order=n) for n, text in enumerate(["one", "two"])]
    )
    assert replay.call("get_logs", {"service": " till"}).output == "one"
    assert replay.call("get_logs", {"service": "till"}).output == "two"


def test_miss_names_the_call_and_the_nearest_but_no_return():
    seen = Replay(TOOLS, RECORDINGS).call("get_logs", {"service": "gate", "lines": "5"})
    assert is_miss(seen)
    assert (seen.level, seen.is_error) == (Level.MISS, True)
    assert json.loads(seen.output) == {
        "status": "NOT_CAPTURED",
        "call": {"tool": "get_logs", "arguments": {"lines": 5, "service": "gate"}},
        "nearest": [
            {"tool": "get_logs", "arguments": {"service": "ledger"}},
            {"tool": "get_logs", "arguments": {"service": "till"}},
        ],
    }


def test_miss_shows_only_the_beginning_of_a_long_argument():
    replay = Replay(TOOLS, [Recording("get_logs", {"service": "x" * 5000}, "")])
    nearest = json.loads(replay.call("get_logs", {"service": "y"}).output)["nearest"]
    assert nearest == [{"tool": "get_logs", "arguments": {"service": "x" * 200 + "…"}}]


def test_recorded_empty_answer_is_no_miss():
    seen = Replay(TOOLS, [Recording("get_logs", {"service": "till"}, "")]).call("get_logs", {"service": "till"})
    assert (seen.output, is_miss(seen)) == ("", False)


@pytest.mark.parametrize(
    ("tool", "arguments", "message"),
    [
        ("get_log", {}, "There is no tool 'get_log'. The tools are: get_logs, list_resources."),
        (
            "get_logs",
            {"lines": 5},
            "get_logs: 'service' is a required property. It takes: service (string, required), lines (integer).",
        ),
        (
            "get_logs",
            {"service": None},
            "get_logs: 'service' is a required property. It takes: service (string, required), lines (integer).",
        ),
        (
            "get_logs",
            {"service": "till", "lines": "many"},
            "get_logs: lines: 'many' is not of type 'integer'. It takes: service (string, required), lines (integer).",
        ),
        ("get_logs", ["till"], "The arguments of get_logs must be an object, not list."),
    ],
)
def test_call_against_the_schema_is_refused_with_its_remedy(tool, arguments, message):
    assert Replay(TOOLS, RECORDINGS).call(tool, arguments) == Observation(message, is_error=True, level=Level.REFUSED)


def test_enum_is_checked_as_written():
    tool = ToolSchema("get", parameters={"type": "object", "properties": {"kind": {"enum": ["pod", "svc"]}}})
    replay = Replay([tool], [Recording("get", {"kind": "pod"}, "pods")])
    assert replay.call("get", {"kind": "svc"}).level is Level.MISS
    assert replay.call("get", {"kind": "widget"}).level is Level.REFUSED


def test_required_flag_may_be_false():
    parameters = {"type": "object", "properties": {"wide": {"type": "boolean"}}, "required": ["wide"]}
    replay = Replay([ToolSchema("get", parameters=parameters)], [])
    assert replay.call("get", {"wide": False}).level is Level.MISS


def test_tool_that_changes_the_system_is_refused_even_where_recorded():
    tool = ToolSchema("restart", effectful=True)
    seen = Replay([tool], [Recording("restart", {}, "done")]).call("restart", {})
    assert (seen.level, seen.output) == (
        Level.REFUSED,
        "restart would change the system; a snapshot only answers questions about it.",
    )


def test_wildcard_recording_still_wants_a_valid_call():
    replay = Replay(TOOLS, [Recording("get_logs", {}, "logs", match="any")])
    assert replay.call("get_logs", {"service": "till"}) == Observation(
        "logs", level=Level.R1, derivation="recorded for any arguments"
    )
    assert replay.call("get_logs", {}).level in (Level.R0, Level.REFUSED)
    assert replay.call("get_logs", {"service": 3}).level is Level.REFUSED


def test_broken_schema_of_a_source_refuses_nobody():
    tool = replace(TOOLS[0], parameters={"type": "thing"})
    assert Replay([tool], RECORDINGS[:1]).call("get_logs", {"service": "x"}).level is Level.MISS


def test_inventory_is_handed_on():
    inventory = Inventory({"pods": ("till-0",)})
    assert Replay(TOOLS, RECORDINGS, inventory=inventory).inventory() == inventory


@settings(deadline=None)
@given(
    st.sampled_from(["get_logs", "list_resources", "x"]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["service", "kind", "lines"]), inner)
        ),
        max_leaves=6,
    ),
)
def test_no_call_makes_the_gateway_raise(tool, arguments):
    seen = Replay(TOOLS, RECORDINGS).call(tool, arguments)
    assert seen.level in (Level.R0, Level.R1, Level.MISS, Level.REFUSED)


def test_call_with_half_a_character_is_a_miss_like_any_other():
    seen = Replay(TOOLS, RECORDINGS).call("get_logs", {"service": json.loads('"\\ud83d"')})
    assert seen.level is Level.MISS
    assert seen.output.encode()
    assert Replay(TOOLS, []).call("a\x00b", {}).output.startswith("There is no tool 'a\\x00b'.")


def test_lookup_takes_microseconds():
    recordings = [Recording("get_logs", {"service": f"s{n}", "lines": n}, "x" * 1000, order=n) for n in range(300)]
    replay, taken = Replay(TOOLS, recordings), []
    for number in range(300):
        started = time.perf_counter()
        replay.call("get_logs", {"service": f"s{number}", "lines": number})
        taken.append(time.perf_counter() - started)
    assert statistics.median(taken) < 200e-6  # 13 µs on a quiet machine


class HourWorld:
    """A world of one table: what each service said, with nothing before noon."""

    spec = WorldSpec((), {}, alert_at=datetime(2024, 5, 1, 12, tzinfo=UTC))

    def answer(self, call, *, now):
        service = call.arguments.get("service")
        if call.tool != "get_logs":
            return None
        if service == "gate":
            raise NotCaptured("no logs of gate")
        if service == "rate(":
            raise Unsupported("rate(", "logs.md")
        return WorldAnswer(f"{service} at {now:%H:%M:%S}", derivation="logs up to now")


def test_world_answers_what_was_not_recorded():
    seen = Replay(TOOLS, RECORDINGS, world=HourWorld()).call("get_logs", {"service": "shelf"})
    assert seen == Observation("shelf at 12:00:00", level=Level.R3, derivation="logs up to now")


def test_recording_comes_before_the_world():
    assert Replay(TOOLS, RECORDINGS, world=HourWorld()).call("get_logs", {"service": "till"}).level is Level.R0


def test_unsupported_query_is_an_error_of_its_own_and_no_miss():
    seen = Replay(TOOLS, RECORDINGS, world=HourWorld()).call("get_logs", {"service": "rate("})
    assert (seen.level, seen.is_error, is_miss(seen)) == (Level.R3, True, False)
    assert seen.output.startswith("unsupported: rate(. What can be asked is in ")


@pytest.mark.parametrize("call", [("get_logs", {"service": "gate"}), ("list_resources", {"kind": "nodes"})])
def test_what_the_world_does_not_hold_is_a_miss(call):
    assert is_miss(Replay(TOOLS, RECORDINGS, world=HourWorld()).call(*call))


def test_clock_moves_by_latency_and_thinking_and_each_run_has_its_own():
    slow = Recording("get_logs", {"service": "till"}, "quiet", latency_ms=25_000)
    source = ReplaySource(TOOLS, [slow], world=HourWorld())
    first, second = source.open(), source.open()
    first.call("get_logs", {"service": "till"})
    assert first.call("get_logs", {"service": "shelf"}).output == "shelf at 12:00:30"
    assert second.call("get_logs", {"service": "shelf"}).output == "shelf at 12:00:00"
    assert second.clock.now - first.clock.now == timedelta(seconds=-30)
