"""Two versions of a case side by side: what it says, what is right, and the paths experts took."""

import json
from dataclasses import dataclass
from typing import Any

from cases.diagnosis import Answer
from cases.differing import Difference, difference
from cases.models import Case, CaseVersion, Session, Step


@dataclass(frozen=True)
class Part:
    name: str
    diff: Difference


def versions_page(case: Case, *, old: int | None, new: int | None) -> dict[str, Any]:
    """The chosen two, the newest and the one before it where none are; parts that are the same in both are named only."""
    versions = {one.number: one for one in case.versions.select_related("created_by").order_by("-number")}
    numbers = list(versions)
    after = versions.get(new) or (versions[numbers[0]] if numbers else None)
    before = versions.get(old) or next((versions[one] for one in numbers if after and one < after.number), after)
    parts = [Part(name, difference(*(write(one) for one in (before, after)))) for name, write in PARTS] if after else []
    return {
        "case": case,
        "versions": list(versions.values()),
        "old": before,
        "new": after,
        "changed": [part for part in parts if not part.diff.same],
        "same": [part.name for part in parts if part.diff.same],
    }


def answer_in_words(answer: Answer | None) -> str:
    """One fact a line, so that a change of one is a change of one line."""
    if answer is None:
        return ""
    lines = [f"Concludes: {answer.conclusion.replace('_', ' ')}"]
    lines += [f"In one sentence: {answer.title}"] if answer.title else []
    lines += [
        f"Accepted cause: {one.component or 'any component'}, {one.fault_class or 'any class'}" for one in answer.causes
    ]
    lines += [f"Category: {answer.category}"] if answer.category else []
    for words, statements in (
        ("Says", answer.expected),
        ("Mentions", answer.must_mention),
        ("Never says", answer.must_not_mention),
    ):
        lines += [f"{words}: {statement}" for statement in statements]
    lines += [f"{name} is also {', '.join(names)}" for name, names in sorted(answer.aliases.items())]
    lines += [f"Intent, {name}: {words}" for name, words in sorted(answer.frame.items())]
    return "\n".join([*lines, *answer.notes.splitlines()])


def _paths(version: CaseVersion) -> str:
    """What experts asked on the way to the answer, on this version or an older one of the same task, one call a line."""
    steps = Step.objects.filter(
        session__version__case=version.case_id,
        session__version__task_digest=version.task_digest,
        session__version__number__lte=version.number,
        session__actor=Session.Actor.EXPERT,
        session__origin=Session.Origin.RECORDED,
        session__state=Session.State.FINISHED,
    ).order_by("session", "index")
    return "\n".join(
        f"{tool} {_json(arguments)}".replace("\n", " ") for tool, arguments in steps.values_list("tool", "arguments")
    )


def _json(value: Any, *, indent: int | None = None) -> str:
    return json.dumps(value, indent=indent, ensure_ascii=False, sort_keys=True)


PARTS = (
    ("What was asked", lambda version: version.prompt),
    ("Answer", lambda version: answer_in_words(version.parsed_answer())),
    ("Paths of experts", _paths),
    ("Context", lambda version: _json(version.context, indent=2) if version.context else ""),
    ("Tools", lambda version: _json(version.tools, indent=2) if version.tools else ""),
    ("Fault classes", lambda version: "\n".join(version.fault_classes)),
)
