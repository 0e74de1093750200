"""Variants of a case: what a rule must survive to be knowledge, and where it must not answer the same. No Django here.

Those made of texts have the same answer: each changes the recordings, the task and the answer in one consistent
way, so the same call still gets the same facts. A kind that cannot be sound for a case is left out: times in forms
that cannot be moved, logs without harmless lines, a task without an alert. Three kinds want a system that can be run
again, as the lab's can (``sandbox.lab.again``): another load has the same answer; another cause and no fault at all
have another.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from cases.diagnosis import Answer
from cases.parsing import parse_answer
from cases.transcript import Task
from sandbox.environment.base import Recording

RENAME, SHIFT, JITTER, THIN, DECOY, REWORD = "rename", "shift", "jitter", "thin", "decoy", "reword"
SCALE, SWAP, NO_FAULT = "scale", "swap-cause", "no-fault"
ANOTHER_ANSWER = frozenset({SWAP, NO_FAULT})
KINDS = {
    RENAME: "every component has another name",
    SHIFT: "everything happens eleven days and some hours later",
    JITTER: "every measured figure differs by up to one percent",
    THIN: "a third of the harmless log lines are missing",
    DECOY: "healthy components complain of harmless things",
    REWORD: "the alert is told in other words",
    SCALE: "the system has a fifth fewer requests",
    SWAP: "another cause raises the same alert",
    NO_FAULT: "nothing is broken, and somebody asks",
}
WHY_NOT = {  # where a kind is left out, because it would not be sound
    RENAME: "no component has a name that can be told from other words",
    SHIFT: "there are no moments in it, or some in a form that cannot be moved",
    JITTER: "no return holds a measured figure",
    THIN: "there are too few harmless log lines",
    DECOY: "no healthy component logs in a form that a complaint could be added to",
    REWORD: "no alert came with it that could be told in other words",
    SCALE: "only what the lab broke, and still is called what it was, is run again; it must raise an alert then too",
    SWAP: "only what the lab broke, and still is called what it was, is run again; another fault must raise its alert",
    NO_FAULT: "only what the lab broke, and still is called what it was, is run again without its fault",
}
MOVED = timedelta(days=11, hours=3)
LOAD = 0.8  # of the requests a second that a system has
SHARE = 0.01  # of a figure's value
MOMENT = re.compile(r"\b(\d{4}-\d{2}-\d{2})([T ])(\d{2}:\d{2})(:\d{2})?")
OTHER_TIMES = re.compile(r"\b(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]* +\d{1,2}\b|\b\d{4}/\d{2}/\d{2}\b")
EPOCH = re.compile(r"\b(1[4-9]\d{8})(?:\d{3})?\b")  # seconds or milliseconds
NEAR = timedelta(days=2)  # of a moment of the case: a number that far from all of them is no time
FIGURE = re.compile(r"(?<![\w.:-])\d+\.\d+(?![\w.:-]|\.\d)")
LEVEL = re.compile(r"\b(DEBUG|INFO|WARN|WARNING|ERROR|FATAL|CRITICAL)\b")
HARMLESS = re.compile(r"\b(DEBUG|INFO)\b")
ROLE_WORD = re.compile(r"(master|worker|node|control-plane|default|kube)\b")  # a name that says what it is means it
SYLLABLES = (
    "bar",
    "del",
    "fim",
    "gos",
    "har",
    "jun",
    "kel",
    "lor",
    "mip",
    "nad",
    "pol",
    "rus",
    "sab",
    "tev",
    "vud",
    "wex",
)
DECOYS = (
    "configuration refresh took longer than usual, using the last known values",
    "telemetry buffer flushed late",
    "client sent a header that is no longer read",
)


@dataclass(frozen=True)
class Variant:
    """The case in another guise. ``kind`` is one of KINDS."""

    kind: str
    task: Task
    answer: Answer
    recordings: tuple[Recording, ...]


@dataclass(frozen=True)
class _Case:
    task: Task
    answer: Answer
    recordings: tuple[Recording, ...]
    names: tuple[str, ...]

    def mapped(self, kind: str, change: Callable[[str], str], *, outputs_only: bool = False) -> Variant:
        """Every text changed alike: prompt, context, arguments, outputs and answer, or the outputs alone."""
        if outputs_only:
            recordings = tuple(replace(one, output=change(one.output)) for one in self.recordings)
            return Variant(kind, self.task, self.answer, recordings)
        task = replace(self.task, prompt=change(self.task.prompt), context=_inside(self.task.context, change))
        answer = parse_answer(_inside(self.answer.as_dict(), change))
        recordings = tuple(
            replace(one, arguments=_inside(one.arguments, change), output=change(one.output)) for one in self.recordings
        )
        return Variant(kind, task, answer, recordings)


def variants(
    task: Task, answer: Answer, recordings: Iterable[Recording], *, names: Iterable[str] = ()
) -> tuple[Variant, ...]:
    """The variants of a case that are sound for it, one of each kind; the same inputs give the same variants.

    ``names`` are the components that exist, as an inventory has them; the answer's own are always among them.
    """
    own = {cause.component for cause in answer.causes} | set(names)
    case = _Case(task, answer, tuple(recordings), tuple(sorted(own - {""}, key=lambda name: (-len(name), name))))
    return tuple(variant for make in MAKERS.values() if (variant := make(case)) is not None)


def _renamed(case: _Case) -> Variant | None:
    """A bijection of names; one that is part of another's word stays whole."""
    names = [
        name
        for name in case.names
        if len(name) > 3 and re.fullmatch(r"[a-z][a-z0-9.-]*", name) and not ROLE_WORD.match(name)
    ]
    if not names:
        return None
    everything = case.task.prompt + "".join(one.output for one in case.recordings)
    drawn = _drawn_names(names, everything)
    if len(drawn) < len(names):  # no made-up names are left
        return None
    form = re.compile(rf"(?<![\w])({'|'.join(map(re.escape, names))})(?![A-Za-z0-9_])")
    return case.mapped(RENAME, lambda text: form.sub(lambda found: drawn[found[0]], text))


