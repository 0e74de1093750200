"""The offline engine knows no case: no name, id, host or sentence of one stands in its source."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

import sandbox.agents.offline
from cases.transcript import Task, ToolSchema
from sandbox.agents.loop import run
from sandbox.agents.offline.agent import OfflineAgent
from sandbox.environment.base import Recording
from sandbox.environment.replay import ReplaySource
from sandbox.lab import starter_library, systems

SOURCE = Path(sandbox.agents.offline.__file__).parent
WORD = re.compile(r"[a-z0-9]+")
GENERAL = {
    "master",
    "node",
    "app",
    "namespace",
    "service",
    "pod",
    "frontend",
}  # Kubernetes' own words for roles and kinds
RUN = 5  # consecutive words that no prompt or expected sentence may share with the source


def source_texts():
    return {path.relative_to(SOURCE).as_posix(): path.read_text().lower() for path in sorted(SOURCE.rglob("*.py"))}


def shingles(text):
    words = WORD.findall(text.lower())
    return {tuple(words[at : at + RUN]) for at in range(len(words) - RUN + 1)}


def names_in_source(names):
    return [
        (path, name)
        for path, text in source_texts().items()
        for name in sorted(names - GENERAL)
        if len(name) > 2 and re.search(rf"(?<![\w-]){re.escape(name.lower())}(?![\w-])", text)
    ]


def sentences_in_source(sentences):
    known = set().union(*(shingles(sentence) for sentence in sentences)) if sentences else set()
    return [
        (path, " ".join(words)) for path, text in source_texts().items() for words in sorted(shingles(text) & known)
    ]


def test_source_holds_no_name_of_the_lab():
    names = {
        name
        for system in systems().values()
        for text in [repr(system)]
        for name in re.findall(r"(?:Service|Node|Database|Cache|MessageQueue|External|System)\(name='([\w.-]+)'", text)
    }
    assert len(names) > 15
    assert names_in_source(names) == []


def test_source_holds_no_sentence_of_the_lab():
    sentences = [
        text for case in starter_library() for text in (case.task.prompt, *case.answer.expected, case.answer.title)
    ]
    assert sentences_in_source(sentences) == []


@pytest.mark.shared
def test_source_holds_nothing_of_recorded_cases(shared):
    names, sentences = set(), []
    for path in sorted((shared / "cases").glob("*/*.json")):
        case = json.loads(path.read_text())
        if not isinstance(case, dict) or "answer" not in case:
            continue
        names.add(case["id"])
        label = case["answer"].get("label") or {}
        for value in label.values() if isinstance(label, dict) else []:
            if isinstance(value, str) and re.fullmatch(r"[a-z]+/[\w.-]+", value):
                names.add(value.split("/", 1)[1])
        for key in ("service", "pod"):
            if isinstance(label, dict) and isinstance(label.get(key), str):
                names.add(label[key])
        sentences += [case.get("prompt") or "", case["answer"].get("title") or ""]
        sentences += [text for text in case["answer"].get("expected") or [] if isinstance(text, str)]
    assert len(names) > 150
    assert (names_in_source(names), sentences_in_source(sentences)) == ([], [])


RECORDED = 12  # cases, spread over the fault classes


def recorded(shared):
    """(task, recordings, fault class, component) of some recorded cases."""
    folder = shared / "cases"
    catalogue = json.loads((folder / "catalogues" / "cloudopsbench.json").read_text())
    tools = tuple(ToolSchema(tool["name"], tool["description"], tool["parameters"]) for tool in catalogue)
    classes = json.loads((folder / "catalogues" / "fault_classes.json").read_text())["cloudopsbench"]
    vocabulary = tuple(name for names in classes.values() for name in names)
    paths = sorted((folder / "cloudopsbench").glob("*.json"))
    for path in paths[:: len(paths) // RECORDED][:RECORDED]:
        case = json.loads(path.read_text())
        recordings = [
            Recording(one["tool"], one["arguments"], one["output"], match=one["match"]) for one in case["recordings"]
        ]
        label = case["answer"]["label"]
        task = Task(case["prompt"], case["context"], tools, vocabulary)
        yield task, recordings, label["root_cause"], label["fault_object"].split("/")[1]


def is_right(task, recordings, fault_class, component):
    causes = run(OfflineAgent(), task, ReplaySource(task.tools, recordings).open()).diagnosis.root_causes
    return bool(causes) and (causes[0].fault_class, causes[0].component) == (fault_class, component)


@pytest.mark.shared
def test_other_names_change_nothing(shared):
    cases = list(recorded(shared))
    names = sorted({component for *_, component in cases} - GENERAL, key=len, reverse=True)
    drawn = {name: f"{chr(98 + at)}ol{chr(99 + at)}ivar" for at, name in enumerate(names)}
    form = re.compile("|".join(map(re.escape, names)))

    def renamed(text):
        return form.sub(lambda found: drawn[found[0]], text)

    before = [is_right(*case) for case in cases]
    after = [
        is_right(
            replace(task, prompt=renamed(task.prompt)),
            [
                Recording(
                    one.tool, json.loads(renamed(json.dumps(one.arguments))), renamed(one.output), match=one.match
                )
                for one in recordings
            ],
            fault_class,
            renamed(component),
        )
        for task, recordings, fault_class, component in cases
    ]
    assert sum(before) > RECORDED / 3
    assert abs(sum(before) - sum(after)) <= 1


@pytest.mark.shared
def test_other_cases_observations_lead_to_other_conclusions(shared):
    cases = list(recorded(shared))
    shifted = [(case[0], other[1], *case[2:]) for case, other in zip(cases, cases[1:] + cases[:1], strict=True)]
    assert sum(is_right(*case) for case in shifted) <= 1
