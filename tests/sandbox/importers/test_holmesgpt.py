import json

import pytest

from cases.diagnosis import Answer
from cases.transcript import Task
from sandbox.environment.base import Recording
from sandbox.importers import bundles, holmesgpt
from sandbox.importers.reading import ImportProblem

CASE = """user_prompt: Why is till down?
expected_output:
- It lacks memory
tags: [easy]
"""


@pytest.fixture
def fixture(tmp_path):
    folder = tmp_path / "77_till_down"
    folder.mkdir()
    (folder / "test_case.yaml").write_text(CASE)
    return folder


def returned(folder, name, *lines):
    written = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    (folder / f"{name}.txt").write_text("\n".join(written))


def rule(tool="get_logs", **match):
    return {"toolset_name": "t", "tool_name": tool, **match}


def about(status="success", **fields):
    return {"schema_version": "robusta:v1.0.0", "status": status, "error": None, **fields}


def test_fixture_folder_becomes_a_case(fixture):
    returned(fixture, "a", rule(match_params={"pod": "till-0"}), about(), "out of memory", "")
    (bundle,) = holmesgpt.read(fixture)
    assert bundle.identity == ("HolmesGPT/holmesgpt", "tests/llm/fixtures/test_ask_holmes/77_till_down")
    assert (bundle.name, bundle.system, bundle.tags) == ("77_till_down", "holmesgpt", ("easy",))
    assert bundle.task == Task(prompt="Why is till down?", tools=bundle.task.tools)
    assert bundle.answer == Answer(expected=("It lacks memory",), title="till down")
    assert bundle.recordings == (Recording("get_logs", {"pod": "till-0"}, "out of memory\n", match="subset"),)


@pytest.mark.parametrize(
    ("lines", "recording"),
    [
        (
            (rule(match_params={"a": "b"}), "just", "text"),
            Recording("get_logs", {"a": "b"}, "just\ntext", match="subset"),
        ),
        (
            (rule(match_params={}), '{"a": "json return"}'),
            Recording("get_logs", {}, '{"a": "json return"}', match="subset"),
        ),
        ((rule(), "text"), Recording("get_logs", {}, "text", match="any")),
        ((rule(match_params=None), "text"), Recording("get_logs", {}, "text", match="any")),
        (
            (rule(match_params={}), about("error", error="e"), "exit 1"),
            Recording("get_logs", {}, "exit 1", is_error=True, match="subset"),
        ),
        (
            (rule(match_params={}), about("error", error="refused")),
            Recording("get_logs", {}, "refused", is_error=True, match="subset"),
        ),
        ((rule(match_params={}), about("no_data")), Recording("get_logs", {}, "", match="subset")),
        ((rule(match_params={}), about(data="said")), Recording("get_logs", {}, "said", match="subset")),
    ],
)
def test_return_file_becomes_a_recording(fixture, lines, recording):
    returned(fixture, "a", *lines)
    (bundle,) = holmesgpt.read(fixture)
    assert bundle.recordings == (recording,)


def test_files_that_hold_no_return_are_left_alone(fixture):
    returned(fixture, "requirements", "fastapi", "uvicorn")
    returned(fixture, "notes", '{"something": "else"}')
    (bundle,) = holmesgpt.read(fixture)
    assert bundle.recordings == ()


def test_conversation_history_is_context(fixture):
    (fixture / "conversation_history.json").write_text('[{"role": "user", "content": "hello"}]')
    (bundle,) = holmesgpt.read(fixture)
    assert bundle.task.context == {"conversation_history": [{"role": "user", "content": "hello"}]}


@pytest.mark.parametrize(
    ("text", "field", "reason"),
    [
        ("user_prompt: [", "", "is not YAML at line 1, column 15"),
        ("- a", "", "must be an object, not a list."),
        ("user_prompt: 3\nexpected_output: e", "user_prompt", "must be text, not a number."),
        ("expected_output: e", "user_prompt", "must be text, not nothing."),
        ("user_prompt: a", "expected_output", "is empty"),
        ("user_prompt: a\nexpected_output: e\ntags: 3", "tags", "must be a list"),
        ("a: &x [1]\nb: *x", "", "uses YAML aliases"),
        ("a: !!python/object/apply:os.system [ls]", "", "is not YAML"),
    ],
)
def test_case_file_that_cannot_be_read_is_named(fixture, text, field, reason):
    (fixture / "test_case.yaml").write_text(text)
    (problem,) = holmesgpt.read(fixture)
    assert (problem.file, problem.field) == (str(fixture / "test_case.yaml"), field)
    assert problem.reason.startswith(reason)


def test_return_that_cannot_be_read_keeps_the_case_out(fixture):
    returned(fixture, "a", rule(match_params="x"), "text")
    (problem,) = holmesgpt.read(fixture)
    assert problem == ImportProblem(str(fixture / "a.txt"), "match_params", "must be an object, not text.")


@pytest.mark.shared
def test_folder_and_bundle_of_one_case_hold_the_same_returns(shared):
    for folder in sorted(shared.glob("cases/raw/holmesgpt/*")):
        (raw,) = holmesgpt.read(folder)
        (bundle,) = bundles.read(shared / "cases" / "holmesgpt" / f"{raw.name}.json")
        assert raw.identity == bundle.identity
        assert (raw.task.prompt, raw.answer.expected) == (bundle.task.prompt, bundle.answer.expected)
        assert sorted(
            (taken.tool, str(sorted(taken.arguments.items())), taken.output) for taken in raw.recordings
        ) == sorted((taken.tool, str(sorted(taken.arguments.items())), taken.output) for taken in bundle.recordings)