def _drawn_names(names: list[str], taken: str) -> dict[str, str]:
    """Made-up names, as many words as the old ones have, that occur nowhere else."""
    drawn: dict[str, str] = {}
    for name in names:
        for turn in range(1000):
            words = [_word(f"{name}/{turn}/{part}") for part in range(name.count("-") + 1)]
            made = "-".join(words)
            if made not in taken and made not in drawn.values():
                drawn[name] = made
                break
    return drawn


def _word(key: str) -> str:
    digest = hashlib.sha256(key.encode()).digest()
    return "".join(SYLLABLES[byte % len(SYLLABLES)] for byte in digest[:2])


def _shifted(case: _Case) -> Variant | None:
    texts = [case.task.prompt, json.dumps(case.task.context, default=str), *(one.output for one in case.recordings)]
    days = {found[1] for text in texts for found in MOMENT.finditer(text)}
    if not days or any(OTHER_TIMES.search(text) or _has_epochs(text, days) for text in texts):
        return None

    def moved(found: re.Match[str]) -> str:
        try:
            at = datetime.fromisoformat(f"{found[1]}T{found[3]}{found[4] or ''}") + MOVED
        except (ValueError, OverflowError):  # 9999-12-31 stands for never, and stays
            return found[0]
        return at.strftime(f"%Y-%m-%d{found[2]}%H:%M") + (at.strftime(":%S") if found[4] else "")

    return case.mapped(SHIFT, lambda text: MOMENT.sub(moved, text))


