import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.wellformed import DEEPEST, flaw


def nested(depth):
    value = "x"
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("a\x00b", "a NUL character"),
        ({"a": ["b", {"c\x00": 1}]}, "a NUL character"),
        ([json.loads('"\\ud83d"')], "half a character"),
        ({"a": [float("nan")]}, "a number that is not finite"),
        (float("-inf"), "a number that is not finite"),
        (nested(DEEPEST + 1), "more than 100 levels"),
        (nested(100_000), "more than 100 levels"),
    ],
)
def test_what_no_database_holds_is_named(value, words):
    assert flaw(value).startswith(words)


@pytest.mark.parametrize("value", ["", "café 😀\n", nested(DEEPEST), {"a": None, "b": [1, 2.5, True]}, None])
def test_ordinary_data_has_no_flaw(value):
    assert flaw(value) == ""


@settings(deadline=None)
@given(st.text())
def test_text_without_flaw_can_be_encoded(text):
    if not flaw(text):
        assert text.encode().decode() == text
