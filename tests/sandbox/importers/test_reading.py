import json

import pytest

from sandbox.importers import reading
from sandbox.importers.reading import ImportProblem, ReadError, expect_text, json_of, parsed


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'{"a": ', "is not JSON: Expecting value at line 1, column 7."),
        (b"\xff\xfe{}", "is not UTF-8 text (byte 0): save it as UTF-8."),
        (b'{"a": NaN}', "holds NaN, which is no JSON number: write null."),
        (b"[" * 100_000, "is not JSON that can be read: it is nested too deeply."),
        (b"1" * 5000, "is not JSON that can be read:"),
    ],
)
def test_file_that_is_no_json_is_refused_in_words(tmp_path, content, reason):
    file = tmp_path / "x.json"
    file.write_bytes(content)
    with pytest.raises(ReadError) as caught:
        json_of(file)
    assert caught.value.reason.startswith(reason)


def test_file_that_is_missing_or_too_large_is_refused(tmp_path, monkeypatch):
    with pytest.raises(ReadError, match=r"cannot be read: No such file or directory\."):
        json_of(tmp_path / "none.json")
    monkeypatch.setattr(reading, "MOST_BYTES", 10)
    (tmp_path / "big.json").write_text(json.dumps("x" * 10))
    with pytest.raises(ReadError, match="has 12 bytes; the most a file may have is 10"):
        json_of(tmp_path / "big.json")


def test_byte_order_mark_is_no_content(tmp_path):
    (tmp_path / "x.json").write_bytes(b"\xef\xbb\xbf{}")
    assert json_of(tmp_path / "x.json") == {}


@pytest.mark.parametrize(
    ("value", "words"), [("a\x00b", "a NUL character"), (parsed('"a\\ud800b"'), "half a character")]
)
def test_text_no_database_can_hold_is_refused(value, words):
    with pytest.raises(ReadError, match=f"prompt: holds {words}"):
        expect_text(value, "prompt")


def test_problem_names_file_field_and_reason():
    assert str(ReadError("prompt", "is empty.").at("a/b.json")) == "a/b.json: prompt: is empty."
    assert str(ImportProblem("a/b.json", "", "is empty.")) == "a/b.json: is empty."
