"""The offline engine knows no case: no name, id, host or sentence of one stands in its source."""

import json
import re
from pathlib import Path

import pytest

import sandbox.agents.offline
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
