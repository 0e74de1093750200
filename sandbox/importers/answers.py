"""What each source says is right, as an Answer. For evaluation and people with the right only. No Django here."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from cases.diagnosis import Answer, Cause, Conclusion
from sandbox.importers.reading import ReadError, expect_object, expect_text, expect_texts

_WORKLOAD = ("app", "deployment", "service", "pod")
# kinds of a fault's object -> the other ways to write "kind/name"
_WRITTEN = {
    "app": _WORKLOAD,
    "node": ("node",),
    "namespace": ("namespace",),
    "pvc": ("pvc", "persistentvolumeclaim"),
    "pv": ("pv", "persistentvolume"),
}
_CHECKED_ELSEWHERE = ("root cause category:", "must mention:", "must not mention:")
SHA = 8  # characters of a commit that people cite


def labelled(root_cause: str, fault_object: str, taxonomy: str) -> Answer:
    """A fault class and the object that has it, written kind/name (Cloud-OpsBench)."""
    kind, _, name = fault_object.partition("/") if "/" in fault_object else ("app", "", fault_object)
    written = [f"{way}/{name}" for way in _WRITTEN.get(kind, (kind,))]
    return Answer(
        causes=(Cause(name, root_cause),),
        aliases={name: written},
        category=taxonomy,
        title=f"{root_cause.replace('_', ' ')} on {fault_object}",
    )


def answer_of(catalogue: str, data: dict[str, Any], *, where: str = "answer") -> Answer:
    """The answer of a bundle, by the form its source gives it; raises ReadError naming the field."""
    reader = _READERS.get(catalogue, _stated)
    return reader(data, where)


def _label(data: dict[str, Any], where: str) -> dict[str, Any]:
    return expect_object(data.get("label"), f"{where}.label")


def _cloudopsbench(data: dict[str, Any], where: str) -> Answer:
    label = _label(data, where)
    return labelled(
        *(
            expect_text(label.get(name), f"{where}.label.{name}")
            for name in ("root_cause", "fault_object", "fault_taxonomy")
        )
    )


def _nezha(data: dict[str, Any], where: str) -> Answer:
    label = _label(data, where)
    service, fault = (
        expect_text(label.get(name), f"{where}.label.{name}") for name in ("root_cause_service", "fault_type")
    )
    pod = expect_text(label.get("pod"), f"{where}.label.pod", required=False)
    onset = expect_text(label.get("inject_time"), f"{where}.label.inject_time", required=False)
    return Answer(
        causes=(Cause(service, fault),),
        aliases={service: [f"service/{service}", *([pod, f"pod/{pod}"] if pod else [])]},
        category=fault,
        title=_title(data, where),
        notes=f"Injected at {onset}." if onset else "",
    )


def _opensre(data: dict[str, Any], where: str) -> Answer:
    label = _label(data, where)
    category = expect_text(label.get("root_cause_category"), f"{where}.label.root_cause_category")
    healthy = category == "healthy"
    expected = expect_texts(data.get("expected"), f"{where}.expected")
    return Answer(
        conclusion=Conclusion.NO_FAULT if healthy else Conclusion.ROOT_CAUSE,
        causes=() if healthy else (Cause("", category),),
        expected=tuple(line for line in expected if not line.lower().startswith(_CHECKED_ELSEWHERE)),
        must_mention=expect_texts(label.get("required_keywords"), f"{where}.label.required_keywords"),
        must_not_mention=expect_texts(label.get("forbidden_keywords"), f"{where}.label.forbidden_keywords"),
        category=category,
        title=_title(data, where),
        notes=expect_text(data.get("reference_answer"), f"{where}.reference_answer", required=False),
    )


def _rootcausebench(data: dict[str, Any], where: str) -> Answer:
    """The culprit commit must be named; where there is none, no commit may be blamed."""
    label = _label(data, where)
    commit = expect_text(label.get("root_cause_commit"), f"{where}.label.root_cause_commit")
    service = expect_text(label.get("first_failing_service"), f"{where}.label.first_failing_service")
    decoys = expect_texts(data.get("decoys"), f"{where}.decoys")
    blamed = commit != "none"
    return Answer(
        causes=(Cause(service, ""),),
        must_mention=(commit[:SHA],) if blamed else (),
        must_not_mention=() if blamed else tuple(decoy[:SHA] for decoy in decoys),
        expected=expect_texts(data.get("expected"), f"{where}.expected"),
        category="code change" if blamed else "no cause in the code",
        title=_title(data, where),
        notes=expect_text(data.get("reference_notes"), f"{where}.reference_notes", required=False),
    )


def _stated(data: dict[str, Any], where: str) -> Answer:
    """Statements in free text: a judge or a person decides."""
    expected = expect_texts(data.get("expected"), f"{where}.expected")
    if not expected:
        raise ReadError(f"{where}.expected", "is empty: say in a sentence what a right diagnosis says.")
    return Answer(
        expected=expected,
        category=expect_text(data.get("category"), f"{where}.category", required=False),
        title=_title(data, where),
        notes=expect_text(data.get("reference_notes"), f"{where}.reference_notes", required=False),
    )


def _title(data: dict[str, Any], where: str) -> str:
    return expect_text(data.get("title"), f"{where}.title", required=False)


def vocabulary_in(prompt: str) -> tuple[str, ...]:
    """The fault classes a prompt itself asks to choose from: "... (one of a, b, c)"."""
    asked = re.search(r"\bone of ((?:[a-z0-9_]+, )+(?:or )?[a-z0-9_]+)\)", prompt)
    return tuple(word.removeprefix("or ") for word in asked[1].split(", ")) if asked else ()


_READERS: dict[str, Callable[[dict[str, Any], str], Answer]] = {
    "cloudopsbench": _cloudopsbench,
    "nezha": _nezha,
    "opensre_synthetic": _opensre,
    "rootcausebench": _rootcausebench,
}
