from dataclasses import replace

import pytest

from sandbox.environment.base import Recording
from sandbox.environment.world.base import Binding
from sandbox.environment.world.oracles import Agreement, Disagreement, agreement, same

BINDINGS = {
    "cpu": Binding("promql", 'cpu_usage{component="{{service}}"}', "csv", columns={"pod": "pod", "cpu": "value"}),
    "pod": Binding("objects", 'get kind="pods" name="{{name}}"'),
}


def test_recorded_calls_are_asked_again_and_counted_per_tool(spec, worlds):
    recordings = [
        Recording("cpu", {"service": "cart"}, "pod,cpu\ncart-1,0.40001\ncart-2,0.3\n"),
        Recording("cpu", {"service": "orders"}, "pod,cpu\norders-1,0.7\n"),
        Recording("cpu", {"service": "cart", "unit": "cores"}, "pod,cpu\n"),
        Recording("cpu", {}, "anything", match="any"),
        Recording("pod", {"name": "cart-3"}, "Error: not found", is_error=True),
        Recording("reboot", {}, "done"),
    ]
    assert agreement(replace(spec, bindings=BINDINGS), recordings, folder=worlds) == {
        "cpu": Agreement(
            3,
            1,
            [
                Disagreement({"service": "orders"}, "pod,cpu\norders-1,0.7\n", "pod,cpu\norders-1,0.5\n"),
                Disagreement({"service": "cart", "unit": "cores"}, "pod,cpu\n", "what unit does is not captured"),
            ],
        ),
        "pod": Agreement(1, 1),
    }


def test_a_tool_that_was_never_recorded_has_no_rate(spec):
    found = agreement(replace(spec, bindings=BINDINGS), [])
    assert [tally.rate for tally in found.values()] == [None, None]


@pytest.mark.parametrize(
    ("recorded", "answered", "as_set", "expected"),
    [
        ("a  1.0\n", "a 1\n\n", False, True),
        ("a 100", "a 100.05", False, True),
        ("a 100", "a 101", False, False),
        ("pod-1 up", "pod-2 up", False, False),
        ("a\nb", "b\na", False, False),
        ("a\nb", "b\na", True, True),
        ("x 2\nx 1", "x 1\nx 2.0001", True, True),
        ('{"a": [1, 2]}', '{"a":[1.0, 2]}', False, True),
        ('{"a": [1, 2]}', '{"a":[2, 1]}', False, False),
        ('{"a": [1, 2]}', '{"a":[2, 1]}', True, True),
        ('{"a": true}', '{"a": 1}', False, False),
        ('{"a": null}', '{"a": null}', False, True),
        ('{"a": 1}', '{"b": 1}', False, False),
        ("", "no lines", False, False),
    ],
)
def test_texts_agree_in_what_they_say(recorded, answered, as_set, expected):
    assert same(recorded, answered, as_set=as_set) is expected