def _has_epochs(text: str, days: set[str]) -> bool:
    """Whether a number is a moment of these days, counted in seconds or milliseconds."""
    for found in EPOCH.finditer(text):
        at = datetime.fromtimestamp(int(found[1]), UTC).replace(tzinfo=None)
        if any(abs(at - day) < NEAR for day in map(_midnight, days) if day is not None):
            return True
    return False


def _midnight(day: str) -> datetime | None:
    try:
        return datetime.fromisoformat(day)
    except ValueError:
        return None


def _jittered(case: _Case) -> Variant | None:
    """The same figure becomes the same other figure everywhere, so that two returns still agree."""
    if not any(FIGURE.search(one.output) for one in case.recordings):
        return None

    def other(found: re.Match[str]) -> str:
        digits = len(found[0].partition(".")[2])
        drawn = hashlib.sha256(found[0].encode()).digest()[0] / 255 * 2 - 1
        return f"{float(found[0]) * (1 + SHARE * drawn):.{digits}f}"

    return case.mapped(JITTER, lambda text: FIGURE.sub(other, text), outputs_only=True)


def _thinned(case: _Case) -> Variant | None:
    """A harmless line is missing from every return or from none."""
    harmless = sum(bool(HARMLESS.search(line)) for one in case.recordings for line in one.output.splitlines())
    if harmless < 10:
        return None

    def thinner(text: str) -> str:
        kept = [line for line in text.splitlines(keepends=True) if not (HARMLESS.search(line) and _third(line))]
        return "".join(kept) or text

    return case.mapped(THIN, thinner, outputs_only=True)


def _third(line: str) -> bool:
    return hashlib.sha256(line.strip().encode()).digest()[0] < 85


def _decoyed(case: _Case) -> Variant | None:
    """After a harmless line of a component that is not at fault stands a harmless complaint, in the same form."""
    guilty = {cause.component for cause in case.answer.causes}
    changed = tuple(replace(one, output=_complaining(one, guilty)) for one in case.recordings)
    if changed == case.recordings:
        return None
    return Variant(DECOY, case.task, case.answer, changed)


def _complaining(recording: Recording, guilty: set[str]) -> str:
    named = {str(value) for value in recording.arguments.values() if isinstance(value, str)}
    if not named or any(name in value for name in guilty for value in named):
        return recording.output
    return "".join(_with_decoys(recording.output))


def _with_decoys(text: str) -> Iterator[str]:
    for line in text.splitlines(keepends=True):
        yield line
        level = HARMLESS.search(line)
        if level and _third(line) and MOMENT.search(line[: level.start()]):
            words = DECOYS[len(line) % len(DECOYS)]
            yield f"{line[: level.start()]}WARN{' ' if len(level[0]) == 4 else '  '}{words}\n"


def _reworded(case: _Case) -> Variant | None:
    """What the alert itself says, in another frame."""
    alert = case.task.context.get("alert")
    annotations = alert.get("annotations") if isinstance(alert, dict) else None
    summary = annotations.get("summary") if isinstance(annotations, dict) else None
    if not isinstance(summary, str) or not summary.strip():
        return None
    labels = alert.get("labels") or {}
    where = labels.get("service") or labels.get("component") or ""
    since = f" It began at {alert['startsAt']}." if alert.get("startsAt") else ""
    told = f"Somebody was woken up: {summary.strip().rstrip('.')}{f' (on {where})' if where else ''}.{since}"
    prompt = f"{told} What is broken, and which part of {case.task.system or 'the system'} is to blame?"
    return Variant(REWORD, replace(case.task, prompt=prompt), case.answer, case.recordings)


MAKERS: dict[str, Callable[[_Case], Variant | None]] = {
    RENAME: _renamed,
    SHIFT: _shifted,
    JITTER: _jittered,
    THIN: _thinned,
    DECOY: _decoyed,
    REWORD: _reworded,
}


def _inside(value, change: Callable[[str], str]):
    """Every text inside a JSON value changed, keys that are names as well."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {change(key): _inside(item, change) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_inside(item, change) for item in value]
    return value
