import json
import time

import pytest

from cloudmate.llm.base import ToolCall
from cloudmate.llm.reading import NotJSON, calls_in, object_in, objects_in, parse_object


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ('```json\n{"a": {"b": [1, 2]}}\n```', {"a": {"b": [1, 2]}}),
        ('<think>{"a": 0}</think>Here: {"a": 1}', {"a": 1}),
        ('First {"a": 1}, no: {"a": 2}.', {"a": 2}),
        ('A brace { and then {"a": "}"}', {"a": "}"}),
    ],
)
def test_object_is_found_however_it_is_wrapped(text, value):
    assert object_in(text) == value


@pytest.mark.parametrize("text", ["", "no", '{"a": ', "[1]", '{"a": NaN}', '{"a": -Infinity}'])
def test_text_without_an_object_is_named(text):
    with pytest.raises(NotJSON):
        object_in(text)


@pytest.mark.parametrize(
    "text", ["[]", "{", '{"a": NaN}', "x", "[" * 200_000, r'{"a": "\u0000"}', r'{"a": "\ud800"}', '{"a": 1e999}']
)
def test_parse_object_takes_an_object_and_nothing_else(text):
    with pytest.raises(NotJSON):
        parse_object(text)


def test_parse_object_reads_no_arguments_as_none_given():
    assert parse_object("") == {}


@pytest.mark.parametrize("text", ["{" * 400_000, '{"a":' * 80_000, '{"a":[' * 60_000])
def test_hostile_text_costs_a_bounded_time(text):
    began = time.monotonic()
    assert objects_in(text) == []
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    "text",
    [
        '{"tool": "get_logs", "arguments": {"pod": "a"}}',
        '<tool_call>{"name": "get_logs", "arguments": {"pod": "a"}}</tool_call>',
        'I look: {"name": "get_logs", "parameters": {"pod": "a"}}',
    ],
)
def test_call_is_read_in_the_forms_models_write(text):
    assert calls_in(text, ["get_logs"]) == (ToolCall("call_0", "get_logs", json.dumps({"pod": "a"})),)


def test_object_that_only_has_a_name_is_no_call():
    assert calls_in('{"name": "checkout", "status": "down"}', ["get_logs"]) == ()


def test_unknown_tool_in_the_form_asked_for_is_still_a_call():
    assert calls_in('{"tool": "reboot", "arguments": {}}', ["get_logs"]) == (ToolCall("call_0", "reboot", "{}"),)
