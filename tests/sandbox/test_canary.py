"""Nothing of an answer reaches an agent: a canary is planted in every answer field and looked for everywhere else.

A new place an agent can look at is a new generator in SEEN; a new source is a new entry of SOURCES.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from cases.models import Case
from cases.recording import task_of
from cases.transcript import Task, Transcript, canonical_json
from cloudmate.llm.scripted import ScriptedLLM, calls
from sandbox import capture, workbench
from sandbox.agents.base import Budget
from sandbox.agents.llm import LLMAgent
from sandbox.agents.loop import run
from sandbox.agents.offline.agent import OfflineAgent
from sandbox.bundle import CaseBundle
from sandbox.environment.replay import ReplaySource
from sandbox.importers.discovery import Found, find
from sandbox.importers.store import bring_in
from tests.factories import bundle_data, make_user, write_bundles

pytestmark = pytest.mark.django_db
CANARY = "zq7xcanary"


def planted(fields):
    """The same shape with a canary of its own in every text."""
    counter = iter(range(1000))

    def plant(value):
        if isinstance(value, str):
            return f"{CANARY}{next(counter)}"
        if isinstance(value, dict):
            return {key: plant(item) for key, item in value.items()}
        if isinstance(value, list):
            return [plant(item) for item in value]
        return value

    return plant(fields)


ASKED = [{"tool": "tool", "arguments": {"a": "b"}}]
ANSWERS = {
    "cloudopsbench": {
        "label": {"root_cause": "x", "fault_object": "app/x", "fault_taxonomy": "x"},
        "reference_paths": {"path1": ASKED, "path2": ASKED},
    },
    "nezha": {"label": {"root_cause_service": "x", "pod": "x", "fault_type": "x", "inject_time": "x"}},
    "opensre_synthetic": {
        "label": {
            "root_cause_category": "x",
            "required_keywords": ["x"],
            "forbidden_keywords": ["x"],
            "forbidden_categories": ["x"],
            "optimal_trajectory": ["x"],
            "ruling_out_keywords": ["x"],
            "required_queries": ["x"],
        },
        "reference_answer": "x",
    },
    "rootcausebench": {
        "label": {"root_cause_commit": "x", "first_failing_service": "x", "blast_radius": ["x"], "notes": "x"},
        "decoys": ["x"],
        "reference_notes": "x",
    },
    "holmesgpt": {"category": "x", "grade": "x"},
    "agent_runs": {"outcome": {"passed": "x", "failed": "x"}, "final_messages": ["x"]},
    "": {"structured": {"causes": [{"component": "x", "fault_class": "x"}], "aliases": {"x": ["x"]}, "notes": "x"}},
}
COMMON = {"title": "x", "expected": ["x"], "scenario_group": "x", "tags": ["x"]}


def bundle_files(catalogue: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        data = bundle_data(catalogue=catalogue, answer=planted(COMMON | ANSWERS[catalogue]))
        return write_bundles(folder, data, catalogue=catalogue or "none")

    return write


def cloudopsbench_folder(folder: Path) -> Path:
    case = folder / "benchmark" / "market" / "group" / "7"
    paths = folder / "golden-trajectory" / "market" / "group" / "7"
    (case / "raw_data").mkdir(parents=True)
    paths.mkdir(parents=True)
    told = planted(
        {"result": {"root_cause": "x", "fault_object": "x", "fault_taxonomy": "x"}, "process": {"path1": ["x"]}}
    )
    (case / "metadata.json").write_text(json.dumps({"namespace": "market", "query": "Slow."} | told))
    (case / "tool_cache.json").write_text(json.dumps({'GetLogs:{"service":"till"}': "NAME   READY\ntill-0   1/1\n"}))
    (case / "raw_data" / "logs.json").write_text("{}")
    calling = f"tool_name='{CANARY}tool' arguments={{service: '{CANARY}argument'}}"
    (paths / "path1.json").write_text(
        json.dumps({"diagnostic_trace": [{"calling": calling, "output": f"{CANARY}output"}]})
    )
    return folder


def holmesgpt_folder(folder: Path) -> Path:
    (folder / "77_case").mkdir()
    told = planted({"expected_output": ["x"], "tags": ["x"], "evaluation": {"note": "x"}})
    (folder / "77_case" / "test_case.yaml").write_text(json.dumps({"user_prompt": "Why?"} | told))
    rule = json.dumps({"tool_name": "get_logs", "match_params": {"service": "till"}})
    (folder / "77_case" / "logs.txt").write_text(f"{rule}\nNAME   READY\ntill-0   1/1\n")
    return folder


SOURCES = {name or "told by the bundle itself": bundle_files(name) for name in ANSWERS} | {
    "Cloud-OpsBench folder": cloudopsbench_folder,
    "HolmesGPT folder": holmesgpt_folder,
}


def tasks(case: Case) -> Iterator[str]:
    task = task_of(case.current)
    yield canonical_json(asdict(task))
    yield from (canonical_json(tool.as_function()) for tool in task.tools)


def replays(case: Case) -> Iterator[str]:
    snapshot = case.snapshots.get()
    environment = capture.source_of(snapshot).open()
    yield canonical_json(environment.inventory().names)
    for recording in capture.recordings_of(snapshot):
        yield environment.call(recording.tool, recording.arguments).output
    for tool in (*environment.tools, None):
        for arguments in ({}, {"nothing": "like it"}, {"service": "gate"}, []):
            yield environment.call(tool.name if tool else "unknown", arguments).output


def completions(case: Case) -> Iterator[str]:
    session = workbench.open_session(case, by=make_user("expert"))
    for tool in workbench.tools(session):
        names = list(tool.parameters.get("properties", {}))
        for text in ("", f"{tool.name} ", *(f"{tool.name} {name}=" for name in names)):
            yield from (canonical_json(asdict(found)) for found in workbench.completions(session, text))


def prompts(case: Case) -> Iterator[str]:
    task, source = task_of(case.current), capture.source_of(case.snapshots.get())
    tool = task.tools[0]
    model = ScriptedLLM([calls(tool.name, {"nothing": "like it"}), calls(tool.name, {}), calls("unknown", {})])
    run(LLMAgent(model), task, source.open(), budget=Budget(steps=5))
    assert len(model.asked) > 2
    for request in model.asked:
        yield from (message.content for message in request.messages)
        yield from (canonical_json(asdict(tool)) for tool in request.tools)


def offline_runs(case: Case) -> Iterator[str]:
    transcript = run(OfflineAgent(), task_of(case.current), capture.source_of(case.snapshots.get()).open())
    yield everything_in(transcript)


def everything_in(transcript: Transcript) -> str:
    return canonical_json(asdict(transcript))


SEEN = (tasks, replays, completions, prompts, offline_runs)


def read(place: Path) -> CaseBundle:
    (bundle,) = [item for found in find(place) for item in (found.read() if isinstance(found, Found) else [found])]
    assert isinstance(bundle, CaseBundle), bundle
    return bundle


@pytest.mark.parametrize("source", SOURCES)
def test_canary_of_an_answer_is_found_in_nothing_an_agent_sees(source, tmp_path):
    bundle = read(SOURCES[source](tmp_path))
    assert CANARY in canonical_json(bundle.answer.as_dict()).lower(), "the canary never came in"
    outcome = bring_in(bundle)
    assert outcome.outcome == "created", outcome
    case = Case.objects.get()
    for look in SEEN:
        texts = list(look(case))
        assert texts
        for text in texts:
            assert CANARY not in text.lower(), f"{look.__name__}: {text[:400]}"


@pytest.mark.parametrize("source", SOURCES)
def test_canary_of_an_answer_is_in_no_value_an_agent_is_started_with(source, tmp_path):
    bundle = read(SOURCES[source](tmp_path))
    assert isinstance(bundle.task, Task)
    environment = ReplaySource(bundle.task.tools, bundle.recordings)
    assert CANARY not in canonical_json([asdict(bundle.task), asdict(environment.inventory)]).lower()
