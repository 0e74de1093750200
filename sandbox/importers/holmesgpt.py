"""HolmesGPT evaluation fixtures: a folder with test_case.yaml and one file for each recorded tool return. No Django here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from cases.diagnosis import Answer
from cases.transcript import Task
from sandbox.bundle import CaseBundle
from sandbox.environment.base import Recording
from sandbox.importers.reading import (
    ImportProblem,
    ReadError,
    expect_object,
    expect_storable,
    expect_text,
    expect_texts,
    json_of,
    text_of,
)
from sandbox.importers.schemas import tools_from_calls

REPOSITORY = "HolmesGPT/holmesgpt"
CASE = "test_case.yaml"
_FIXTURES = ("tests", "llm", "fixtures", "test_ask_holmes")
_BESIDE = {"conversation_history": "conversation_history.json", "issue_data": "issue_data.json"}


def is_case(folder: Path) -> bool:
    return (folder / CASE).is_file()


def read(folder: Path) -> Iterator[CaseBundle | ImportProblem]:
    """The case in one fixture folder, or what is wrong with it. Files that hold no tool return are left alone."""
    file = folder / CASE
    try:
        said = expect_storable(expect_object(_yaml_of(file), ""), "")
        prompt = _prompt(said)
        answer = _answer(said, folder.name)
        tags = expect_texts(said.get("tags"), "tags")
        context = {}
        for name, beside in _BESIDE.items():
            file = folder / beside
            if file.is_file():
                context[name] = expect_storable(json_of(file), "")
        recordings = []
        for file in sorted(folder.glob("*.txt")):
            recording = _recording(text_of(file), order=len(recordings))
            if recording:
                recordings.append(recording)
    except ReadError as error:
        yield error.at(file)
        return
    path = "/".join(_path(folder))
    yield CaseBundle(
        identity=(REPOSITORY, path),
        name=folder.name,
        system="holmesgpt",
        task=Task(prompt=prompt, context=context, tools=tools_from_calls(recordings)),
        answer=answer,
        recordings=tuple(recordings),
        tags=tags,
        source={"source_repo": REPOSITORY, "source_path": path, "format": "holmesgpt", "tools": "derived"},
    )


def _path(folder: Path) -> tuple[str, ...]:
    """The folder's path inside a checkout; a fixture standing alone is one of the questions asked."""
    parts = folder.resolve().parts
    for at in range(len(parts) - 1):
        if parts[at : at + 3] == _FIXTURES[:3]:
            return parts[at:]
    return (*_FIXTURES, folder.name)


def _yaml_of(file: Path) -> Any:
    text = text_of(file)
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
            raise ReadError("", "uses YAML aliases (*name), which are not read: write the value out.")
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ReadError("", f"is not YAML{place}: {getattr(error, 'problem', None) or 'unreadable'}.") from None
    except RecursionError:
        raise ReadError("", "is not YAML that can be read: it is nested too deeply.") from None


def _prompt(said: dict[str, Any]) -> str:
    asked = said.get("user_prompt")
    if isinstance(asked, list):  # the same question in several wordings: the first stands for it
        asked = next(iter(expect_texts(asked, "user_prompt")), "")
    return expect_text(asked, "user_prompt")


def _answer(said: dict[str, Any], name: str) -> Answer:
    expected = said.get("expected_output")
    statements = (expected,) if isinstance(expected, str) else expect_texts(expected, "expected_output")
    if not any(statement.strip() for statement in statements):
        raise ReadError("expected_output", "is empty: say in a sentence what a right diagnosis says.")
    return Answer(
        expected=tuple(expect_text(statement, "expected_output").strip() for statement in statements),
        title=re.sub(r"^\d+_", "", name).replace("_", " "),
    )


def _recording(text: str, *, order: int) -> Recording | None:
    """One tool return: a line with its match rule, maybe a line about the call, then the return itself."""
    first, _, rest = text.partition("\n")
    rule = _object_in(first)
    if rule is None or "tool_name" not in rule:
        return None
    tool = expect_text(rule["tool_name"], "tool_name")
    wanted = rule.get("match_params")
    second, _, after = rest.partition("\n")
    about = _object_in(second) or {}
    if "status" in about and "schema_version" in about:
        rest = after or _said_instead(about)
    else:
        about = {}
    return Recording(
        tool=tool,
        arguments={} if wanted is None else expect_storable(expect_object(wanted, "match_params"), "match_params"),
        output=expect_text(rest, "return", empty=True),
        is_error=about.get("status") == "error",
        match="any" if wanted is None else "subset",
        order=order,
    )


def _said_instead(about: dict[str, Any]) -> str:
    """Where nothing follows: the data of the call, or the error it ended in."""
    data = about.get("data")
    if data is not None:
        return data if isinstance(data, str) else json.dumps(data, indent=2, ensure_ascii=False)
    return expect_text(about.get("error"), "error", required=False)


def _object_in(line: str) -> dict[str, Any] | None:
    if not line.startswith("{"):
        return None
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
